"""What a sign-in carries between requests, sealed: challenges under way and refresh tokens.

Nothing of it is in the database. A challenge that must not be answered twice is remembered in
memory until it would have expired; so that a restart does not forget, challenges are bound to the
run of the server that put them, and those under way begin anew after it. Refresh tokens live on;
they die by the user's epoch, or by a revocation of their `origin_jti`.
"""

import base64
import binascii
from collections.abc import Callable
from typing import TypeVar

import msgspec

from keyfob.core.errors import AwsError
from keyfob.services.cognito_idp import errors
from keyfob.tokens.errors import SealError
from keyfob.tokens.sealed import Sealer

MAX_REMEMBERED = 100_000
"""Answered challenges remembered at once; more are refused rather than forgotten."""

_SRP = "srp challenge"
_STEP = "sign-in step"
_REFRESH = "refresh token"


class SrpChallenge(msgspec.Struct, frozen=True, array_like=True):
    """A PASSWORD_VERIFIER challenge that was put; the content of SECRET_BLOCK."""

    challenge_id: str
    pool_id: str
    client_id: str
    sub: str
    """The user's key; empty: there is no such user, and no answer will do."""
    username: str
    """`USER_ID_FOR_SRP`."""
    expires_at_s: float
    client_public: bytes
    server_private: bytes
    server_public: bytes
    device_key: str = ""
    """The device whose secret is to be proven; empty: the user's password is."""
    custom_session: str = ""
    """Id of the custom sign-in this is a round of; without its session no answer will do."""


class Round(msgspec.Struct, frozen=True, array_like=True):
    """One round of a custom sign-in."""

    name: str
    is_passed: bool
    metadata: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A challenge that was put; the content of Session."""

    name: str
    """A `ChallengeNameType`, or what a setup has reached."""
    challenge_id: str
    pool_id: str
    client_id: str
    sub: str
    """The user's key; empty: there is no such user, and no answer will do."""
    username: str
    expires_at_s: float
    password_set_at_s: float = 0.0
    """Which temporary password was given."""
    code_digest: bytes = b""
    """Keyed digest of the code that was sent."""
    software_secret: str = ""
    """The secret of an authenticator application that is being set up."""
    is_set_up: bool = False
    """A second factor was set up in this sign-in."""
    choices: tuple[str, ...] = ()
    """What a SELECT challenge offers."""
    has_first_factor: bool = False
    rounds: tuple[Round, ...] = ()
    private: dict[str, str] = {}
    """What a custom challenge's answer is checked against."""
    metadata: str | None = None


class RefreshToken(msgspec.Struct, frozen=True, array_like=True):
    """What a refresh token says."""

    pool_id: str
    client_id: str
    sub: str
    origin_jti: str
    auth_time_s: int
    epoch: int
    expires_at_s: float
    token_id: str = ""
    """Tells the tokens of a rotation apart."""
    device_key: str = ""
    scope: str = ""
    """Scopes that were granted by OAuth 2.0, separated by blanks; empty: the API's own."""


FactsT = TypeVar("FactsT", Step, RefreshToken)


class SessionSealer:
    """Seals and opens these values."""

    def __init__(self, sealer: Sealer, run_id: str) -> None:
        """Seal with `sealer`; challenges open in the run of the server called `run_id` alone."""
        self._sealer = sealer
        self._run_id = run_id

    def seal_srp(self, challenge: SrpChallenge) -> str:
        """Return SECRET_BLOCK: standard base64, as clients decode it."""
        blob = self._sealer.encrypt(_SRP, msgspec.msgpack.encode(challenge), self._run_id)
        return base64.b64encode(blob).decode()

    def open_srp(self, secret_block: str) -> SrpChallenge:
        """Return what `seal_srp` was given.

        Raises:
            AwsError: it is not ours.
        """
        try:
            blob = base64.b64decode(secret_block, validate=True)
            opened = self._sealer.decrypt(_SRP, blob, self._run_id)
            return msgspec.msgpack.decode(opened, type=SrpChallenge)
        except (binascii.Error, ValueError, SealError):
            raise errors.invalid_session() from None

    def seal_step(self, step: Step) -> str:
        """Return Session."""
        return self._sealer.seal(f"{_STEP} {self._run_id}", msgspec.msgpack.encode(step))

    def open_step(self, session: str) -> Step:
        """Return what `seal_step` was given.

        Raises:
            AwsError: it is not of this run.
        """
        return self._open(f"{_STEP} {self._run_id}", session, Step, errors.invalid_session)

    def seal_refresh(self, token: RefreshToken) -> str:
        """Return a refresh token."""
        return self._sealer.seal(_REFRESH, msgspec.msgpack.encode(token))

    def open_refresh(self, text: str) -> RefreshToken:
        """Return what a refresh token says.

        Raises:
            AwsError: it is not ours.
        """
        return self._open(_REFRESH, text, RefreshToken, errors.invalid_refresh_token)

    def find_refresh(self, text: str) -> RefreshToken | None:
        """Return what a refresh token says, None for a text that is not ours."""
        try:
            return self.open_refresh(text)
        except AwsError:
            return None

    def _open(
        self, purpose: str, text: str, kind: type[FactsT], refusal: Callable[[], AwsError]
    ) -> FactsT:
        try:
            return msgspec.msgpack.decode(self._sealer.open(purpose, text), type=kind)
        except (SealError, msgspec.DecodeError):
            raise refusal() from None


class UsedChallenges:
    """Remembers answered challenges until they expire."""

    def __init__(self, max_remembered: int = MAX_REMEMBERED) -> None:
        """Remember at most `max_remembered` at once."""
        self._max_remembered = max_remembered
        self._expiries: dict[str, float] = {}

    def use(self, challenge_id: str, expires_at_s: float, now_s: float) -> None:
        """Note that a challenge was answered.

        Raises:
            AwsError: it expired, was answered before, or too many are remembered.
        """
        if now_s >= expires_at_s:
            raise errors.expired_session()
        if challenge_id in self._expiries:
            raise errors.used_session()
        if len(self._expiries) >= self._max_remembered:
            self._expiries = {key: end for key, end in self._expiries.items() if end > now_s}
            if len(self._expiries) >= self._max_remembered:
                raise AwsError("TooManyRequestsException", "Rate exceeded")
        self._expiries[challenge_id] = expires_at_s
