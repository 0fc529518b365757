"""Versions of policies: Create, Get, List, SetDefault, Delete."""

from collections.abc import Callable, Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_uuid
from keyfob.services.iot import errors
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.domain.documents import require_iot_document
from keyfob.services.iot.domain.versions import (
    add_version,
    choose_default,
    remove_version,
    require_version,
)
from keyfob.services.iot.operations.policies import find_policy, policy_arn
from keyfob.store.ports.iot_policies import IotPolicyNotFoundError, IotPolicyRecord


async def create_policy_version(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Add a version, and put it in force when asked."""
    document = request.params["policyDocument"]
    is_default = request.params.get("setAsDefault", False)
    require_iot_document(document)
    generation_id = new_uuid(service.randomness)
    record = await _update(
        service,
        request,
        lambda policy: add_version(
            policy, document, request.now_s, generation_id, is_default=is_default
        ),
    )
    return {
        "policyArn": policy_arn(record.account, record.region, record.name),
        "policyDocument": document,
        "policyVersionId": str(record.last_number),
        "isDefaultVersion": is_default,
    }


async def get_policy_version(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a version with its document."""
    record = await find_policy(service, request)
    version = require_version(record, request.params["policyVersionId"])
    return {
        "policyArn": policy_arn(record.account, record.region, record.name),
        "policyName": record.name,
        "policyDocument": version.document,
        "policyVersionId": str(version.number),
        "isDefaultVersion": version.number == record.default_number,
        "creationDate": version.created_at_s,
        "lastModifiedDate": version.created_at_s,
        "generationId": record.generation_id,
    }


async def list_policy_versions(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return all versions, the newest first."""
    record = await find_policy(service, request)
    versions = [
        {
            "versionId": str(version.number),
            "isDefaultVersion": version.number == record.default_number,
            "createDate": version.created_at_s,
        }
        for version in reversed(record.versions)
    ]
    return {"policyVersions": versions}


async def set_default_policy_version(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Put a version in force."""
    version_id, generation_id = request.params["policyVersionId"], new_uuid(service.randomness)
    await _update(
        service,
        request,
        lambda policy: choose_default(policy, version_id, request.now_s, generation_id),
    )
    return {}


async def delete_policy_version(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a version that is not in force."""
    version_id, generation_id = request.params["policyVersionId"], new_uuid(service.randomness)
    await _update(
        service,
        request,
        lambda policy: remove_version(policy, version_id, request.now_s, generation_id),
    )
    return {}


async def _update(
    service: IotService,
    request: AuthorizedRequest,
    change: Callable[[IotPolicyRecord], IotPolicyRecord],
) -> IotPolicyRecord:
    name = request.params["policyName"]
    try:
        return await service.policies.update(request.account, request.region, name, change)
    except IotPolicyNotFoundError:
        raise errors.policy_not_found(name) from None
