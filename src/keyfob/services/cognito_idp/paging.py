"""Page tokens: where the next page begins, sealed so that only tokens handed out come back."""

from keyfob.services.cognito_idp import errors
from keyfob.tokens.errors import SealError
from keyfob.tokens.sealed import Sealer


def seal_page(sealer: Sealer, listing: str, next_after: str | None) -> str | None:
    """Return the token of the next page; None when this was the last.

    Args:
        sealer: the service's.
        listing: what is listed, for instance `clients us-east-1_AbC`; a token serves no other.
        next_after: key after which the next page begins.
    """
    return (
        None
        if next_after is None
        else sealer.seal("page token", f"{listing}\0{next_after}".encode())
    )


def open_page(sealer: Sealer, listing: str, token: str | None) -> str | None:
    """Return the key after which a page begins; None for the first page.

    Raises:
        AwsError: the token was not handed out for this listing.
    """
    if token is None:
        return None
    try:
        head, _, after = sealer.open("page token", token).decode().partition("\0")
    except SealError:
        raise errors.bad_page_token() from None
    if head != listing:
        raise errors.bad_page_token()
    return after
