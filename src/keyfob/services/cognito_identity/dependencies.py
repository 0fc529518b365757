"""What the operations of identity pools work with."""

from dataclasses import dataclass

from keyfob.core.ids import Randomness
from keyfob.services.cognito_identity.ports import (
    CredentialIssuer,
    IssuerKeys,
    LoginVerifier,
    OidcProviderLookup,
    OpenIdKeys,
    PassRoleCheck,
)
from keyfob.store.ports.identities import IdentityStore
from keyfob.store.ports.identity_pools import IdentityPoolStore


@dataclass(frozen=True)
class CognitoIdentityService:
    """The dependencies of identity pools."""

    pools: IdentityPoolStore
    identities: IdentityStore
    logins: LoginVerifier
    issuer: CredentialIssuer
    pass_role: PassRoleCheck
    open_id_keys: OpenIdKeys
    randomness: Randomness
    oidc_providers: OidcProviderLookup
    issuer_keys: IssuerKeys
