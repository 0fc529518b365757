"""Decisions: the combination rule, that they are no bools, and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.authz import actors
from tests.unit.authz.actors import ALLOW_ALL, DENY_ALL, allow, deny, policy

from keyfob.authz.context import Contexts
from keyfob.authz.decision import Question, decide, decide_any
from keyfob.authz.errors import NotAllowedError
from keyfob.authz.layers import Layer, LayerKind, Part
from keyfob.policy import (
    EMPTY_CONTEXT,
    Effect,
    PolicyKind,
    RequestContext,
    compile_policy,
    parse_policy,
)

ARN = "arn:aws:sts::123456789012:assumed-role/Role/session"
NOTHING = policy(allow("s3:*"))


def question(
    resource: str = "arn:aws:iot:eu-central-1:123456789012:topic/1", **tags: str
) -> Question:
    context = RequestContext({f"aws:PrincipalTag/{key}": (tags[key],) for key in tags})
    return Question(ARN, "iot:Publish", resource, Contexts(context, EMPTY_CONTEXT))


def layer(kind: LayerKind, part: Part, *documents: str) -> Layer:
    policies = tuple(
        compile_policy(parse_policy(text, PolicyKind.IDENTITY), f"p{number}")
        for number, text in enumerate(documents)
    )
    return Layer(kind, part, policies)


def grant(*documents: str) -> Layer:
    return layer(LayerKind.IDENTITY, Part.GRANT, *documents)


def ceiling(*documents: str) -> Layer:
    return layer(LayerKind.BOUNDARY, Part.CEILING, *documents)


@pytest.mark.parametrize(
    ("layers", "effect", "deciding"),
    [
        ([], Effect.IMPLICIT_DENY, None),
        ([grant(ALLOW_ALL)], Effect.ALLOW, LayerKind.IDENTITY),
        ([grant()], Effect.IMPLICIT_DENY, LayerKind.IDENTITY),
        ([grant(NOTHING)], Effect.IMPLICIT_DENY, LayerKind.IDENTITY),
        ([ceiling(ALLOW_ALL)], Effect.IMPLICIT_DENY, None),
        ([grant(ALLOW_ALL), ceiling(ALLOW_ALL)], Effect.ALLOW, LayerKind.IDENTITY),
        ([grant(ALLOW_ALL), ceiling()], Effect.IMPLICIT_DENY, LayerKind.BOUNDARY),
        ([grant(NOTHING), ceiling(NOTHING)], Effect.IMPLICIT_DENY, LayerKind.IDENTITY),
        ([grant(NOTHING), grant(ALLOW_ALL)], Effect.ALLOW, LayerKind.IDENTITY),
        ([grant(ALLOW_ALL, DENY_ALL)], Effect.EXPLICIT_DENY, LayerKind.IDENTITY),
        ([grant(NOTHING), ceiling(DENY_ALL)], Effect.EXPLICIT_DENY, LayerKind.BOUNDARY),
        (
            [grant(ALLOW_ALL), ceiling(ALLOW_ALL), ceiling()],
            Effect.IMPLICIT_DENY,
            LayerKind.BOUNDARY,
        ),
    ],
)
def test_combination(layers: list[Layer], effect: Effect, deciding: LayerKind | None) -> None:
    decision = decide(layers, question())
    assert decision.effect is effect
    assert len(decision.outcomes) == len(layers)
    assert decision.layer is deciding


LAYERS = st.lists(
    st.sampled_from(
        [
            make(text)
            for make in (grant, ceiling)
            for text in (ALLOW_ALL, DENY_ALL, NOTHING, policy(allow("iot:Publish")))
        ]
    ),
    max_size=5,
)


@given(layers=LAYERS, more=LAYERS)
def test_more_ceilings_never_widen(layers: list[Layer], more: list[Layer]) -> None:
    ceilings = [each for each in more if each.part is Part.CEILING]
    if decide([*layers, *ceilings], question()).is_allowed:
        assert decide(layers, question()).is_allowed


@given(layers=LAYERS, data=st.data())
def test_the_order_of_layers_decides_nothing(layers: list[Layer], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(layers))
    assert decide(shuffled, question()).effect is decide(layers, question()).effect


def test_a_decision_is_no_bool() -> None:
    with pytest.raises(TypeError, match="no bool"):
        bool(decide([grant(ALLOW_ALL)], question()))


def test_require_allow() -> None:
    decide([grant(ALLOW_ALL)], question()).require_allow()
    with pytest.raises(NotAllowedError, match="is not authorized to perform: iot:Publish"):
        decide([grant(NOTHING)], question()).require_allow()


@pytest.mark.parametrize(
    ("kind", "documents", "ending"),
    [
        (
            LayerKind.IDENTITY,
            (NOTHING,),
            "because no identity-based policy allows the iot:Publish action",
        ),
        (LayerKind.IDENTITY, (DENY_ALL,), "with an explicit deny in an identity-based policy"),
        (
            LayerKind.BOUNDARY,
            (NOTHING,),
            "because no permissions boundary allows the iot:Publish action",
        ),
        (LayerKind.BOUNDARY, (DENY_ALL,), "with an explicit deny in a permissions boundary"),
        (LayerKind.SESSION, (NOTHING,), "because no session policy allows the iot:Publish action"),
        (LayerKind.SESSION, (DENY_ALL,), "with an explicit deny in a session policy"),
        (LayerKind.IOT, (NOTHING,), "because no IoT policy allows the iot:Publish action"),
        (LayerKind.IOT, (DENY_ALL,), "with an explicit deny in an IoT policy"),
    ],
)
def test_messages_are_aws_s(kind: LayerKind, documents: tuple[str, ...], ending: str) -> None:
    layers = [layer(LayerKind.IDENTITY, Part.GRANT, ALLOW_ALL)]
    if kind is LayerKind.IDENTITY:
        layers = [layer(kind, Part.GRANT, *documents)]
    else:
        layers.append(layer(kind, Part.CEILING, *documents))
    assert decide(layers, question()).message == (
        f"User: {ARN} is not authorized to perform: iot:Publish on resource: "
        f"arn:aws:iot:eu-central-1:123456789012:topic/1 {ending}"
    )


def test_an_explanation_names_the_nearest_statement_and_its_variables() -> None:
    mine = actors.iot("topic/${aws:PrincipalTag/building_id}")
    document = policy(allow("s3:*"), allow("iot:Publish", mine, Sid="Mine"))
    decision = decide([grant(document)], question(actors.iot("topic/2"), building_id="1"))
    explanation = decision.explanation
    assert explanation.statements == ("p0[Mine]",)
    assert explanation.variables == {"aws:PrincipalTag/building_id": "1"}
    assert "topic/1" in explanation.sentence
    assert explanation.sentence.startswith("identity-based policy: ")
    assert decision.explanation is explanation


def test_an_explanation_says_which_key_is_missing() -> None:
    mine = actors.iot("topic/${aws:PrincipalTag/building_id}")
    decision = decide([grant(policy(allow("iot:Publish", mine)))], question())
    assert decision.explanation.variables == {"aws:PrincipalTag/building_id": None}


def test_an_explicit_deny_names_the_denying_statement() -> None:
    document = policy(allow(), deny("iot:Publish", Sid="Never"))
    decision = decide([grant(document)], question())
    assert decision.explanation.statements == ("p0[Never]",)


def test_any_of_several_forms_is_enough_and_a_deny_of_one_ends_it() -> None:
    first, second = actors.iot("topicfilter/a"), actors.iot("topicfilter/b")
    forms = [question(first), question(second)]
    only_second = grant(policy(allow("iot:*", second)))
    assert decide_any([only_second], forms).effect is Effect.ALLOW
    denied = grant(policy(allow("iot:*"), deny("iot:*", first)))
    assert decide_any([denied], forms).effect is Effect.EXPLICIT_DENY
    assert decide_any([grant(NOTHING)], forms).question is forms[0]


def test_forms_do_not_borrow_from_each_other_across_layers() -> None:
    first, second = actors.iot("topicfilter/a"), actors.iot("topicfilter/b")
    layers = [grant(policy(allow("iot:*", first))), ceiling(policy(allow("iot:*", second)))]
    decision = decide_any(layers, [question(first), question(second)])
    assert decision.effect is Effect.IMPLICIT_DENY
