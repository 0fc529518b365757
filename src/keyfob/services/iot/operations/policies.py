"""Policies: CreatePolicy, GetPolicy, ListPolicies, DeletePolicy."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import iot_arn
from keyfob.core.ids import AccountId, Region, new_uuid
from keyfob.services.iot import errors
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.domain.documents import require_iot_document
from keyfob.services.iot.paging import page_limit, page_start, render_page
from keyfob.store.ports.iot_policies import (
    IotPolicyAttachedError,
    IotPolicyExistsError,
    IotPolicyNotFoundError,
    IotPolicyRecord,
    IotPolicyVersion,
)


async def create_policy(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a policy with its first version; an equal one of the same name is refused too."""
    name, document = request.params["policyName"], request.params["policyDocument"]
    require_iot_document(document)
    record = IotPolicyRecord(
        account=request.account,
        region=request.region,
        name=name,
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
        default_number=1,
        last_number=1,
        versions=(IotPolicyVersion(1, document, request.now_s),),
        generation_id=new_uuid(service.randomness),
        tags={tag["Key"]: tag.get("Value", "") for tag in request.params.get("tags", ())},
    )
    arn = policy_arn(request.account, request.region, name)
    try:
        await service.policies.add(record)
    except IotPolicyExistsError:
        raise errors.policy_exists(name, arn) from None
    return {
        "policyName": name,
        "policyArn": arn,
        "policyDocument": document,
        "policyVersionId": "1",
    }


async def get_policy(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a policy with the document in force."""
    record = await find_policy(service, request)
    return {
        "policyName": record.name,
        "policyArn": policy_arn(record.account, record.region, record.name),
        "policyDocument": record.default_version.document,
        "defaultVersionId": str(record.default_number),
        "creationDate": record.created_at_s,
        "lastModifiedDate": record.modified_at_s,
        "generationId": record.generation_id,
    }


async def list_policies(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of the account's policies in the region."""
    params = request.params
    page = await service.policies.page(
        request.account,
        request.region,
        after=page_start("policies", params),
        limit=page_limit(params),
        is_ascending=params.get("ascendingOrder", True),
    )
    policies = [render_policy(request, name) for name in page.items]
    return {"policies": policies, **render_page("policies", page.next_after)}


async def delete_policy(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a policy that is attached to nothing and has no version but the default."""
    name = request.params["policyName"]

    def require(record: IotPolicyRecord) -> None:
        if len(record.versions) > 1:
            raise errors.policy_has_versions(name)

    try:
        await service.policies.delete(request.account, request.region, name, require)
    except IotPolicyNotFoundError:
        raise errors.policy_not_found(name) from None
    except IotPolicyAttachedError:
        raise errors.policy_attached(name) from None
    return {}


async def find_policy(service: IotService, request: AuthorizedRequest) -> IotPolicyRecord:
    """Return the policy a request names.

    Raises:
        AwsError: `ResourceNotFoundException`.
    """
    name = request.params["policyName"]
    record = await service.policies.get(request.account, request.region, name)
    if record is None:
        raise errors.policy_not_found(name)
    return record


def policy_arn(account: AccountId, region: Region, name: str) -> str:
    """Return a policy's ARN."""
    return iot_arn(region, account, f"policy/{name}")


def render_policy(request: AuthorizedRequest, name: str) -> dict[str, str]:
    """Return a policy as listings name it."""
    return {"policyName": name, "policyArn": policy_arn(request.account, request.region, name)}
