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
    OTHER_ACCOUNT,
    POOL_ID,
    ROLE_ARN,
    Sts,
    let_pool_in,
    make_role,
    trust,
)

from keyfob.authz.principal import RoleSession
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId

AMR = ("authenticated", "p", "p:CognitoSignIn:sub-1")


async def assume(sts: Sts, **changes: Any) -> RoleSession:
    asked: dict[str, Any] = {
        "session_name": "CognitoIdentityCredentials",
        "account": ACCOUNT,
        "audience": POOL_ID,
        "subject": IDENTITY_ID,
        "amr": AMR,
        "principal_tags": {"tenant": "7"},
        "session_policies": (),
        "duration_s": 3600,
        "now_s": NOW_S,
    }
    issued = await sts.service.issuer.assume_role_with_web_identity(ROLE_ARN, **(asked | changes))
    found = await sts.sessions.find(issued.access_key_id, issued.session_token, NOW_S)
    assert isinstance(found.principal, RoleSession)
    return found.principal


async def refusal(sts: Sts, **changes: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await assume(sts, **changes)
    return caught.value


async def test_a_trusted_identity_gets_a_session_that_knows_it(sts: Sts) -> None:
    sts.roles.put(make_role(COGNITO_TRUST))
    session = await assume(sts)
    assert session.arn == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Building/CognitoIdentityCredentials"
    )
    assert session.tags == {"tenant": "7"}
    assert session.web_identity is not None
    assert session.web_identity.subject == IDENTITY_ID
    assert session.web_identity.is_authenticated_cognito


async def test_another_pool_is_refused(sts: Sts) -> None:
    sts.roles.put(make_role(COGNITO_TRUST))
    refused = await refusal(sts, audience="eu-central-1:99999999-2222-4333-8444-555555555555")
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


async def test_another_amr_is_refused(sts: Sts) -> None:
    sts.roles.put(make_role(COGNITO_TRUST))
    assert (await refusal(sts, amr=("unauthenticated",))).code == "AccessDenied"


async def test_tags_need_tag_session_and_sessions_without_tags_do_not(sts: Sts) -> None:
    sts.roles.put(
        make_role(trust(let_pool_in(actions=BOTH_ACTIONS[:1], condition=COGNITO_CONDITION)))
    )
    refused = await refusal(sts)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert "sts:TagSession" in refused.message
    assert (await assume(sts, principal_tags={})).tags == {}


async def test_a_trust_policy_may_ask_for_tags(sts: Sts) -> None:
    condition = COGNITO_CONDITION | {
        "StringLike": {"aws:RequestTag/tenant": "7"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["tenant"]},
    }
    sts.roles.put(make_role(trust(let_pool_in(actions=BOTH_ACTIONS, condition=condition))))
    await assume(sts)
    assert (await refusal(sts, principal_tags={"tenant": "8"})).code == "AccessDenied"
    assert (await refusal(sts, principal_tags={"tenant": "7", "x": "1"})).code == "AccessDenied"


async def test_a_deny_decides(sts: Sts) -> None:
    deny = let_pool_in(actions=("sts:*",), condition={}) | {
        "Effect": "Deny",
        "Condition": {"StringEquals": {f"{COGNITO}:sub": IDENTITY_ID}},
    }
    allow = let_pool_in(actions=BOTH_ACTIONS, condition=COGNITO_CONDITION)
    sts.roles.put(make_role(trust(allow, deny)))
    assert (await refusal(sts)).code == "AccessDenied"


@pytest.mark.parametrize(
    "trust_policy",
    [
        trust({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:*"}),
        trust({"Effect": "Allow", "Principal": {"Federated": "x.org"}, "Action": "sts:*"}),
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}',
        "not json",
    ],
)
async def test_other_and_broken_trust_policies_refuse(sts: Sts, trust_policy: str) -> None:
    sts.roles.put(make_role(trust_policy))
    assert (await refusal(sts)).code == "AccessDenied"


async def test_a_missing_role_is_refused_like_an_untrusting_one(sts: Sts) -> None:
    refused = await refusal(sts)
    assert refused.message == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize(
    ("condition", "pool_account", "is_let_in"),
    [
        ({}, ACCOUNT, True),  # legacy trust policies keep working within the account
        ({}, OTHER_ACCOUNT, False),
        ({"StringEquals": {f"{COGNITO}:aud": POOL_ID}}, OTHER_ACCOUNT, True),
        ({"StringEqualsIfExists": {f"{COGNITO}:aud": POOL_ID}}, OTHER_ACCOUNT, False),
    ],
)
async def test_across_accounts_the_audience_must_be_asked_for(
    sts: Sts, condition: dict[str, Any], pool_account: AccountId, is_let_in: bool
) -> None:
    sts.roles.put(make_role(trust(let_pool_in(actions=BOTH_ACTIONS, condition=condition))))
    if is_let_in:
        await assume(sts, account=pool_account)
    else:
        assert (await refusal(sts, account=pool_account)).code == "AccessDenied"


async def test_illegal_tags_are_a_validation_error_before_anything_is_said_of_the_role(
    sts: Sts,
) -> None:
    assert (await refusal(sts, principal_tags={"tenant": "a#"})).code == "ValidationError"


async def test_what_a_trust_policy_refuses_is_recorded_with_its_reason(sts: Sts) -> None:
    sts.roles.put(make_role(COGNITO_TRUST))
    await refusal(sts, audience="eu-central-1:99999999-2222-4333-8444-555555555555")
    (denial,) = sts.service.issuer.denials.recent()
    assert (denial.layer, denial.effect) == ("role trust policy", "IMPLICIT_DENY")
    assert (denial.action, denial.identity_id) == ("sts:AssumeRoleWithWebIdentity", IDENTITY_ID)
    assert "StringEquals on cognito-identity.amazonaws.com:aud" in denial.sentence
    assert denial.variables["cognito-identity.amazonaws.com:aud"] == (
        "eu-central-1:99999999-2222-4333-8444-555555555555"
    )


async def test_a_missing_role_is_recorded(sts: Sts) -> None:
    await refusal(sts)
    (denial,) = sts.service.issuer.denials.recent()
    assert denial.sentence.endswith("(the role does not exist)")


async def test_a_refused_tag_is_recorded_as_such(sts: Sts) -> None:
    sts.roles.put(
        make_role(trust(let_pool_in(actions=BOTH_ACTIONS[:1], condition=COGNITO_CONDITION)))
    )
    await refusal(sts)
    (denial,) = sts.service.issuer.denials.recent()
    assert denial.action == "sts:TagSession"
