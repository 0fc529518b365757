"""The policy simulator: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysFor..."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keyfob.authz.operation import AuthorizedRequest, Call, Params
from keyfob.core.arn import ArnError, parse_arn
from keyfob.policy import PolicyKind, RequestContext
from keyfob.services.iam import errors
from keyfob.services.iam.aws_managed import is_aws_managed
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.positions import Position
from keyfob.services.iam.domain.simulation import (
    EvalDecision,
    MatchedStatement,
    Simulation,
    SourcePolicy,
    SourceType,
    Verdict,
    find_missing_keys,
    read_policy,
    require_action,
)
from keyfob.services.iam.operations.managed_policies import find_policy
from keyfob.services.iam.paging import cut_page
from keyfob.store.ports.iam_entities import EntityStore, IamEntity, IamPrincipal
from keyfob.store.ports.iam_users import UserRecord

_NOT_SUPPORTED = (
    "OrderedOrganizationPolicyInputList",
    "PolicyExclusionList",
    "ResourceHandlingOption",
)
"""They would change the answer; organisations and EC2 scenarios do not exist here."""

_STRICTEST = (EvalDecision.EXPLICIT_DENY, EvalDecision.IMPLICIT_DENY, EvalDecision.ALLOWED)


async def simulated_principal(_service: IamService, call: Call) -> tuple[str, ...]:
    """Return the user, group or role that a call simulates: its resource."""
    return (call.params["PolicySourceArn"],)


async def simulate_custom_policy(
    _service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Judge actions by policies that come with the request."""
    params = request.params
    boundaries = params.get("PermissionsBoundaryPolicyInputList", ())
    simulation = _build(params, _read_inputs(params), _read_boundary(boundaries), "")
    return _simulate(simulation, params, {})


