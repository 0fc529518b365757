"""Page markers: where the next page of a listing begins, as a text the caller hands back.

A marker is the base64 of `<listing>:<last key>`, so one listing's marker is refused by
another. It grants nothing: every page is authorised anew, and a forged marker merely starts
the same listing elsewhere.
"""

import base64
import binascii

from keyfob.core.errors import KeyfobError


class MarkerError(KeyfobError):
    """A text is not a marker of this listing."""


def build_marker(listing: str, last_key: str) -> str:
    """Return the marker of the page after `last_key`; `listing` holds no colon."""
    return base64.b64encode(f"{listing}:{last_key}".encode()).decode()


def parse_marker(listing: str, marker: str | None) -> str | None:
    """Return the key after which the page begins; None for the first page.

    Raises:
        MarkerError: the text is no marker, or one of another listing.
    """
    if marker is None:
        return None
    try:
        name, separator, key = base64.b64decode(marker, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        raise MarkerError("not a marker") from None
    if name != listing or not separator:
        raise MarkerError(f"not a marker of {listing}")
    return key
