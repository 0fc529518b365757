"""SetIdentityPoolRoles, SetPrincipalTagAttributeMap and what shows them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.configuration import (
    mapped_roles,
    read_role_mappings,
    render_role_mappings,
    render_tag_map,
)
from keyfob.services.cognito_identity.operations.ownership import require_pool
from keyfob.store.ports.identity_pools import PrincipalTagMap

PASSED_TO = "cognito-identity.amazonaws.com"
"""`iam:PassedToService` of the roles that a pool is given."""


async def set_identity_pool_roles(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace a pool's roles and role mappings; the caller needs `iam:PassRole` on each role."""
    pool_id: str = request.params["IdentityPoolId"]
    await require_pool(service, pool_id, request.account)
    roles = dict(request.params["Roles"])
    mappings = read_role_mappings(request.params)
    for role_arn in mapped_roles(roles, mappings):
        await service.pass_role.require_pass_role(request.call, role_arn, PASSED_TO)
    pool = await service.pools.update(
        pool_id,
        lambda pool: msgspec.structs.replace(pool, roles=roles, role_mappings=mappings),
    )
    if pool is None:
        raise errors.pool_not_found(pool_id)
    return {}


async def get_identity_pool_roles(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a pool's roles and role mappings."""
    pool = await require_pool(service, request.params["IdentityPoolId"], request.account)
    output: dict[str, Any] = {"IdentityPoolId": pool.pool_id, "Roles": pool.roles}
    if pool.role_mappings:
        output["RoleMappings"] = render_role_mappings(pool.role_mappings)
    return output


async def set_principal_tag_attribute_map(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace which claims of a provider become principal tags."""
    pool_id: str = request.params["IdentityPoolId"]
    provider: str = request.params["IdentityProviderName"]
    await require_pool(service, pool_id, request.account)
    tag_map = PrincipalTagMap(
        request.params.get("UseDefaults", False), dict(request.params.get("PrincipalTags", {}))
    )
    pool = await service.pools.update(
        pool_id,
        lambda pool: msgspec.structs.replace(
            pool, principal_tag_maps={**pool.principal_tag_maps, provider: tag_map}
        ),
    )
    if pool is None:
        raise errors.pool_not_found(pool_id)
    return render_tag_map(pool, provider, tag_map)


async def get_principal_tag_attribute_map(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show which claims of a provider become principal tags."""
    provider: str = request.params["IdentityProviderName"]
    pool = await require_pool(service, request.params["IdentityPoolId"], request.account)
    tag_map = pool.principal_tag_maps.get(provider)
    if tag_map is None:
        raise errors.tag_map_not_found(provider)
    return render_tag_map(pool, provider, tag_map)
