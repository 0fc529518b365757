from typing import Any

import pytest
from tests.unit.services.sts.fakes import (
    ACCOUNT,
    ALICE,
    NOW_S,
    OTHER_ACCOUNT,
    ROLE_ARN,
    Sts,
    let_in,
    make_role,
    trust,
)

from keyfob.authz.principal import IamUser, Principal, RoleSession, Root
from keyfob.core.errors import AwsError
from keyfob.services.sts.operations.assume_role import assume_role
from keyfob.services.sts.ports import CallerVerdict

ACCOUNT_ROOT = f"arn:aws:iam::{ACCOUNT}:root"
STRANGER = IamUser(
    OTHER_ACCOUNT, "mallory", f"arn:aws:iam::{OTHER_ACCOUNT}:user/mallory", "AIDAMALLORY"
)


def session(**changes: Any) -> RoleSession:
    facts: dict[str, Any] = {
        "account": ACCOUNT,
        "role_name": "Caller",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/Caller",
        "role_id": "AROACALLER",
        "session_name": "work",
        "access_key_id": "ASIACALLER",
        "issued_at_s": NOW_S - 60,
        "expires_at_s": NOW_S + 60,
    }
    return RoleSession(**(facts | changes))


async def assume(sts: Sts, caller: Principal = ALICE, **params: Any) -> dict[str, Any]:
    asked = {"RoleArn": ROLE_ARN, "RoleSessionName": "visit"} | params
    return dict(await sts.call(assume_role, caller, **asked))


async def refusal(sts: Sts, caller: Principal = ALICE, **params: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await assume(sts, caller, **params)
    return caught.value


async def opened(sts: Sts, output: dict[str, Any]) -> RoleSession:
    credentials = output["Credentials"]
    found = await sts.sessions.find(credentials["AccessKeyId"], credentials["SessionToken"], NOW_S)
    assert isinstance(found.principal, RoleSession)
    assert found.secret.reveal() == credentials["SecretAccessKey"]
    return found.principal


async def test_the_answer(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT))))
    output = await assume(sts, Tags=[{"Key": "tenant", "Value": "7"}], SourceIdentity="al")
    assert output["AssumedRoleUser"] == {
        "AssumedRoleId": "AROABUILDING:visit",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Building/visit",
    }
    assert output["Credentials"]["Expiration"] == NOW_S + 3600
    assert output["SourceIdentity"] == "al"
    assert 0 < output["PackedPolicySize"] <= 100
    found = await opened(sts, output)
    assert (found.tags, found.source_identity, found.web_identity) == (
        {"tenant": "7"},
        "al",
        None,
    )
    assert "PackedPolicySize" not in await assume(sts)


async def test_every_action_is_asked_of_the_caller_too(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT))))
    await assume(sts, Tags=[{"Key": "tenant", "Value": "7"}], SourceIdentity="al")
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    assert sts.callers.asked == [(action, ROLE_ARN) for action in actions]


@pytest.mark.parametrize(
    ("named", "caller", "verdict", "is_let_in"),
    [
        (ACCOUNT_ROOT, ALICE, CallerVerdict.ALLOWED, True),
        (str(ACCOUNT), ALICE, CallerVerdict.ALLOWED, True),
        (ACCOUNT_ROOT, ALICE, CallerVerdict.NOT_GRANTED, False),
        (ALICE.arn, ALICE, CallerVerdict.NOT_GRANTED, True),
        (ALICE.arn, ALICE, CallerVerdict.BEYOND_CEILING, True),
        (ALICE.arn, ALICE, CallerVerdict.DENIED, False),
        (f"{ALICE.arn}2", ALICE, CallerVerdict.ALLOWED, False),
        (session().role_arn, session(), CallerVerdict.NOT_GRANTED, True),
        (session().role_arn, session(), CallerVerdict.BEYOND_CEILING, False),
        (session().arn, session(), CallerVerdict.BEYOND_CEILING, True),
        (session().arn, session(session_name="other"), CallerVerdict.ALLOWED, False),
        (STRANGER.arn, STRANGER, CallerVerdict.ALLOWED, True),
        (STRANGER.arn, STRANGER, CallerVerdict.NOT_GRANTED, False),
        (ACCOUNT_ROOT, STRANGER, CallerVerdict.ALLOWED, False),
    ],
)
async def test_trust_and_the_callers_own_policies_together(
    sts: Sts, named: str, caller: IamUser | RoleSession, verdict: CallerVerdict, is_let_in: bool
) -> None:
    sts.roles.put(make_role(trust(let_in(named))))
    sts.callers.verdict = verdict
    if is_let_in:
        await opened(sts, await assume(sts, caller))
    else:
        refused = await refusal(sts, caller)
        assert (refused.code, refused.status) == ("AccessDenied", 403)
        assert refused.message == (
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole"
            f" on resource: {ROLE_ARN}"
        )


