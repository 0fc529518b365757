"""Attachments: AttachPolicy, DetachPolicy and their listings, and the older principal pairs.

The older four (`AttachPrincipalPolicy` and so on) are deprecated in the model and still work;
they name the target `principal`.
"""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest, Params
from keyfob.services.iot import errors
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.domain.targets import MAX_POLICIES, require_target
from keyfob.services.iot.operations.policies import find_policy, render_policy
from keyfob.services.iot.paging import page_limit, page_start, render_page
from keyfob.store.ports.iot_policies import IotPolicyNotFoundError, TooManyIotPoliciesError
from keyfob.store.ports.page import Page


async def attach_policy(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Attach a policy to a target that exists; nothing happens when it is attached already."""
    name, target = request.params["policyName"], target_of(request.params)
    require_target(target, request.account, request.region)
    if not await service.targets.exists(request.account, request.region, target):
        raise errors.target_not_found(target)
    try:
        await service.policies.attach(
            request.account, request.region, name, target, limit=MAX_POLICIES
        )
    except IotPolicyNotFoundError:
        raise errors.policy_not_found(name) from None
    except TooManyIotPoliciesError:
        raise errors.too_many_policies(MAX_POLICIES) from None
    return {}


async def detach_policy(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Detach a policy; the target need not exist any more, nor the attachment.

    The model has no error for a policy that does not exist (documented), so that is no error.
    """
    name, target = request.params["policyName"], target_of(request.params)
    require_target(target, request.account, request.region)
    await service.policies.detach(request.account, request.region, name, target)
    return {}


async def detach_principal_policy(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Detach a policy; unlike `DetachPolicy` it refuses a policy that does not exist."""
    await find_policy(service, request)
    return await detach_policy(service, request)


async def list_attached_policies(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of a target's policies.

    `recursive` adds the policies of parent groups; identities have none.
    """
    return await _list_policies(service, request, is_ascending=True)


async def list_principal_policies(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of a principal's policies, in either order."""
    is_ascending = request.params.get("ascendingOrder", True)
    return await _list_policies(service, request, is_ascending=is_ascending)


async def list_targets_for_policy(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of what a policy is attached to."""
    page = await _targets_page(service, request, is_ascending=True)
    return {"targets": list(page.items), **render_page("targets", page.next_after)}


async def list_policy_principals(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of what a policy is attached to, in either order."""
    is_ascending = request.params.get("ascendingOrder", True)
    page = await _targets_page(service, request, is_ascending=is_ascending)
    return {"principals": list(page.items), **render_page("targets", page.next_after)}


def target_of(params: Params) -> str:
    """Return the target a request names, whichever member holds it."""
    target: str = params["target"] if "target" in params else params["principal"]
    return target


async def _list_policies(
    service: IotService, request: AuthorizedRequest, *, is_ascending: bool
) -> Mapping[str, Any]:
    target = target_of(request.params)
    require_target(target, request.account, request.region)
    after, limit = page_start("attached", request.params), page_limit(request.params)
    records = await service.policies.attached(request.account, request.region, target)
    names = [record.name for record in (records if is_ascending else reversed(records))]
    if after is not None:
        names = [name for name in names if (name > after) == is_ascending and name != after]
    page = names[:limit]
    more = render_page("attached", page[-1] if len(names) > limit else None)
    return {"policies": [render_policy(request, name) for name in page], **more}


async def _targets_page(
    service: IotService, request: AuthorizedRequest, *, is_ascending: bool
) -> Page[str]:
    record = await find_policy(service, request)
    return await service.policies.targets(
        request.account,
        request.region,
        record.name,
        after=page_start("targets", request.params),
        limit=page_limit(request.params),
        is_ascending=is_ascending,
    )
