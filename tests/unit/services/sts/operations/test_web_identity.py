from typing import Any

import pytest
from tests.unit.services.sts.fakes import (
    ACCOUNT,
    BOTH_ACTIONS,
    COGNITO,
    COGNITO_CONDITION,
    COGNITO_TRUST,
    IDENTITY_ID,
    NOW_S,
    POOL_ID,
    ROLE_ARN,
    Sts,
    let_pool_in,
    make_role,
    trust,
)

from keyfob.authz.principal import Anonymous
from keyfob.core.errors import AwsError
from keyfob.services.sts.operations.web_identity import assume_role_with_web_identity
from keyfob.services.sts.ports import VerifiedWebIdentity

IDENTITY = VerifiedWebIdentity(
    COGNITO, POOL_ID, IDENTITY_ID, ACCOUNT, ("authenticated",), {"tenant": "7"}, ("tenant",)
)


async def assume(sts: Sts, **params: Any) -> dict[str, Any]:
    asked = {"RoleArn": ROLE_ARN, "RoleSessionName": "app", "WebIdentityToken": "a.b.c"} | params
    return dict(await sts.call(assume_role_with_web_identity, Anonymous(ACCOUNT), **asked))


async def test_the_answer(sts: Sts) -> None:
    sts.roles.put(make_role(COGNITO_TRUST))
    sts.web.identity = IDENTITY
    output = await assume(sts, DurationSeconds=900)
    credentials = output.pop("Credentials")
    assert credentials["Expiration"] == NOW_S + 900
    assert output.pop("PackedPolicySize") > 0
    assert output == {
        "AssumedRoleUser": {
            "AssumedRoleId": "AROABUILDING:app",
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Building/app",
        },
        "SubjectFromWebIdentityToken": IDENTITY_ID,
        "Provider": COGNITO,
        "Audience": POOL_ID,
    }


async def test_refusals(sts: Sts) -> None:
    sts.roles.put(make_role(COGNITO_TRUST))
    with pytest.raises(AwsError, match="InvalidIdentityToken"):
        await assume(sts)
    sts.web.identity = IDENTITY
    with pytest.raises(AwsError, match="MaxSessionDuration"):
        await assume(sts, DurationSeconds=7200)
    with pytest.raises(AwsError, match="MalformedPolicyDocument"):
        await assume(sts, Policy="{}")
    with pytest.raises(AwsError, match="InvalidIdentityToken"):
        await assume(sts, ProviderId="www.amazon.com")


@pytest.mark.parametrize(("address", "is_let_in"), [("192.0.2.0/24", True), ("10.0.0.0/8", False)])
async def test_a_trust_policy_may_ask_where_the_call_comes_from(
    sts: Sts, address: str, is_let_in: bool
) -> None:
    condition = COGNITO_CONDITION | {
        "IpAddress": {"aws:SourceIp": address},
        "Bool": {"aws:SecureTransport": "true"},
    }
    sts.roles.put(make_role(trust(let_pool_in(actions=BOTH_ACTIONS, condition=condition))))
    sts.web.identity = IDENTITY
    if is_let_in:
        await assume(sts)
    else:
        with pytest.raises(AwsError, match="AccessDenied"):
            await assume(sts)
