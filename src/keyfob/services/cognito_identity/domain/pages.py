"""Page tokens: where a listing goes on, as an opaque text that is checked when it comes back."""

import base64
import binascii
import re

from keyfob.services.cognito_identity import errors

_ID = re.compile(r"[\w-]+:[0-9a-f-]+", re.ASCII)


def render_page_token(last_id: str) -> str:
    """Return the token for what follows `last_id`."""
    return base64.urlsafe_b64encode(last_id.encode()).decode()


def parse_page_token(token: str | None) -> str:
    """Return the id a listing goes on after; empty for the first page.

    Raises:
        AwsError: `InvalidParameterException`, the token was not given out here.
    """
    if token is None:
        return ""
    try:
        last_id = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise errors.invalid_page_token() from None
    if _ID.fullmatch(last_id) is None:
        raise errors.invalid_page_token()
    return last_id


def render_position(position: int) -> str:
    """Return the token for what follows the first `position` entries of a short list."""
    return base64.urlsafe_b64encode(b"%d" % position).decode()


def parse_position(token: str | None) -> int:
    """Return how many entries were shown already; 0 for the first page.

    Raises:
        AwsError: `InvalidParameterException`, the token was not given out here.
    """
    if token is None:
        return 0
    try:
        text = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError):
        raise errors.invalid_page_token() from None
    if not text.isdigit() or len(text) > 4:
        raise errors.invalid_page_token()
    return int(text)
