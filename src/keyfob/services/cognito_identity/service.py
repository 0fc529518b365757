"""Identity pools: what the operations work with, and the operation table.

Sources of the rows: the service model (which operations take no signature) and the Service
Authorization Reference, "Amazon Cognito Identity" (which actions have the pool as resource).
"""

from concurrent.futures import Executor
from dataclasses import dataclass

from keyfob.authz.operation import Auth, Call, Handler, Operation
from keyfob.core.arn import identity_pool_arn
from keyfob.core.ids import Randomness, Region
from keyfob.services.cognito_identity.operations import (
    credentials,
    identities,
    open_id,
    pools,
    roles,
)
from keyfob.services.cognito_identity.ports import (
    CredentialIssuer,
    LoginVerifier,
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
    executor: Executor
    """Where OpenID tokens are signed."""


async def _pool_resource(_service: object, call: Call) -> tuple[str, ...]:
    """Name the pool of the input; its region is the id's prefix."""
    pool_id: str = call.params["IdentityPoolId"]
    return (identity_pool_arn(Region(pool_id.partition(":")[0]), call.account, pool_id),)


def _on_pool(
    name: str, handler: Handler[CognitoIdentityService]
) -> Operation[CognitoIdentityService]:
    return Operation(
        name, Auth.SIGV4, handler, f"cognito-identity:{name}", resources=_pool_resource
    )


def _on_any(
    name: str, handler: Handler[CognitoIdentityService]
) -> Operation[CognitoIdentityService]:
    return Operation(name, Auth.SIGV4, handler, f"cognito-identity:{name}")


def _public(
    name: str, handler: Handler[CognitoIdentityService]
) -> Operation[CognitoIdentityService]:
    return Operation(name, Auth.PUBLIC, handler)


OPERATIONS: tuple[Operation[CognitoIdentityService], ...] = (
    _on_any("CreateIdentityPool", pools.create_identity_pool),
    _on_pool("DescribeIdentityPool", pools.describe_identity_pool),
    _on_pool("UpdateIdentityPool", pools.update_identity_pool),
    _on_pool("DeleteIdentityPool", pools.delete_identity_pool),
    _on_any("ListIdentityPools", pools.list_identity_pools),
    _on_pool("SetIdentityPoolRoles", roles.set_identity_pool_roles),
    _on_pool("GetIdentityPoolRoles", roles.get_identity_pool_roles),
    _on_pool("SetPrincipalTagAttributeMap", roles.set_principal_tag_attribute_map),
    _on_pool("GetPrincipalTagAttributeMap", roles.get_principal_tag_attribute_map),
    _public("GetId", credentials.get_id),
    _public("GetCredentialsForIdentity", credentials.get_credentials_for_identity),
    _public("GetOpenIdToken", open_id.get_open_id_token),
    _public("UnlinkIdentity", identities.unlink_identity),
    _on_any("DescribeIdentity", identities.describe_identity),
    _on_pool("ListIdentities", identities.list_identities),
    _on_any("DeleteIdentities", identities.delete_identities),
)
"""Every operation that is real; the rest of the model answers that it is not implemented."""
