"""What a sign-in carries between requests, sealed: challenges under way and refresh tokens.

Nothing of it is in the database. A challenge that must not be answered twice is remembered in
memory until it would have expired; refresh tokens die by the user's epoch, or by a revocation of
their `origin_jti`.
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
_PASSWORD = "new password challenge"  # noqa: S105 - a purpose
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


class PasswordChallenge(msgspec.Struct, frozen=True, array_like=True):
    """A NEW_PASSWORD_REQUIRED challenge that was put; the content of Session."""

    challenge_id: str
    pool_id: str
    client_id: str
    sub: str
    password_set_at_s: float
    """Which temporary password was given."""
    expires_at_s: float


class RefreshToken(msgspec.Struct, frozen=True, array_like=True):
    """What a refresh token says."""

    pool_id: str
    client_id: str
    sub: str
    origin_jti: str
    auth_time_s: int
    epoch: int
    expires_at_s: float


FactsT = TypeVar("FactsT", SrpChallenge, PasswordChallenge, RefreshToken)


class SessionSealer:
    """Seals and opens these values."""

    def __init__(self, sealer: Sealer) -> None:
        """Seal with `sealer`."""
        self._sealer = sealer

    def seal_srp(self, challenge: SrpChallenge) -> str:
        """Return SECRET_BLOCK: standard base64, as clients decode it."""
        blob = self._sealer.encrypt(_SRP, msgspec.msgpack.encode(challenge))
        return base64.b64encode(blob).decode()

    def open_srp(self, secret_block: str) -> SrpChallenge:
        """Return what `seal_srp` was given.

        Raises:
            AwsError: it is not ours.
        """
        try:
            blob = base64.b64decode(secret_block, validate=True)
            return msgspec.msgpack.decode(self._sealer.decrypt(_SRP, blob), type=SrpChallenge)
        except (binascii.Error, ValueError, SealError):
            raise errors.invalid_session() from None

    def seal_password(self, challenge: PasswordChallenge) -> str:
        """Return Session."""
        return self._sealer.seal(_PASSWORD, msgspec.msgpack.encode(challenge))

    def open_password(self, session: str) -> PasswordChallenge:
        """Return what `seal_password` was given.

        Raises:
            AwsError: it is not ours.
        """
        return self._open(_PASSWORD, session, PasswordChallenge, errors.invalid_session)

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
