"""DescribeIdentity, ListIdentities, DeleteIdentities, UnlinkIdentity."""

from collections.abc import Mapping, Sequence
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.linking import unlink
from keyfob.services.cognito_identity.domain.logins import verify_logins
from keyfob.services.cognito_identity.domain.pages import parse_page_token, render_page_token
from keyfob.services.cognito_identity.operations.ownership import require_identity, require_pool
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution


async def describe_identity(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show an identity and the providers of its logins."""
    identity, _ = await require_identity(service, request.params["IdentityId"], request.account)
    return _render(identity)


async def list_identities(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List a pool's identities, the disabled ones unless they are hidden."""
    pool = await require_pool(service, request.params["IdentityPoolId"], request.account)
    limit: int = request.params["MaxResults"]
    found = await service.identities.page(
        pool.pool_id,
        after=parse_page_token(request.params.get("NextToken")),
        limit=limit + 1,
        has_disabled=not request.params.get("HideDisabled", False),
    )
    page = found[:limit]
    output: dict[str, Any] = {
        "IdentityPoolId": pool.pool_id,
        "Identities": [_render(identity) for identity in page],
    }
    if len(found) > limit:
        output["NextToken"] = render_page_token(page[-1].identity_id)
    return output


async def delete_identities(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete identities; their sessions end at once.

    All are deleted in one transaction, and a caller that goes away meanwhile changes nothing
    about it. Another account's identity is reported as `AccessDenied`; one that does not exist is
    as good as deleted (inferred).
    """
    mine: list[str] = []
    unprocessed: list[dict[str, str]] = []
    for identity_id in dict.fromkeys(request.params["IdentityIdsToDelete"]):
        identity = await service.identities.get(identity_id)
        pool = None if identity is None else await service.pools.get(identity.pool_id)
        if pool is not None and pool.account != request.account:
            unprocessed.append({"IdentityId": identity_id, "ErrorCode": "AccessDenied"})
        elif identity is not None:
            mine.append(identity_id)
    await service.identities.delete(mine)
    return {"UnprocessedIdentityIds": unprocessed}


async def unlink_identity(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take logins from an identity for who proves one of its logins; its sessions are told."""
    named, pool = await require_identity(service, request.params["IdentityId"])
    verified = await verify_logins(service, pool, request.params["Logins"], request.now_s)
    logins = [login.login for login in verified]

    def decide(
        found: IdentityRecord | None, _holders: Sequence[IdentityRecord]
    ) -> IdentityResolution:
        if found is None:
            raise errors.identity_not_found(named.identity_id)
        return unlink(found, logins, request.params["LoginsToRemove"], request.now_s)

    await service.identities.resolve(pool.pool_id, named.identity_id, logins, decide)
    return {}


def _render(identity: IdentityRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "IdentityId": identity.identity_id,
        "CreationDate": identity.created_at_s,
        "LastModifiedDate": identity.last_modified_at_s,
    }
    if identity.logins:
        shown["Logins"] = list(dict.fromkeys(login.provider for login in identity.logins))
    return shown
