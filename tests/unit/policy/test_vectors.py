"""Every case under tests/vectors/policy: decisions, and documents that are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyfob.policy import (
    CompiledPolicy,
    PolicyError,
    PolicyKind,
    PolicyRequest,
    RequestContext,
    RequestPrincipal,
    Trace,
    compile_policy,
    evaluate,
    parse_policy,
    render_explanation,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "policy"
Case = dict[str, Any]


def _load(*, is_refused: bool) -> list[Any]:
    cases: list[Any] = []
    for path in sorted(VECTORS.rglob("*.json")):
        if (path.parent.name == "refused") is is_refused:
            topic = path.relative_to(VECTORS).with_suffix("")
            cases += [
                pytest.param(case, id=f"{topic}: {case['name']}")
                for case in json.loads(path.read_text())
            ]
    return cases


DECISIONS = _load(is_refused=False)
REFUSALS = _load(is_refused=True)


def _compile(policy: Case, index: int) -> CompiledPolicy:
    text = json.dumps(policy["document"])
    kind = PolicyKind(policy["kind"])
    return compile_policy(parse_policy(text, kind), policy.get("name", f"policy{index}"))


def _principal(written: dict[str, list[str]] | None) -> RequestPrincipal | None:
    if written is None:
        return None
    ((form, arguments),) = written.items()
    build = getattr(RequestPrincipal, form)
    principal = build(*arguments)
    assert isinstance(principal, RequestPrincipal)
    return principal


@pytest.mark.parametrize("case", DECISIONS)
def test_decision(case: Case) -> None:
    policies = [_compile(policy, index) for index, policy in enumerate(case["policies"])]
    asked = case["request"]
    request = PolicyRequest(
        asked["action"],
        asked["resource"],
        RequestContext(asked.get("context", {})),
        _principal(asked.get("principal")),
    )
    outcome = evaluate(policies, request)
    assert outcome.effect.value == case["expected"], case["because"]
    trace = Trace()
    assert evaluate(policies, request, trace) == outcome
    explanation = render_explanation(outcome, trace)
    assert "\n" not in explanation
    assert asked["action"] in explanation


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    text = case["text"] if "text" in case else json.dumps(case["document"])
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, PolicyKind(case["kind"]))
    assert caught.value.path == case["path"]
    assert case["says"] in caught.value.message
    assert caught.value.message[0] in "`'\"" or caught.value.message[0].islower()
    assert not caught.value.message.endswith(".")


def test_every_case_says_why_and_after_whom() -> None:
    for parameter in (*DECISIONS, *REFUSALS):
        (case,) = parameter.values
        assert case["because"], parameter.id
        labels = ("documented", "observed", "inferred")
        assert any(label in case["source"] for label in labels), parameter.id


def test_corpus_is_not_empty() -> None:
    assert len(DECISIONS) >= 600
    assert len(REFUSALS) >= 60
