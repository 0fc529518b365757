"""Pages of IoT's listings: `pageSize` and `marker` in, `nextMarker` out."""

from typing import Any

from keyfob.authz.operation import Params
from keyfob.core.marker import MarkerError, build_marker, parse_marker
from keyfob.services.iot import errors

DEFAULT_PAGE = 250
"""Items of a page when the caller does not say: the model's maximum (inferred)."""


def page_start(listing: str, params: Params) -> str | None:
    """Return the key after which the requested page begins.

    Raises:
        AwsError: `InvalidRequestException` for a marker of something else.
    """
    try:
        return parse_marker(listing, params.get("marker"))
    except MarkerError:
        raise errors.invalid_marker() from None


def page_limit(params: Params) -> int:
    """Return how many items a page may have."""
    return int(params.get("pageSize", DEFAULT_PAGE))


def render_page(listing: str, next_after: str | None) -> dict[str, Any]:
    """Return the member that says where the next page begins, if there is one."""
    return {} if next_after is None else {"nextMarker": build_marker(listing, next_after)}
