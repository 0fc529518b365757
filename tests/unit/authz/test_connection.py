"""One MQTT connection's authorizer: what it asks, how it caches, when it forgets."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import (
    ACCOUNT,
    ALLOW_ALL,
    DENY_ALL,
    IDENTITY,
    REGION,
    ROLE,
    USER,
    allow,
    deny,
    iot,
    policy,
)
from tests.unit.authz.sources import NOW_S, Sources, World, generous, identity_policies

from keyfob.authz import connection as connection_module
from keyfob.authz.connection import PolicyConnectionAuthorizer
from keyfob.authz.decision import Decision, Question, decide_any
from keyfob.authz.layers import Layer
from keyfob.authz.principal import Principal
from keyfob.mqtt.ports import ConnectionAuthorizer, Will

EVERYBODY_BUT_ROOT: list[Principal] = [
    actors.iam_user(),
    actors.role_session(),
    actors.guest(),
    actors.cognito(),
    actors.listener_client(),
    actors.signed_in_user(),
    actors.anonymous(),
]

QUESTIONS: dict[str, Callable[[PolicyConnectionAuthorizer], bool]] = {
    "connect": lambda it: it.may_connect("c", None, is_persistent=False),
    "connect with will": lambda it: it.may_connect("c", Will("w", True), is_persistent=True),
    "publish": lambda it: it.may_publish("t", retain=False),
    "retain": lambda it: it.may_publish("t", retain=True),
    "subscribe": lambda it: it.may_subscribe("t/+/#"),
    "subscribe shared": lambda it: it.may_subscribe("$share/g/t"),
    "receive": lambda it: it.may_receive("t"),
}


def of_kind(principal: Principal) -> str:
    return type(principal).__name__


async def test_it_is_what_the_broker_asks_for() -> None:
    authorizer: ConnectionAuthorizer = await World().connect(actors.cognito())
    assert authorizer.may_connect("c", Will("t", False), is_persistent=True)


# Nothing is allowed by default


@pytest.mark.parametrize("principal", EVERYBODY_BUT_ROOT, ids=of_kind)
@pytest.mark.parametrize("question", QUESTIONS)
async def test_deny_all_matrix(principal: Principal, question: str) -> None:
    world = World(Sources())
    connection = await world.connect(principal)
    assert not QUESTIONS[question](connection)
    assert connection.reason()
    assert len(world.denials.recent()) == 1


@pytest.mark.parametrize("principal", EVERYBODY_BUT_ROOT[:5], ids=of_kind)
@pytest.mark.parametrize("question", QUESTIONS)
async def test_explicit_deny_matrix(principal: Principal, question: str) -> None:
    sources = generous()
    sources.roles[ROLE] = sources.users[USER] = identity_policies(ALLOW_ALL, DENY_ALL)
    sources.iot["plain"] = DENY_ALL
    assert not QUESTIONS[question](await World(sources).connect(principal))


@pytest.mark.parametrize("principal", [actors.root(), *EVERYBODY_BUT_ROOT[:5]], ids=of_kind)
@pytest.mark.parametrize("question", QUESTIONS)
async def test_allow_all_matrix(principal: Principal, question: str) -> None:
    world = World()
    assert QUESTIONS[question](await world.connect(principal))
    assert world.denials.recent() == ()


# The set-up that people follow: a role policy and an IoT policy, both by principal tag

BUILDING = policy(
    {"Sid": "ConnectClient", "Effect": "Allow", "Action": ["iot:Connect"], "Resource": "*"},
    {
        "Sid": "SubscribeToTopics",
        "Effect": "Allow",
        "Action": ["iot:Subscribe"],
        "Resource": iot("topicfilter/building/${aws:PrincipalTag/building_id}"),
    },
    {
        "Sid": "ReceiveMessages",
        "Effect": "Allow",
        "Action": ["iot:Receive", "iot:Publish"],
        "Resource": iot("topic/${aws:PrincipalTag/building_id}"),
    },
)


def buildings() -> Sources:
    sources = Sources()
    sources.roles[ROLE] = identity_policies(BUILDING)
    sources.iot["TestIotPolicyBuilding"] = BUILDING
    sources.attached[IDENTITY] = ("TestIotPolicyBuilding",)
    return sources


@pytest.mark.parametrize(("own", "other"), [("1", "2"), ("2", "1")])
async def test_a_building_s_user_is_held_to_the_building(own: str, other: str) -> None:
    connection = await World(buildings()).connect(actors.cognito(tags={"building_id": own}))
    assert connection.may_connect("any", None, is_persistent=False)
    assert connection.may_subscribe(f"building/{own}")
    assert connection.may_publish(own, retain=False)
    assert connection.may_receive(own)
    for topic_filter in (f"building/{other}", "building/+", "building/#", "#", own):
        assert not connection.may_subscribe(topic_filter)
    for topic in (other, f"building/{own}", f"building/{other}", f"{own}/{other}"):
        assert not connection.may_publish(topic, retain=False)
        assert not connection.may_receive(topic)
    assert not connection.may_publish(own, retain=True)


@pytest.mark.parametrize("tags", [{}, {"building_id": "*"}, {"building_id": ""}])
async def test_a_tag_that_is_missing_or_odd_opens_nothing(tags: dict[str, str]) -> None:
    connection = await World(buildings()).connect(actors.cognito(tags=tags))
    assert connection.may_connect("any", None, is_persistent=False)
    assert not connection.may_publish("1", retain=False)
    assert not connection.may_subscribe("building/1")
    assert not connection.may_receive("1")


async def test_a_denial_says_whose_and_why() -> None:
    world = World(buildings())
    connection = await world.connect(actors.cognito(tags={"building_id": "1"}))
    connection.may_connect("phone", None, is_persistent=False)
    assert not connection.may_publish("2", retain=False)
    (denial,) = world.denials.recent()
    assert denial.identity_id == IDENTITY
    assert denial.sub == "sub-1"
    assert denial.client_id == "phone"
    assert (denial.action, denial.resource) == ("iot:Publish", iot("topic/2"))
    assert denial.layer == "identity-based policy"
    assert denial.statements == ("p0[ReceiveMessages]",)
    assert denial.variables == {"aws:PrincipalTag/building_id": "1"}
    assert denial.time_s == NOW_S
    assert connection.reason() == denial.sentence


async def test_without_the_setting_iot_policies_see_no_principal_tags() -> None:
    world = World(buildings(), has_iot_principal_tags=False)
    connection = await world.connect(actors.cognito(tags={"building_id": "1"}))
    assert connection.may_connect("any", None, is_persistent=False)
    assert not connection.may_publish("1", retain=False)
    assert world.denials.recent()[0].layer == "IoT policy"


# Condition keys of a connection


def listener(*statements: object) -> Sources:
    sources = Sources()
    sources.iot["plain"] = policy(*statements)  # type: ignore[arg-type]
    return sources


async def test_the_client_id_is_known_from_connect_on_in_iot_policies_only() -> None:
    own = policy(allow("iot:*", [iot("client/*"), iot("topic/${iot:ClientId}")]))
    sources = generous()
    sources.iot["plain"] = own
    sources.roles[ROLE] = identity_policies(own)
    plain = await World(sources).connect(actors.listener_client())
    assert not plain.may_publish("c1", retain=False)
    assert plain.may_connect("c1", None, is_persistent=False)
    assert plain.may_publish("c1", retain=False)
    assert not plain.may_publish("c2", retain=False)
    session = await World(sources).connect(actors.role_session())
    assert session.may_connect("c1", None, is_persistent=False)
    assert not session.may_publish("c1", retain=False)


async def test_connect_attributes() -> None:
    no_extras = {"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}}
    sources = listener(allow("iot:Connect", Condition=no_extras), allow("iot:Publish"))
    connection = await World(sources).connect(actors.listener_client())
    assert connection.may_connect("c", None, is_persistent=False)
    assert connection.may_connect("c", None, is_persistent=True)
    assert not connection.may_connect("c", Will("t", False), is_persistent=True)


async def test_a_will_needs_what_publishing_it_needs() -> None:
    sources = listener(allow("iot:Connect"), allow("iot:Publish", iot("topic/will")))
    connection = await World(sources).connect(actors.listener_client())
    assert connection.may_connect("c", Will("will", False), is_persistent=False)
    assert not connection.may_connect("c", Will("will", True), is_persistent=False)
    assert not connection.may_connect("c", Will("elsewhere", False), is_persistent=False)


async def test_the_will_s_topic_is_a_condition_key() -> None:
    condition = {"ArnEquals": {"iot:LastWillTopic": iot("topic/will")}}
    sources = listener(allow("iot:Connect", Condition=condition), allow("iot:Publish"))
    connection = await World(sources).connect(actors.listener_client())
    assert connection.may_connect("c", Will("will", False), is_persistent=False)
    assert not connection.may_connect("c", Will("other", False), is_persistent=False)
    assert not connection.may_connect("c", None, is_persistent=False)


async def test_retain_publish_is_the_role_s_alone() -> None:
    sources = generous()
    sources.iot["wide"] = policy(allow("iot:Publish"))
    assert (await World(sources).connect(actors.cognito())).may_publish("t", retain=True)
    sources.roles[ROLE] = identity_policies(policy(allow("iot:Publish")))
    denied = await World(sources).connect(actors.cognito())
    assert denied.may_publish("t", retain=False)
    assert not denied.may_publish("t", retain=True)


@pytest.mark.parametrize("written", ["a/+", "$share/g/a/+"])
async def test_shared_subscriptions_take_policies_written_either_way(written: str) -> None:
    sources = listener(allow("iot:Subscribe", iot(f"topicfilter/{written}")))
    connection = await World(sources).connect(actors.listener_client())
    assert connection.may_subscribe("$share/g/a/+")
    assert not connection.may_subscribe("$share/g/b/+")
    assert not connection.may_subscribe("$share/g")
    sources.iot["plain"] = policy(
        allow("iot:Subscribe"), deny("iot:Subscribe", iot(f"topicfilter/{written}"))
    )
    connection = await World(sources).connect(actors.listener_client())
    assert not connection.may_subscribe("$share/g/a/+")


# Revocation: the same object, the next question


async def _detach(world: World) -> None:
    world.sources.attached[IDENTITY] = ()
    await world.directory.attachments_changed(ACCOUNT, REGION, IDENTITY)


async def _new_default_version(world: World) -> None:
    world.sources.iot["wide"] = policy(allow("iot:Connect"))
    await world.directory.iot_policy_changed(ACCOUNT, REGION, "wide")


async def _edit_role(world: World) -> None:
    world.sources.roles[ROLE] = identity_policies(policy(allow("iot:Connect")))
    await world.directory.role_changed(ROLE)


async def _delete_role(world: World) -> None:
    del world.sources.roles[ROLE]
    await world.directory.role_changed(ROLE)


async def _edit_managed_policy(world: World) -> None:
    world.sources.roles[ROLE] = identity_policies(policy(allow("iot:Connect")))
    await world.directory.managed_policy_changed(f"arn:aws:iam::{ACCOUNT}:policy/p")


async def _delete_identity(world: World) -> None:
    world.sources.gone.add(IDENTITY)
    await world.directory.identity_changed(IDENTITY)


@pytest.mark.parametrize(
    "revoke",
    [
        _detach,
        _new_default_version,
        _edit_role,
        _delete_role,
        _edit_managed_policy,
        _delete_identity,
    ],
)
async def test_revocation_is_immediate(revoke: Callable[[World], Awaitable[None]]) -> None:
    world = World()
    connection = await world.connect(actors.cognito())
    assert connection.may_publish("t", retain=False)
    assert connection.may_receive("t")
    epoch = connection.epoch
    await revoke(world)
    assert connection.epoch != epoch
    assert not connection.may_publish("t", retain=False)
    assert not connection.may_receive("t")


async def test_user_and_listener_policies_are_revoked_too() -> None:
    world = World()
    user = await world.connect(actors.iam_user())
    plain = await world.connect(actors.listener_client())
    assert user.may_publish("t", retain=False)
    assert plain.may_publish("t", retain=False)
    del world.sources.users[USER]
    await world.directory.user_changed(USER)
    assert not user.may_publish("t", retain=False)
    del world.sources.iot["plain"]
    await world.directory.iot_policy_changed(ACCOUNT, REGION, "plain")
    assert not plain.may_publish("t", retain=False)


async def test_a_grant_is_immediate() -> None:
    sources = generous()
    sources.attached.clear()
    world = World(sources)
    connection = await world.connect(actors.cognito())
    assert not connection.may_publish("t", retain=False)
    sources.attached[IDENTITY] = ("wide",)
    await world.directory.attachments_changed(ACCOUNT, REGION, IDENTITY)
    assert connection.may_publish("t", retain=False)


async def test_a_change_before_connect_holds_for_connect() -> None:
    world = World()
    connection = await world.connect(actors.cognito())
    assert connection.may_connect("c", None, is_persistent=False)
    await _detach(world)
    assert not connection.may_connect("c", None, is_persistent=False)


# The cache


async def test_answers_are_kept_until_the_epoch_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[object] = []

    def counted(layers: Sequence[Layer], questions: Sequence[Question]) -> Decision:
        judged.append(questions)
        return decide_any(layers, questions)

    monkeypatch.setattr(connection_module, "decide_any", counted)
    world = World()
    connection = await world.connect(actors.cognito())
    for _ in range(5):
        assert connection.may_receive("t")
    assert len(judged) == 1
    connection.may_publish("t", retain=False)
    assert len(judged) == 2
    await world.directory.role_changed(ROLE)
    connection.may_receive("t")
    assert len(judged) == 3


async def test_the_cache_is_bounded() -> None:
    sources = generous()
    sources.iot["plain"] = policy(allow("iot:*", iot("topic/even/*")))
    connection = await World(sources).connect(actors.listener_client())
    for number in range(connection_module.MAX_ANSWERS * 2):
        assert connection.may_receive(f"even/{number}")
        assert not connection.may_receive(f"odd/{number}")
        assert connection.cached_answers <= connection_module.MAX_ANSWERS


async def test_answers_on_overlong_names_are_not_kept() -> None:
    connection = await World().connect(actors.cognito())
    overlong = "t" * (connection_module.MAX_KEPT_NAME + 1)
    assert connection.may_receive(overlong)
    assert connection.cached_answers == 0
    world = World(Sources())
    refused = await world.connect(actors.cognito())
    assert not refused.may_receive(overlong)
    assert not refused.may_receive(overlong)
    assert [denial.count for denial in world.denials.recent()] == [1, 1]


async def test_repeated_denials_are_counted_on_one_record() -> None:
    world = World(Sources())
    connection = await world.connect(actors.cognito())
    for _ in range(3):
        assert not connection.may_publish("t", retain=False)
    world.clock.advance(2)
    assert not connection.may_publish("t", retain=False)
    (denial,) = world.denials.recent()
    assert denial.count == 4
    assert denial.last_time_s == NOW_S + 2
    assert world.denials.counts == {"iot:Publish": 4}


async def test_the_reason_is_the_last_refusal_s() -> None:
    world = World(Sources())
    connection = await world.connect(actors.cognito())
    assert connection.reason() == ""
    connection.may_publish("a", retain=False)
    connection.may_receive("b")
    assert iot("topic/b") in connection.reason()
    connection.may_publish("a", retain=False)
    assert iot("topic/a") in connection.reason()


async def test_clock_policies_are_judged_anew_every_second() -> None:
    until = {"NumericLessThan": {"aws:EpochTime": str(int(NOW_S) + 2)}}
    world = World(listener(allow("iot:Receive", Condition=until)))
    connection = await world.connect(actors.listener_client())
    epoch = connection.epoch
    assert connection.epoch_source is None
    assert connection.may_receive("t")
    world.clock.advance(1)
    assert connection.epoch != epoch
    assert connection.may_receive("t")
    world.clock.advance(1)
    assert not connection.may_receive("t")
    world.clock.advance(1)
    assert not connection.may_receive("t")
    (denial,) = world.denials.recent()
    assert denial.count == 2


async def test_without_clock_policies_time_changes_no_epoch() -> None:
    world = World()
    connection = await world.connect(actors.cognito())
    epoch = connection.epoch
    assert connection.epoch_source is world.directory
    world.clock.advance(1000)
    assert connection.epoch == epoch


async def test_a_policy_that_starts_to_look_at_the_clock_is_noticed() -> None:
    world = World()
    connection = await world.connect(actors.listener_client())
    assert connection.may_receive("t")
    until = {"NumericLessThan": {"aws:EpochTime": str(int(NOW_S) + 1)}}
    world.sources.iot["plain"] = policy(allow("iot:Receive", Condition=until))
    sources = [connection.epoch_source]
    await world.directory.iot_policy_changed(ACCOUNT, REGION, "plain")
    sources.append(connection.epoch_source)
    assert sources == [world.directory, None]
    assert connection.may_receive("t")
    world.clock.advance(1)
    assert not connection.may_receive("t")


# Life and names


async def test_a_closed_connection_is_refused_and_holds_nothing() -> None:
    world = World()
    connection = await world.connect(actors.cognito())
    assert connection.may_publish("t", retain=False)
    connection.close()
    connection.close()
    assert not connection.may_publish("t", retain=False)
    assert not connection.may_connect("c", None, is_persistent=False)
    epoch = world.directory.epoch
    await world.directory.role_changed(ROLE)
    assert world.directory.epoch == epoch


COGNITO_USER_ID = "AROAEXAMPLEEXAMPLE00:CognitoIdentityCredentials"


@pytest.mark.parametrize(
    ("principal", "identifier"),
    [
        (
            actors.cognito(),
            f"{ACCOUNT}/{COGNITO_USER_ID}/{COGNITO_USER_ID}",
        ),
        (actors.iam_user(), f"{ACCOUNT}/AIDAEXAMPLEEXAMPLE00/AIDAEXAMPLEEXAMPLE00"),
        (actors.root(), f"{ACCOUNT}/{ACCOUNT}/{ACCOUNT}"),
        (actors.listener_client(), "listener:policy/plain"),
    ],
)
async def test_principal_identifiers(principal: Principal, identifier: str) -> None:
    assert (await World().connect(principal)).principal_identifier == identifier


async def test_a_question_for_explanation_leaves_no_trace() -> None:
    world = World()
    judge = await world.connect(actors.cognito())
    assert judge.may_connect("me", None, is_persistent=False)
    world.sources.iot["wide"] = policy(
        allow("iot:Publish", Condition={"StringEquals": {"iot:ClientId": "me", "aws:x": "1"}})
    )
    await world.directory.iot_policy_changed(ACCOUNT, REGION, "wide")
    topic = actors.iot("topic/a")
    assert judge.decide("iot:Publish", topic, {}).layer_name == "IoT policy"
    assert judge.decide("iot:Publish", topic, {"aws:x": ("1",)}).is_allowed
    assert world.denials.recent() == ()
    assert judge.cached_answers == 0
    judge.close()
