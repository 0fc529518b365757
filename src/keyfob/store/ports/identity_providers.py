"""Identity providers that users of a pool may come from."""

from msgspec import Struct


class IdentityProviderRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An identity provider."""

    pool_id: str
    name: str
    kind: str
    """`SAML`, `OIDC`, `Google`, `Facebook`, `LoginWithAmazon` or `SignInWithApple`."""
    details_encrypted: bytes
    """`ProviderDetails` under the keyring: client secrets are among them."""
    attribute_mapping: dict[str, str] = {}
    """Provider's attribute by user pool attribute."""
    identifiers: tuple[str, ...] = ()
    created_at_s: float
    modified_at_s: float
