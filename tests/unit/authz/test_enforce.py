"""The HTTP enforcement point: each kind of authentication both ways, and who builds requests."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import ACCOUNT, DENY_ALL, IDENTITY, REGION, ROLE, allow, iot, policy
from tests.unit.authz.sources import NOW_S, Sources, World, generous, identity_policies

import keyfob
from keyfob.authz.enforce import USER_SCOPE, enforce
from keyfob.authz.errors import OperationRowError
from keyfob.authz.operation import (
    Auth,
    AuthorizedRequest,
    Call,
    Operation,
    UnauthorizedConstructionError,
    any_resource,
    no_context,
)
from keyfob.authz.principal import Principal
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId

SIGNING: list[Principal] = [
    actors.root(),
    actors.iam_user(),
    actors.role_session(),
    actors.guest(),
    actors.cognito(),
]
OTHERS: list[Principal] = [
    actors.signed_in_user(USER_SCOPE),
    actors.listener_client(),
    actors.anonymous(),
]


async def handle(_service: object, _request: AuthorizedRequest) -> Mapping[str, Any]:
    return {}


async def target(_service: object, call: Call) -> tuple[str, ...]:
    return tuple(call.params["resources"])


def operation(auth: Auth, action: str = "iot:AttachPolicy", **more: Any) -> Operation[object]:
    return Operation("AttachPolicy", auth, handle, action, **more)


def call(
    principal: Principal, *, resources: tuple[str, ...] = (), account: AccountId = ACCOUNT
) -> Call:
    return Call(
        service="iot",
        operation="AttachPolicy",
        params={"resources": resources},
        principal=principal,
        account=account,
        region=REGION,
        request_id="request-1",
        source_ip="192.0.2.7",
        is_tls=True,
        now_s=NOW_S,
        user_agent="sdk/1",
    )


async def run(world: World, row: Operation[object], request: Call) -> AuthorizedRequest:
    return await enforce(world.authorizer, row, object(), request)


@pytest.mark.parametrize("principal", SIGNING, ids=lambda it: type(it).__name__)
@pytest.mark.parametrize("auth", [Auth.SIGV4, Auth.SIGV4_WITHOUT_POLICY, Auth.PUBLIC])
async def test_signing_principals_pass(principal: Principal, auth: Auth) -> None:
    request = await run(World(), operation(auth), call(principal))
    assert request.principal is principal
    assert request.account == ACCOUNT


@pytest.mark.parametrize("principal", OTHERS, ids=lambda it: type(it).__name__)
@pytest.mark.parametrize("auth", [Auth.SIGV4, Auth.SIGV4_WITHOUT_POLICY])
async def test_principals_that_do_not_sign_are_refused(principal: Principal, auth: Auth) -> None:
    with pytest.raises(AwsError) as refusal:
        await run(World(), operation(auth), call(principal))
    assert refusal.value.code == "MissingAuthenticationToken"


@pytest.mark.parametrize("principal", SIGNING[1:], ids=lambda it: type(it).__name__)
async def test_without_policies_signing_is_not_enough(principal: Principal) -> None:
    world = World(Sources())
    with pytest.raises(AwsError) as refusal:
        await run(world, operation(Auth.SIGV4), call(principal))
    assert refusal.value.code == "AccessDeniedException"
    assert refusal.value.status == 403
    assert refusal.value.message == (
        f"User: {principal.arn} is not authorized to perform: iot:AttachPolicy on resource: *"
        " because no identity-based policy allows the iot:AttachPolicy action"
    )
    (denial,) = world.denials.recent()
    assert denial.principal_arn == principal.arn
    assert denial.source_ip == "192.0.2.7"


@pytest.mark.parametrize("principal", SIGNING[1:4], ids=lambda it: type(it).__name__)
async def test_signature_without_policy_asks_none(principal: Principal) -> None:
    sources = generous()
    sources.roles[ROLE] = sources.users[actors.USER] = identity_policies(DENY_ALL)
    row = operation(Auth.SIGV4_WITHOUT_POLICY, "")
    assert (await run(World(sources), row, call(principal))).principal is principal


@pytest.mark.parametrize("principal", [actors.guest(), actors.cognito()])
@pytest.mark.parametrize("auth", [Auth.SIGV4, Auth.SIGV4_WITHOUT_POLICY])
async def test_the_session_of_a_gone_identity_is_refused(principal: Principal, auth: Auth) -> None:
    sources = generous()
    sources.gone.add(IDENTITY)
    with pytest.raises(AwsError) as refusal:
        await run(World(sources), operation(auth), call(principal))
    assert refusal.value.status == 403


async def test_every_resource_must_be_allowed() -> None:
    sources = generous()
    sources.roles[ROLE] = identity_policies(policy(allow("iot:AttachPolicy", iot("policy/a"))))
    world = World(sources)
    row = operation(Auth.SIGV4, resources=target)
    await run(world, row, call(actors.role_session(), resources=(iot("policy/a"),)))
    both = (iot("policy/a"), iot("policy/b"))
    with pytest.raises(AwsError, match="policy/b"):
        await run(world, row, call(actors.role_session(), resources=both))


async def example_keys(_service: object, _call: Call) -> Mapping[str, tuple[str, ...]]:
    return {"iot:Example": ("yes",)}


async def test_the_operation_s_own_condition_keys_count() -> None:
    condition = {"StringEquals": {"iot:Example": "yes"}}
    sources = generous()
    sources.roles[ROLE] = identity_policies(policy(allow(Condition=condition)))
    world = World(sources)
    row = operation(Auth.SIGV4, context=example_keys)
    await run(world, row, call(actors.role_session()))
    with pytest.raises(AwsError):
        await run(world, operation(Auth.SIGV4), call(actors.role_session()))


async def test_refusals_call_the_resource_what_the_row_says() -> None:
    sources = generous()
    sources.roles[ROLE] = identity_policies()
    row = operation(Auth.SIGV4, label=lambda _call, resource: f"thing {len(resource)}")
    with pytest.raises(AwsError, match=r"on resource: thing 1 because"):
        await run(World(sources), row, call(actors.role_session()))


@pytest.mark.parametrize(
    "row", [operation(Auth.SIGV4, ""), operation(Auth.SIGV4, resources=target)]
)
async def test_a_row_that_asks_nothing_is_a_bug_and_no_pass(row: Operation[object]) -> None:
    with pytest.raises(OperationRowError):
        await run(World(), row, call(actors.root()))


@pytest.mark.parametrize("auth", [Auth.SIGV4, Auth.SIGV4_WITHOUT_POLICY])
async def test_nobody_acts_in_another_account(auth: Auth) -> None:
    with pytest.raises(AwsError, match="own account"):
        await run(World(), operation(auth), call(actors.root(), account=AccountId("2" * 12)))


async def test_access_tokens_need_the_scope() -> None:
    row = operation(Auth.ACCESS_TOKEN, "")
    request = await run(World(), row, call(actors.signed_in_user(USER_SCOPE, "openid")))
    assert request.params == {"resources": ()}
    with pytest.raises(AwsError, match="does not have required scopes") as refusal:
        await run(World(), row, call(actors.signed_in_user("openid")))
    assert refusal.value.code == "NotAuthorizedException"


@pytest.mark.parametrize("principal", [*SIGNING, actors.listener_client(), actors.anonymous()])
async def test_other_principals_have_no_access_token(principal: Principal) -> None:
    with pytest.raises(AwsError) as refusal:
        await run(World(), operation(Auth.ACCESS_TOKEN, ""), call(principal))
    assert refusal.value.code == "NotAuthorizedException"


async def test_public_operations_take_anybody_an_http_request_can_be() -> None:
    row = operation(Auth.PUBLIC, "")
    await run(World(Sources()), row, call(actors.anonymous()))
    for principal in (actors.listener_client(), actors.signed_in_user(USER_SCOPE)):
        with pytest.raises(AwsError):
            await run(World(), row, call(principal))


async def test_a_source_that_fails_lets_nobody_pass() -> None:
    world = World()
    world.sources.failure = OSError("disk gone")
    with pytest.raises(OSError, match="disk gone"):
        await run(world, operation(Auth.SIGV4), call(actors.cognito()))


def test_defaults_of_a_row_ask_for_everything() -> None:
    assert operation(Auth.SIGV4).resources is any_resource
    assert operation(Auth.SIGV4).context is no_context


def test_nobody_else_can_build_an_authorized_request() -> None:
    with pytest.raises(UnauthorizedConstructionError):
        AuthorizedRequest(call(actors.root()), object())


def test_only_enforce_names_the_builder_or_its_seal() -> None:
    (package,) = keyfob.__path__
    users = set()
    for path in Path(package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_built = (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) == "AuthorizedRequest"
            )
            names = {getattr(node, part, None) for part in ("id", "attr", "name")}
            if is_built or "_AUTHORIZER" in names:
                users.add(path.relative_to(package).as_posix())
    assert users == {"authz/enforce.py", "authz/operation.py"}
