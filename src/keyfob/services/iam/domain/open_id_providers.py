"""What an OpenID Connect provider may be registered with.

Source: IAM API Reference, `CreateOpenIDConnectProvider`; IAM User Guide, `reference_iam-quotas`
(documented).
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from keyfob.services.iam import errors

MAX_CLIENT_IDS = 100
MAX_THUMBPRINTS = 5

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{40}")
_ISSUER = re.compile(r"[\x21-\x7e]+")


def parse_issuer(url: str) -> str:
    """Return an issuer without its scheme: `https://idp.example/realm` is `idp.example/realm`.

    A slash at the end is dropped.

    Raises:
        AwsError: `ValidationError` for anything but an HTTPS URL without user, query and fragment.
    """
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
    except ValueError:
        raise errors.invalid_open_id_url() from None
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme != "https" or not has_host or not is_plain or not _ISSUER.fullmatch(url):
        raise errors.invalid_open_id_url()
    return url.partition("://")[2].rstrip("/?#")


def parse_client_ids(client_ids: Iterable[str]) -> tuple[str, ...]:
    """Return audiences without repetition.

    Raises:
        AwsError: `LimitExceeded` for more than 100.
    """
    unique = tuple(dict.fromkeys(client_ids))
    if len(unique) > MAX_CLIENT_IDS:
        raise errors.quota_exceeded("ClientIdsPerOpenIdConnectProvider", MAX_CLIENT_IDS)
    return unique


def add_client_id(client_ids: tuple[str, ...], client_id: str) -> tuple[str, ...]:
    """Return audiences with one more.

    Raises:
        AwsError: `LimitExceeded`.
    """
    return parse_client_ids((*client_ids, client_id))


def parse_thumbprints(thumbprints: Sequence[str]) -> tuple[str, ...]:
    """Return thumbprints in lower case.

    Raises:
        AwsError: `InvalidInput` for more than five, or for what is not hexadecimal.
    """
    if len(thumbprints) > MAX_THUMBPRINTS:
        raise errors.too_many_thumbprints()
    for thumbprint in thumbprints:
        if not _HEXADECIMAL.fullmatch(thumbprint):
            raise errors.invalid_thumbprint(thumbprint)
    return tuple(thumbprint.lower() for thumbprint in thumbprints)
