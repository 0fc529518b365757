"""Where a browser may be sent: to addresses that the client registered, letter for letter.

Source: Cognito Developer Guide, "Authorize endpoint" and "Logout endpoint" (documented): absolute,
no fragment, https but for this machine; other schemes belong to applications.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from keyfob.store.ports.user_pools import ClientRecord

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_RUNNABLE = frozenset({"javascript", "data", "vbscript", "blob", "file", "about"})
"""Schemes that a browser would run or show instead of handing them to an application."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_AUTHORITY = re.compile(r"[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A registered address, and what every answer sent there carries."""

    uri: str
    state: str | None
    """What the application sent along, returned as it is."""
    in_fragment: bool
    """Whether answers go behind `#`, where servers do not see them (implicit grant)."""

    def location(self, answer: Mapping[str, str]) -> str:
        """Return the address with an answer and the state added."""
        parameters = dict(answer)
        if self.state is not None:
            parameters["state"] = self.state
        uri = as_location(self.uri)
        if self.in_fragment:
            return f"{uri}#{urlencode(parameters)}"
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"


def is_registered(client: ClientRecord, setting: str, uri: str) -> bool:
    """Return whether a client registered an address, and it is one to send a browser to.

    Args:
        client: the client.
        setting: `CallbackURLs` or `LogoutURLs`.
        uri: the address; compared letter for letter.
    """
    return uri in client.settings.get(setting, ()) and _is_usable(uri)


def as_location(uri: str) -> str:
    """Return an address as a header field takes it: in ASCII."""
    return quote(uri, safe="%/:=&?~#+!$,;'@()*[]")


def form_source(uri: str) -> str | None:
    """Return the `form-action` source for an address, None where it has none.

    A browser follows the redirect that answers a form only to what the page's policy names.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else None
    if _AUTHORITY.fullmatch(parts.netloc) is None:
        return None
    return f"{parts.scheme}://{parts.netloc}"


def _is_usable(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return False
    if not parts.scheme or "#" in uri or parts.scheme in _RUNNABLE:
        return False
    if parts.scheme == "http":
        return host in _LOOPBACK
    return parts.scheme != "https" or bool(host)
