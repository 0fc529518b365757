"""Authorization codes: good once, for five minutes, for the client they were made for.

They are kept in memory: a code that was under way when the server stopped is worth nothing, and its
browser is sent round again.

Source: Cognito Developer Guide, "Authorize endpoint" (documented): five minutes, a UUID; RFC 6749,
4.1.2: who uses a code twice ends what was made with it.
"""

from dataclasses import dataclass, field

from keyfob.core.errors import KeyfobError

LIFETIME_S = 300.0
MAX_CODES = 100_000
"""Codes remembered at once, used ones among them; more are refused rather than forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a code stands for."""

    pool_id: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    """PKCE challenge (S256); empty: none."""
    sub: str
    epoch: int
    """The user's when the code was made."""
    auth_time_s: int
    origin_jti: str
    """What its tokens will have, so that they can be revoked."""


class CodeUsedError(KeyfobError):
    """A code came a second time."""

    def __init__(self, authorization: Authorization) -> None:
        """Carry what the code stood for."""
        super().__init__("the code was used before")
        self.authorization = authorization


class TooManyCodesError(KeyfobError):
    """No more codes can be remembered."""


@dataclass(slots=True)
class _Entry:
    authorization: Authorization
    expires_at_s: float
    is_used: bool = False


@dataclass(slots=True)
class CodeBook:
    """The codes that are under way."""

    max_codes: int = MAX_CODES
    _entries: dict[str, _Entry] = field(default_factory=dict)

    def add(self, code: str, authorization: Authorization, now_s: float) -> None:
        """Remember a new code.

        Raises:
            TooManyCodesError: there are too many.
        """
        self._forget_expired(now_s)
        if len(self._entries) >= self.max_codes:
            raise TooManyCodesError
        self._entries[code] = _Entry(authorization, now_s + LIFETIME_S)

    def take(self, code: str, client_id: str, now_s: float) -> Authorization | None:
        """Return what a code stands for; from then on it is used, whatever becomes of it.

        None where it is unknown, expired or another client's, who must not be able to spoil it.

        Raises:
            CodeUsedError: it was taken before.
        """
        entry = self._entries.get(code)
        if entry is None or now_s >= entry.expires_at_s:
            return None
        if entry.authorization.client_id != client_id:
            return None
        if entry.is_used:
            raise CodeUsedError(entry.authorization)
        entry.is_used = True
        return entry.authorization

    def _forget_expired(self, now_s: float) -> None:
        """Forget from the front: all live equally long, so the oldest come first."""
        while self._entries:
            code = next(iter(self._entries))
            if now_s < self._entries[code].expires_at_s:
                return
            del self._entries[code]
