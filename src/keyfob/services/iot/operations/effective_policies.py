"""What IoT policies do to a principal: GetEffectivePolicies, TestAuthorization."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iot import errors
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.domain.judgement import (
    AuthDecision,
    TestedPolicy,
    compile_record,
    find_missing_keys,
    judge,
)
from keyfob.services.iot.domain.targets import is_arn, require_target
from keyfob.services.iot.operations.policies import render_policy
from keyfob.store.ports.iot_policies import IotPolicyRecord


async def get_effective_policies(
    service: IotService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return the policies in force for a principal, with their documents.

    An identity pool by itself has none: policies attach to identities.
    """
    thing = request.params.get("thingName")
    if thing is not None:
        raise errors.things_unknown(thing)
    policies = [
        {**render_policy(request, record.name), "policyDocument": record.default_version.document}
        for record in await _policies_of_principal(service, request)
    ]
    return {"effectivePolicies": policies}


async def test_authorization(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return what a principal's IoT policies say to each of some actions."""
    params = request.params
    added = params.get("policyNamesToAdd", ())
    if not added and "principal" not in params and "cognitoIdentityPoolId" not in params:
        raise errors.principal_or_pool_needed()
    records = {record.name: record for record in await _policies_of_principal(service, request)}
    for name in params.get("policyNamesToSkip", ()):
        records.pop(name, None)
    for name in added:
        record = await service.policies.get(request.account, request.region, name)
        if record is None:
            raise errors.policy_not_found(name)
        records[name] = record
    policies = [compile_record(records[name]) for name in sorted(records)]
    keys = _context_keys(request)
    results = [_render_result(request, policies, info, keys) for info in params["authInfos"]]
    return {"authResults": results}


async def _policies_of_principal(
    service: IotService, request: AuthorizedRequest
) -> tuple[IotPolicyRecord, ...]:
    """Return the policies of the principal a request names, if it names one.

    Raises:
        AwsError: `InvalidRequestException`, `ResourceNotFoundException`.
    """
    principal = request.params.get("principal")
    if principal is None:
        return ()
    require_target(principal, request.account, request.region)
    if not await service.targets.exists(request.account, request.region, principal):
        raise errors.target_not_found(principal)
    return await service.policies.attached(request.account, request.region, principal)


def _context_keys(request: AuthorizedRequest) -> dict[str, tuple[str, ...]]:
    """Return the condition keys that the request's members give."""
    params = request.params
    keys: dict[str, tuple[str, ...]] = {}
    if "clientId" in params:
        keys["iot:ClientId"] = (params["clientId"],)
    if "cognitoIdentityPoolId" in params:
        keys["cognito-identity.amazonaws.com:aud"] = (params["cognitoIdentityPoolId"],)
    principal = params.get("principal")
    if principal is not None and not is_arn(principal):
        keys["cognito-identity.amazonaws.com:sub"] = (principal,)
    return keys


def _render_result(
    request: AuthorizedRequest,
    policies: list[TestedPolicy],
    info: Mapping[str, Any],
    keys: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    decision, alone = judge(policies, info["actionType"], info["resources"], keys)
    named = {
        kind: {"policies": [render_policy(request, name) for name in names]}
        for kind, names in alone.items()
    }
    return {
        "authInfo": info,
        "allowed": named[AuthDecision.ALLOWED],
        "denied": {
            "implicitDeny": named[AuthDecision.IMPLICIT_DENY],
            "explicitDeny": named[AuthDecision.EXPLICIT_DENY],
        },
        "authDecision": decision.value,
        "missingContextValues": find_missing_keys(policies, keys),
    }