async def simulate_principal_policy(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Judge actions by the policies of a user, group or role, and further ones."""
    params = request.params
    record = await _find_source(service, request)
    identity = (*await _policies_of(service, request, record), *_read_inputs(params))
    boundary = _read_boundary(params.get("PermissionsBoundaryPolicyInputList", ()))
    if boundary is None and isinstance(record, IamPrincipal) and record.boundary_arn is not None:
        boundary = await _read_managed(service, request, record.boundary_arn)
    simulation = _build(params, identity, boundary, record.arn)
    return _simulate(simulation, params, _keys_of_caller(record))


async def get_context_keys_for_custom_policy(
    _service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return the condition keys that the given policies look at."""
    return {"ContextKeyNames": list(find_missing_keys(_read_inputs(request.params)))}


async def get_context_keys_for_principal_policy(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return the condition keys that a principal's policies, and further ones, look at."""
    record = await _find_source(service, request)
    policies = (*await _policies_of(service, request, record), *_read_inputs(request.params))
    return {"ContextKeyNames": list(find_missing_keys(policies))}


# What is simulated


async def _find_source(service: IamService, request: AuthorizedRequest) -> IamEntity:
    """Return the entity whose policies are meant.

    Raises:
        AwsError: `InvalidInput` for an ARN of something else, `NoSuchEntity`.
    """
    arn = request.params["PolicySourceArn"]
    try:
        parsed = parse_arn(arn)
    except ArnError:
        raise errors.not_a_policy_source(arn) from None
    word, _, path = parsed.resource.partition("/")
    stores: dict[str, EntityStore[Any]] = {
        "user": service.users,
        "role": service.roles,
        "group": service.groups,
    }
    store = stores.get(word)
    if store is None or parsed.service != "iam" or parsed.account != request.account:
        raise errors.not_a_policy_source(arn)
    name = path.rpartition("/")[2]
    record: IamEntity | None = await store.get(request.account, name)
    if record is None or record.arn != arn:
        raise errors.entity_not_found(word, name)
    return record


async def _policies_of(
    service: IamService, request: AuthorizedRequest, record: IamEntity
) -> tuple[SourcePolicy, ...]:
    """Return an entity's policies, for a user those of its groups too."""
    holders: list[IamEntity] = [record]
    if isinstance(record, UserRecord):
        holders += await service.groups.groups_of(request.account, record.name)
    found: dict[str, SourcePolicy] = {}
    for holder in holders:
        word = parse_arn(holder.arn).resource.partition("/")[0]
        for name, document in holder.inline.items():
            policy_id = f"{word}_{holder.name}_{name}"
            found[policy_id] = read_policy(policy_id, _SOURCE_TYPES[word], document)
        for arn in holder.attached:
            found[arn] = await _read_managed(service, request, arn)
    return tuple(found.values())


_SOURCE_TYPES: Mapping[str, SourceType] = {"user": "user", "group": "group", "role": "role"}


async def _read_managed(service: IamService, request: AuthorizedRequest, arn: str) -> SourcePolicy:
    record = await find_policy(service, arn, request.account)
    source_type: SourceType = "aws-managed" if is_aws_managed(arn) else "user-managed"
    document = record.default_version.document
    return read_policy(record.name, source_type, document, unique_name=arn)


def _read_inputs(params: Params) -> tuple[SourcePolicy, ...]:
    return tuple(
        read_policy(f"PolicyInputList.{number}", "none", document)
        for number, document in enumerate(params.get("PolicyInputList", ()), 1)
    )


def _read_boundary(documents: Sequence[str]) -> SourcePolicy | None:
    if not documents:
        return None
    if len(documents) > 1:
        raise errors.simulation_input_not_supported("A second permissions boundary")
    return read_policy("PermissionsBoundaryPolicyInputList.1", "none", documents[0])


def _build(
    params: Params,
    identity: tuple[SourcePolicy, ...],
    boundary: SourcePolicy | None,
    source_arn: str,
) -> Simulation:
    for member in _NOT_SUPPORTED:
        if params.get(member):
            raise errors.simulation_input_not_supported(member)
    caller_arn = params.get("CallerArn", source_arn)
    resource = None
    if "ResourcePolicy" in params:
        if not caller_arn:
            raise errors.caller_arn_needed()
        document = params["ResourcePolicy"]
        resource = read_policy("ResourcePolicy", "resource", document, PolicyKind.RESOURCE)
    caller_account = _account_of(caller_arn)
    owner = params.get("ResourceOwner")
    return Simulation(
        identity=identity,
        boundary=boundary,
        resource=resource,
        caller_arn=caller_arn,
        caller_account=caller_account,
        owner_account=caller_account if owner is None else _account_of(owner),
    )


def _account_of(arn: str) -> str:
    if not arn:
        return ""
    try:
        return parse_arn(arn).account
    except ArnError:
        raise errors.not_a_policy_source(arn) from None


def _keys_of_caller(record: IamEntity) -> dict[str, tuple[str, ...]]:
    """Return the keys that the simulated principal itself gives; the request's come on top."""
    keys: dict[str, tuple[str, ...]] = {"aws:PrincipalArn": (record.arn,)}
    if isinstance(record, UserRecord):
        keys |= {"aws:username": (record.name,), "aws:userid": (record.unique_id,)}
    if isinstance(record, IamPrincipal):
        keys |= {f"aws:PrincipalTag/{key}": (value,) for key, value in record.tags.items()}
    return keys


# The answer


def _simulate(
    simulation: Simulation, params: Params, caller_keys: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Any]:
    given = {
        entry["ContextKeyName"]: tuple(entry.get("ContextKeyValues", ()))
        for entry in params.get("ContextEntries", ())
        if "ContextKeyName" in entry
    }
    context = RequestContext(caller_keys).overlay(given)
    actions = list(enumerate(require_action(name) for name in params["ActionNames"]))
    page, more = cut_page("simulation", params, actions, key=lambda one: f"{one[0]:09}")
    resources = params.get("ResourceArns") or ("*",)
    results = [
        _render_action(
            action, [simulation.judge(action, resource, context) for resource in resources]
        )
        for _, action in page
    ]
    return {"EvaluationResults": results, **more}


def _render_action(action: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the result for an action: the strictest of its resources, and each by itself."""
    decision = _strictest(verdict.decision for verdict in verdicts)
    deciding = [verdict for verdict in verdicts if verdict.decision is decision]
    rendered: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": decision.value,
        "MatchedStatements": _render_statements(
            dict.fromkeys(one for verdict in deciding for one in verdict.matched)
        ),
        "MissingContextValues": sorted({key for one in verdicts for key in one.missing_keys}),
    }
    within = [one.is_within_boundary for one in verdicts if one.is_within_boundary is not None]
    if within:
        rendered["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": all(within)
        }
    by_type = [verdict.by_type for verdict in verdicts if verdict.by_type]
    if by_type:
        rendered["EvalDecisionDetails"] = {
            name: _strictest(each[name] for each in by_type).value for name in by_type[0]
        }
    if [verdict.resource for verdict in verdicts] != ["*"]:
        rendered["ResourceSpecificResults"] = [_render_resource(verdict) for verdict in verdicts]
    return rendered


def _render_resource(verdict: Verdict) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "EvalResourceName": verdict.resource,
        "EvalResourceDecision": verdict.decision.value,
        "MatchedStatements": _render_statements(verdict.matched),
        "MissingContextValues": list(verdict.missing_keys),
    }
    if verdict.is_within_boundary is not None:
        rendered["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": verdict.is_within_boundary
        }
    if verdict.by_type:
        rendered["EvalDecisionDetails"] = {
            name: decision.value for name, decision in verdict.by_type.items()
        }
    return rendered


def _strictest(decisions: Iterable[EvalDecision]) -> EvalDecision:
    found = set(decisions)
    return next(one for one in _STRICTEST if one in found)


def _render_statements(matched: Iterable[MatchedStatement]) -> list[dict[str, Any]]:
    return [
        {
            "SourcePolicyId": one.policy.policy_id,
            "SourcePolicyType": one.policy.type,
            "StartPosition": _render_position(one.span.start),
            "EndPosition": _render_position(one.span.end),
        }
        for one in matched
    ]


def _render_position(position: Position) -> dict[str, int]:
    return {"Line": position.line, "Column": position.column}
