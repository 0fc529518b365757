"""Keys that other issuers publish: found by OpenID Connect discovery, remembered, replaced.

Theory. An issuer's key set is fetched when it is first needed and kept for `KEPT_S`. A token with
a key id that the set lacks is how a rotation shows, so the set is fetched again then, but at most
once in `RETRY_S`: who sends made-up key ids gets no request out of us. Whoever asks while a fetch
is under way waits for that one. A set that cannot be fetched any more is used until `STALE_S`.

Source: OpenID Connect Discovery 1.0, sections 4 and 10.1.1 of Core (documented).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from keyfob.core.clock import Clock
from keyfob.tokens.errors import KeysUnavailableError, MalformedTokenError
from keyfob.tokens.jwks import KeySet, parse_jwks

KEPT_S = 3_600.0
RETRY_S = 30.0
STALE_S = 86_400.0
MAX_ISSUERS = 1_000
"""Issuers remembered; the one that was asked for longest ago goes first."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DISCOVERY = "/.well-known/openid-configuration"

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns what a URL answers with status 200; raises `OSError` for anything else."""


class _Configuration(msgspec.Struct, frozen=True):
    """What is read of a discovery document."""

    issuer: str
    jwks_uri: str


@dataclass(slots=True)
class _Known:
    """One issuer."""

    keys: KeySet = field(default_factory=dict)
    fetched_at_s: float | None = None
    tried_at_s: float | None = None
    problem: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """Finds the keys of issuers."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        """Get documents with `fetch`."""
        self._fetch = fetch
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def public_keys(self, issuer: str, kid: str | None = None) -> KeySet:
        """Return the keys an issuer publishes.

        Args:
            issuer: the `iss` of its tokens.
            kid: the key that is wanted, if the token names one.

        Raises:
            KeysUnavailableError: the issuer is no URL that may be asked, or has no usable answer.
        """
        if not may_ask(issuer):
            raise KeysUnavailableError(issuer, "it is no https URL")
        known = self._remember(issuer)
        async with known.lock:
            if self._is_due(known, kid):
                await self._refresh(issuer, known)
        now_s = self._clock.now()
        if known.fetched_at_s is None or now_s - known.fetched_at_s > STALE_S:
            raise KeysUnavailableError(issuer, known.problem)
        return known.keys

    def _remember(self, issuer: str) -> _Known:
        known = self._known.setdefault(issuer, _Known())
        self._known.move_to_end(issuer)
        if len(self._known) > MAX_ISSUERS:
            self._known.popitem(last=False)
        return known

    def _is_due(self, known: _Known, kid: str | None) -> bool:
        now_s = self._clock.now()
        if known.tried_at_s is not None and now_s - known.tried_at_s < RETRY_S:
            return False
        if known.fetched_at_s is None or now_s - known.fetched_at_s >= KEPT_S:
            return True
        return kid is not None and kid not in known.keys

    async def _refresh(self, issuer: str, known: _Known) -> None:
        known.tried_at_s = self._clock.now()
        try:
            known.keys = await self._discover(issuer)
        except (OSError, msgspec.DecodeError, MalformedTokenError, ValueError) as error:
            known.problem = str(error)[:200] or type(error).__name__
        else:
            known.fetched_at_s = known.tried_at_s

    async def _discover(self, issuer: str) -> KeySet:
        text = await self._fetch(issuer.rstrip("/") + _DISCOVERY)
        configuration = msgspec.json.decode(text, type=_Configuration)
        if configuration.issuer != issuer:
            raise ValueError("the discovery document is another issuer's")
        if not may_ask(configuration.jwks_uri):
            raise ValueError("jwks_uri is no https URL")
        document = msgspec.json.decode(
            await self._fetch(configuration.jwks_uri), type=dict[str, object]
        )
        return parse_jwks(document)


def may_ask(url: str) -> bool:
    """Return whether a URL is https, or http on this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