async def test_external_id(sts: Sts) -> None:
    sts.roles.put(
        make_role(trust(let_in(ACCOUNT_ROOT, StringEquals={"sts:ExternalId": "secret-1"})))
    )
    await assume(sts, ExternalId="secret-1")
    assert (await refusal(sts)).code == "AccessDenied"
    assert (await refusal(sts, ExternalId="secret-2")).code == "AccessDenied"


async def test_tags_and_source_identity_need_their_own_trust(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT, "sts:AssumeRole"))))
    await assume(sts)
    tagged = await refusal(sts, Tags=[{"Key": "tenant", "Value": "7"}])
    assert "sts:TagSession" in tagged.message
    assert "sts:SetSourceIdentity" in (await refusal(sts, SourceIdentity="al")).message


async def test_the_root_user_may_not(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT))))
    refused = await refusal(sts, Root(ACCOUNT))
    assert refused.message == "Roles may not be assumed by root accounts."


async def test_a_missing_role_is_refused_like_an_untrusting_one(sts: Sts) -> None:
    assert (await refusal(sts)).code == "AccessDenied"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"SerialNumber": "GAHT12345678", "TokenCode": "123456"}, "AccessDenied"),
        ({"ProvidedContexts": [{"ProviderArn": "x"}]}, "ValidationError"),
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": "x" * 2049}, "PackedPolicyTooLarge"),
        ({"Tags": [{"Key": "aws:x", "Value": "1"}]}, "ValidationError"),
        ({"TransitiveTagKeys": ["x"]}, "InvalidParameterValue"),
    ],
)
async def test_input_that_is_refused(sts: Sts, params: dict[str, Any], code: str) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT))))
    assert (await refusal(sts, **params)).code == code


async def test_session_policies_travel_in_the_session(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT))))
    policy = trust({"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"})
    assert (await opened(sts, await assume(sts, Policy=policy))).session_policies == (policy,)


async def test_chaining_lasts_an_hour_at_most(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT)), max_session_duration_s=43_200))
    await assume(sts, DurationSeconds=43_200)
    refused = await refusal(sts, session(), DurationSeconds=3601)
    assert "role chaining" in refused.message


async def test_chaining_hands_on_transitive_tags_and_the_source_identity(sts: Sts) -> None:
    sts.roles.put(make_role(trust(let_in(ACCOUNT_ROOT))))
    caller = session(
        tags={"tenant": "7", "loose": "x"}, transitive_tag_keys=("tenant",), source_identity="al"
    )
    found = await opened(sts, await assume(sts, caller))
    assert found.tags == {"tenant": "7"}
    assert found.transitive_tag_keys == ("tenant",)
    assert found.source_identity == "al"
    conflict = await refusal(sts, caller, Tags=[{"Key": "TENANT", "Value": "8"}])
    assert conflict.code == "InvalidParameterValue"
    assert (await refusal(sts, caller, SourceIdentity="bo")).code == "AccessDenied"
