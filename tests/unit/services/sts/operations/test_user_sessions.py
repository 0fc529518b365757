import json
from typing import Any

import pytest
from tests.unit.services.sts.fakes import (
    ACCOUNT,
    ALICE,
    NOW_S,
    ROLE_ARN,
    Sts,
    let_in,
    make_role,
    trust,
)

from keyfob.authz.errors import ExpiredCredentialError, UnknownCredentialError
from keyfob.authz.operation import Call
from keyfob.authz.principal import (
    FederatedUser,
    IamUser,
    Principal,
    RoleSession,
    Root,
    TokenSession,
)
from keyfob.core.errors import AwsError
from keyfob.core.ids import Region
from keyfob.services.sts import OPERATIONS, TemporaryCredentials
from keyfob.services.sts.domain.user_sessions import NO_PERMISSIONS
from keyfob.services.sts.operations.assume_role import assume_role
from keyfob.services.sts.operations.caller_identity import get_caller_identity
from keyfob.services.sts.operations.information import (
    decode_authorization_message,
    get_access_key_info,
)
from keyfob.services.sts.operations.user_sessions import get_federation_token, get_session_token

ROOT = Root(ACCOUNT)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


async def opened(sts: Sts, output: Any, now_s: float = NOW_S) -> Principal:
    credentials = output["Credentials"]
    lookup = TemporaryCredentials(sts.sessions, sts.user_sessions)
    found = await lookup.find(credentials["AccessKeyId"], credentials["SessionToken"], now_s)
    assert found.secret.reveal() == credentials["SecretAccessKey"]
    return found.principal


@pytest.fixture
def sts_with_alice(sts: Sts) -> Sts:
    sts.users.users[ALICE.arn] = ALICE
    return sts


