"""Identity pools: what the operations work with, and the operation table.

Sources of the rows: the service model (which operations take no signature) and the Service
Authorization Reference, "Amazon Cognito Identity" (which actions have the pool as resource).
"""

from collections.abc import Mapping

from keyfob.authz.operation import (
    Auth,
    Call,
    ContextBuilder,
    Handler,
    Operation,
    ResourceBuilder,
    any_resource,
    no_context,
)
from keyfob.core.arn import identity_pool_arn
from keyfob.core.ids import Region
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.operations import (
    credentials,
    developers,
    identities,
    open_id,
    pools,
    roles,
    tags,
)


async def _pool_resource(_service: object, call: Call) -> tuple[str, ...]:
    """Name the pool of the input; its region is the id's prefix."""
    pool_id: str = call.params["IdentityPoolId"]
    return (identity_pool_arn(Region(pool_id.partition(":")[0]), call.account, pool_id),)


async def _tagged_resource(_service: object, call: Call) -> tuple[str, ...]:
    return (call.params["ResourceArn"],)


async def _pool_tags(service: CognitoIdentityService, call: Call) -> dict[str, tuple[str, ...]]:
    """Return the tags that the pool has now: `aws:ResourceTag/...`."""
    pool_id = call.params.get("IdentityPoolId")
    if pool_id is None:
        pool_id = call.params["ResourceArn"].rpartition("/")[2]
    pool = await service.pools.get(pool_id)
    if pool is None or pool.account != call.account:
        return {}
    return {f"aws:ResourceTag/{key}": (value,) for key, value in pool.tags.items()}


async def _sent_tags(service: CognitoIdentityService, call: Call) -> dict[str, tuple[str, ...]]:
    """Return the tags of the input: `aws:RequestTag/...` and `aws:TagKeys`; and the pool's."""
    params = call.params
    sent: Mapping[str, str] = params.get("Tags") or params.get("IdentityPoolTags") or {}
    keys: dict[str, tuple[str, ...]] = {
        f"aws:RequestTag/{key}": (value,) for key, value in sent.items()
    }
    names = tuple(sent) or tuple(params.get("TagKeys", ()))
    if names:
        keys["aws:TagKeys"] = names
    is_new = "ResourceArn" not in params and "IdentityPoolId" not in params
    return keys if is_new else {**keys, **await _pool_tags(service, call)}


_Row = Operation[CognitoIdentityService]
_Handler = Handler[CognitoIdentityService]


def _signed(
    name: str,
    handler: _Handler,
    resources: ResourceBuilder[CognitoIdentityService],
    context: ContextBuilder[CognitoIdentityService],
) -> _Row:
    action = f"cognito-identity:{name}"
    return Operation(name, Auth.SIGV4, handler, action, resources=resources, context=context)


def _on_pool(name: str, handler: _Handler) -> _Row:
    return _signed(name, handler, _pool_resource, _pool_tags)


def _on_tags(name: str, handler: _Handler) -> _Row:
    return _signed(name, handler, _tagged_resource, _sent_tags)


def _on_any(name: str, handler: _Handler) -> _Row:
    return _signed(name, handler, any_resource, no_context)


def _public(name: str, handler: _Handler) -> _Row:
    return Operation(name, Auth.PUBLIC, handler)


OPERATIONS: tuple[Operation[CognitoIdentityService], ...] = (
    _signed("CreateIdentityPool", pools.create_identity_pool, any_resource, _sent_tags),
    _on_pool("DescribeIdentityPool", pools.describe_identity_pool),
    _signed("UpdateIdentityPool", pools.update_identity_pool, _pool_resource, _sent_tags),
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
    _on_pool(
        "GetOpenIdTokenForDeveloperIdentity", developers.get_open_id_token_for_developer_identity
    ),
    _on_pool("LookupDeveloperIdentity", developers.lookup_developer_identity),
    _on_pool("MergeDeveloperIdentities", developers.merge_developer_identities),
    _on_pool("UnlinkDeveloperIdentity", developers.unlink_developer_identity),
    _on_tags("TagResource", tags.tag_resource),
    _on_tags("UntagResource", tags.untag_resource),
    _on_tags("ListTagsForResource", tags.list_tags_for_resource),
)
"""Every operation of the model."""
