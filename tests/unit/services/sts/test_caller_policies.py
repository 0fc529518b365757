import pytest
from tests.unit.authz.actors import ACCOUNT, REGION, ROLE, allow, deny, policy, role_session
from tests.unit.authz.sources import World, generous, identity_policies
from tests.unit.services.caller import load_model

from keyfob.authz.operation import Call
from keyfob.core.errors import AwsError
from keyfob.services.sts import AuthorizedCallerPolicies, errors
from keyfob.services.sts.ports import CallerVerdict

TARGET = f"arn:aws:iam::{ACCOUNT}:role/Target"
NOTHING = policy(allow("s3:GetObject"))
ASSUME = policy(allow("sts:AssumeRole", TARGET))


async def verdict(identity: str, *, boundary: str | None = None, session: str | None = None) -> str:
    """Return the verdict that `permit` finds, by tolerating each in turn."""
    sources = generous()
    sources.roles[ROLE] = identity_policies(identity, boundary=boundary)
    world = World(sources)
    caller = role_session(session_policies=() if session is None else (session,))
    call = Call(
        "sts", "AssumeRole", {}, caller, ACCOUNT, REGION, "r", "192.0.2.7", True, 1_700_000_100.0
    )
    policies = AuthorizedCallerPolicies(world.authorizer)
    found = []
    for each in CallerVerdict:
        tolerated = frozenset({CallerVerdict.ALLOWED, each})
        if await policies.permit(call, "sts:AssumeRole", TARGET, {}, tolerated):
            found.append(each.name)
    if len(found) == len(CallerVerdict):
        assert world.denials.recent() == ()
        return "ALLOWED"
    assert len(world.denials.recent()) == len(CallerVerdict) - 1
    (name,) = found
    return name


@pytest.mark.parametrize(
    ("identity", "boundary", "session", "expected"),
    [
        (ASSUME, None, None, "ALLOWED"),
        (ASSUME, ASSUME, ASSUME, "ALLOWED"),
        (NOTHING, None, None, "NOT_GRANTED"),
        (NOTHING, ASSUME, ASSUME, "NOT_GRANTED"),
        (ASSUME, NOTHING, None, "BEYOND_CEILING"),
        (ASSUME, None, NOTHING, "BEYOND_CEILING"),
        (NOTHING, NOTHING, None, "BEYOND_CEILING"),
        (policy(allow(), deny("sts:*")), None, None, "DENIED"),
        (ASSUME, policy(allow(), deny("sts:*")), None, "DENIED"),
    ],
)
async def test_verdicts(
    identity: str, boundary: str | None, session: str | None, expected: str
) -> None:
    assert await verdict(identity, boundary=boundary, session=session) == expected


def test_errors_have_the_codes_of_the_model() -> None:
    model = load_model("sts")
    codes = {shape.error_code for shape in model.error_shapes}
    for error in (
        errors.malformed_policy("x"),
        errors.packed_policy_too_large(120),
        errors.invalid_identity_token("x"),
        errors.expired_identity_token(),
    ):
        assert isinstance(error, AwsError)
        assert error.code in codes