async def test_a_session_of_ones_own_is_oneself(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    output = await sts.call(get_session_token, ALICE)
    assert output["Credentials"]["Expiration"] == NOW_S + 43_200
    found = await opened(sts, output)
    assert isinstance(found, IamUser)
    assert found.session is not None
    assert (found.arn, found.session.expires_at_s) == (ALICE.arn, NOW_S + 43_200)
    assert (await sts.call(get_caller_identity, found))["Arn"] == ALICE.arn


async def test_it_ends_at_its_time_and_with_its_user(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    output = await sts.call(get_session_token, ALICE, DurationSeconds=900)
    await opened(sts, output, NOW_S + 899)
    with pytest.raises(ExpiredCredentialError):
        await opened(sts, output, NOW_S + 900)
    sts.users.users[ALICE.arn] = IamUser(ACCOUNT, "alice", ALICE.arn, "AIDAANOTHER")
    with pytest.raises(UnknownCredentialError):
        await opened(sts, output)
    sts.users.users.clear()
    with pytest.raises(UnknownCredentialError):
        await opened(sts, output)


async def test_todays_tags_count(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    output = await sts.call(get_session_token, ALICE)
    sts.users.users[ALICE.arn] = IamUser(ACCOUNT, "alice", ALICE.arn, ALICE.user_id, {"a": "b"})
    found = await opened(sts, output)
    assert isinstance(found, IamUser)
    assert found.tags == {"a": "b"}


async def test_roots_sessions_last_an_hour_at_most(sts: Sts) -> None:
    for asked in ({}, {"DurationSeconds": 43_200}):
        output = await sts.call(get_session_token, ROOT, **asked)
        assert output["Credentials"]["Expiration"] == NOW_S + 3600
    found = await opened(sts, output)
    assert isinstance(found, Root)
    assert found.session is not None


async def test_only_long_term_keys_get_sessions_and_nobody_has_mfa(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    again = await opened(sts, await sts.call(get_session_token, ALICE))
    federated = await opened(sts, await sts.call(get_federation_token, ALICE, Name="bo"))
    for caller in (again, federated):
        for handler in (get_session_token, get_federation_token):
            with pytest.raises(AwsError, match="with session credentials"):
                await sts.call(handler, caller, Name="guest")
    with pytest.raises(AwsError, match="MultiFactorAuthentication failed"):
        await sts.call(get_session_token, ALICE, SerialNumber="x" * 9, TokenCode="123456")


async def test_a_federated_user_is_bounded_by_policies_and_tagged(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    sts.users.users[ALICE.arn] = IamUser(
        ACCOUNT, "alice", ALICE.arn, ALICE.user_id, {"Tenant": "1", "team": "blue"}
    )
    output = await sts.call(
        get_federation_token,
        ALICE,
        Name="guest",
        Policy=POLICY,
        Tags=[{"Key": "tenant", "Value": "7"}],
        DurationSeconds=129_600,
    )
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    assert output["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:guest", "Arn": arn}
    assert output["Credentials"]["Expiration"] == NOW_S + 129_600
    assert 0 < output["PackedPolicySize"] <= 100
    found = await opened(sts, output)
    assert isinstance(found, FederatedUser)
    assert (found.arn, found.user_id) == (arn, f"{ACCOUNT}:guest")
    assert found.tags == {"tenant": "7", "team": "blue"}
    assert found.session_policies == (POLICY,)
    identity = await sts.call(get_caller_identity, found)
    assert identity == {"UserId": f"{ACCOUNT}:guest", "Account": ACCOUNT, "Arn": arn}
    with pytest.raises(AwsError, match="not authorized to perform: sts:AssumeRole"):
        await sts.call(assume_role, found, RoleArn=ROLE_ARN, RoleSessionName="visit")


async def test_without_a_policy_a_federated_user_may_nothing(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    output = await sts.call(get_federation_token, ALICE, Name="guest")
    assert "PackedPolicySize" not in output
    found = await opened(sts, output)
    assert isinstance(found, FederatedUser)
    assert found.session_policies == (NO_PERMISSIONS,)


async def test_federation_is_asked_of_the_callers_policies(sts: Sts) -> None:
    row = next(row for row in OPERATIONS if row.name == "GetFederationToken")
    params = {"Name": "guest", "Tags": [{"Key": "tenant", "Value": "7"}]}
    call = Call(
        "sts", "GetFederationToken", params, ALICE, ACCOUNT, Region("us-east-1"), "r", "", True, 0.0
    )
    assert await row.resources(sts.service, call) == (
        f"arn:aws:sts::{ACCOUNT}:federated-user/guest",
    )
    assert row.also(call) == ("sts:TagSession",)
    assert await row.context(sts.service, call) == {
        "aws:TagKeys": ("tenant",),
        "aws:RequestTag/tenant": ("7",),
    }


async def test_a_session_of_ones_own_may_assume_roles_without_chaining(sts: Sts) -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    user = IamUser(
        ACCOUNT, "alice", ALICE.arn, ALICE.user_id, {}, TokenSession("ASIA", NOW_S, NOW_S + 60)
    )
    sts.roles.put(make_role(trust(let_in(ALICE.arn)), max_session_duration_s=7200))
    asked = {"RoleArn": ROLE_ARN, "RoleSessionName": "visit"}
    output = await sts.call(assume_role, user, **asked, DurationSeconds=7200)
    assert isinstance(await opened(sts, output), RoleSession)
    for effect in (condition, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}):
        sts.roles.put(make_role(trust(let_in(ALICE.arn, **effect))))
        with pytest.raises(AwsError, match="not authorized to perform: sts:AssumeRole"):
            await sts.call(assume_role, user, **asked)
    # a long-term key has no such key at all, which `IfExists` lets pass (documented)
    await sts.call(assume_role, ALICE, **asked)


async def test_tokens_are_not_exchangeable(sts_with_alice: Sts) -> None:
    sts = sts_with_alice
    mine = (await sts.call(get_session_token, ALICE))["Credentials"]
    other = (await sts.call(get_session_token, ALICE))["Credentials"]
    lookup = TemporaryCredentials(sts.sessions, sts.user_sessions)
    for key, token in [
        (mine["AccessKeyId"], other["SessionToken"]),
        (mine["AccessKeyId"], None),
        (mine["AccessKeyId"], mine["SessionToken"] + "A"),
        (mine["AccessKeyId"], "x" * 70_000),
    ]:
        with pytest.raises(UnknownCredentialError):
            await lookup.find(key, token, NOW_S)


async def test_an_access_key_tells_its_account(sts: Sts) -> None:
    answer = await sts.call(get_access_key_info, ALICE, AccessKeyId="AKIAALICEALICEALICE")
    assert answer == {"Account": ACCOUNT}
    with pytest.raises(AwsError, match="does not exist"):
        await sts.call(get_access_key_info, ALICE, AccessKeyId="AKIANOBODYNOBODY")


async def test_no_authorization_message_is_ours(sts: Sts) -> None:
    with pytest.raises(AwsError, match="InvalidAuthorizationMessageException"):
        await sts.call(decode_authorization_message, ALICE, EncodedMessage="abc")
