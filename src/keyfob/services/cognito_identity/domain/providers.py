"""Which tokens a pool accepts under a key of `Logins`: by whom, for whom, and how verified.

Source: Cognito Developer Guide, `external-identity-providers` (the provider names; documented).
Google's two issuer texts are documented by Google, Apple's and Facebook's (Limited Login) by
theirs. Login with Amazon, Twitter and Facebook's classic login hand out opaque access tokens that
only the provider itself can check, and SAML sends assertions: those are no tokens that can be
verified here, and are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keyfob.services.cognito_identity.ports import OidcProviderLookup
from keyfob.store.ports.identity_pools import IdentityPoolRecord

SOCIAL_ISSUERS: Mapping[str, tuple[str, ...]] = {
    "accounts.google.com": ("https://accounts.google.com", "accounts.google.com"),
    "appleid.apple.com": ("https://appleid.apple.com",),
    "graph.facebook.com": ("https://www.facebook.com",),
    "www.amazon.com": (),
    "api.twitter.com": (),
    "www.digits.com": (),
}
"""`iss` by provider name; empty where the provider's tokens are opaque."""

OWN_PROVIDER = "cognito-identity.amazonaws.com"
"""Key of tokens that `GetOpenIdTokenForDeveloperIdentity` gave."""

RESERVED_NAMES = frozenset({*SOCIAL_ISSUERS, OWN_PROVIDER})
"""Names that a developer provider may not have: logins of the two would be the same."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """What a pool accepts from one provider."""

    provider: str
    """Key of the `Logins` map."""
    issuers: tuple[str, ...]
    """`iss`, any of them."""
    audiences: Mapping[str, bool] = field(default_factory=dict)
    """Whether the server-side token check is on, by client id."""
    is_user_pool: bool = False
    arn: str | None = None
    """IAM provider, under whose ARN role mappings and tag maps may be kept too."""


async def find_source(
    pool: IdentityPoolRecord, provider: str, oidc: OidcProviderLookup
) -> TokenSource | None:
    """Return what the pool accepts from a provider; None where it does not list it."""
    entries = [entry for entry in pool.cognito_providers if entry.provider_name == provider]
    if entries:
        checks = {entry.client_id: entry.has_server_side_token_check for entry in entries}
        return TokenSource(provider, (f"https://{provider}",), checks, is_user_pool=True)
    app_id = pool.supported_login_providers.get(provider)
    if app_id is not None:
        return TokenSource(provider, SOCIAL_ISSUERS.get(provider, ()), {app_id: False})
    for provider_arn in pool.oidc_provider_arns:
        found = await oidc.find(provider_arn)
        if found is not None and found.url == provider:
            clients = dict.fromkeys(found.client_ids, False)
            return TokenSource(provider, (f"https://{provider}",), clients, arn=provider_arn)
    return None
