"""Codes of authenticator applications: RFC 6238, SHA-1, six digits, thirty seconds."""

import base64
import hmac

import pyotp

from keyfob.core.ids import Randomness

STEP_S = 30
SECRET_BYTES = 32

DRIFT_STEPS = 1
"""Steps that an application's clock may be off either way; RFC 6238, 5.2."""


def new_secret(randomness: Randomness) -> str:
    """Return a shared secret as base32 text."""
    return base64.b32encode(randomness.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def find_step(secret: str, code: str, now_s: float) -> int | None:
    """Return the time step whose code was typed, None if it is none around now."""
    application = pyotp.TOTP(secret, interval=STEP_S)
    now_step = int(now_s) // STEP_S
    found = None
    for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
        if hmac.compare_digest(application.generate_otp(step).encode(), code.encode()):
            found = step
    return found
