"""Pages of IAM's listings: `MaxItems` and `Marker` in, `IsTruncated` and `Marker` out."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from keyfob.authz.operation import Params
from keyfob.core.ids import AccountId
from keyfob.core.marker import MarkerError, build_marker, parse_marker
from keyfob.services.iam import errors
from keyfob.store.ports.page import Page

DEFAULT_PAGE = 100
"""Items of a page when the caller does not say; IAM API Reference (documented)."""

T = TypeVar("T")


def page_start(listing: str, params: Params) -> str | None:
    """Return the key after which the requested page begins.

    Raises:
        AwsError: `ValidationError` for a marker of something else.
    """
    marker: str = params.get("Marker", "")
    try:
        return parse_marker(listing, marker or None)
    except MarkerError:
        raise errors.invalid_marker(marker) from None


def page_limit(params: Params) -> int:
    """Return how many items a page may have."""
    return int(params.get("MaxItems", DEFAULT_PAGE))


def render_page(listing: str, next_after: str | None) -> dict[str, Any]:
    """Return the members that say whether there is more."""
    if next_after is None:
        return {"IsTruncated": False}
    return {"IsTruncated": True, "Marker": build_marker(listing, next_after)}


def cut_page(
    listing: str, params: Params, items: Iterable[T], key: Callable[[T], str]
) -> tuple[list[T], dict[str, Any]]:
    """Cut one page out of items that are all at hand.

    Args:
        listing: what is listed; markers of other listings are refused.
        params: the request's.
        items: in any order.
        key: what they are ordered by, unique.

    Returns:
        The page's items, and the members that say whether there is more.
    """
    after, limit = page_start(listing, params), page_limit(params)
    rest = sorted((item for item in items if after is None or key(item) > after), key=key)
    page = rest[:limit]
    return page, render_page(listing, key(page[-1]) if len(rest) > limit else None)


class Listing(Protocol[T]):
    """A store that lists what it has."""

    async def page(self, account: AccountId, *, after: str | None, limit: int) -> Page[T]:
        """Return records in key order."""
        ...


async def read_all(store: Listing[T], account: AccountId) -> list[T]:
    """Return all records of a kind, for the operations that have no pages."""
    records: list[T] = []
    after: str | None = None
    while True:
        page = await store.page(account, after=after, limit=DEFAULT_PAGE)
        records += page.items
        if page.next_after is None:
            return records
        after = page.next_after
