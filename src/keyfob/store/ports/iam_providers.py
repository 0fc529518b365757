"""Identity providers registered in IAM, as they are kept."""

from typing import Protocol

from keyfob.store.ports.iam_resources import IamResource, ResourceStore


class OpenIdProviderRecord(IamResource, frozen=True, kw_only=True):
    """One OpenID Connect provider; its name is the issuer without `https://`."""

    client_ids: tuple[str, ...] = ()
    """Audiences its tokens may name."""
    thumbprints: tuple[str, ...] = ()
    """SHA-1 thumbprints of its certificate authorities, in hexadecimal digits."""


class SamlProviderRecord(IamResource, frozen=True, kw_only=True):
    """One SAML provider."""

    uuid: str
    """Upper-case letters and digits, part of what assertions may be addressed to."""
    metadata: str
    """XML, as it was written."""
    valid_until_s: float


class OpenIdProviderStore(ResourceStore[OpenIdProviderRecord], Protocol):
    """The OpenID Connect providers of every account."""


class SamlProviderStore(ResourceStore[SamlProviderRecord], Protocol):
    """The SAML providers of every account."""
