"""Policy decisions a second, cold, beside cedarpy on equivalent policies in the same run.

    python -m benchmarks.policy

Cold means compiled but not cached: every decision builds its request and evaluates. Cedar
gets its policies and entities parsed beforehand and the topic taken apart already, since it
has no pattern over a text with a variable inside; that favours it.
"""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import cedarpy

from keyfob.policy import (
    Effect,
    PolicyKind,
    PolicyRequest,
    RequestContext,
    compile_policy,
    evaluate,
    parse_policy,
)

ARN = "arn:aws:iot:eu-central-1:123456789012:"
TAG = "${aws:PrincipalTag/building_id}"
PRODUCTION = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "ConnectClient", "Effect": "Allow", "Action": ["iot:Connect"], "Resource": "*"},
        {
            "Sid": "SubscribeToTopics",
            "Effect": "Allow",
            "Action": ["iot:Subscribe"],
            "Resource": f"{ARN}topicfilter/building/{TAG}",
        },
        {
            "Sid": "ReceiveMessages",
            "Effect": "Allow",
            "Action": ["iot:Receive", "iot:Publish"],
            "Resource": f"{ARN}topic/{TAG}",
        },
    ],
}
CEDAR = """
permit(principal, action == Action::"Connect", resource);
permit(principal, action == Action::"Subscribe", resource)
  when { context.kind == "topicfilter/building" && context.name == principal.building_id };
permit(principal, action in [Action::"Receive", Action::"Publish"], resource)
  when { context.kind == "topic" && context.name == principal.building_id };
"""
ROUNDS = 7
COUNT = 20_000


def _rate(call: Callable[[], object], count: int) -> float:
    """Return the median calls a second of several rounds."""
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(count):
            call()
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates)


def _keyfob_case(building: str) -> Callable[[], object]:
    policies = [compile_policy(parse_policy(json.dumps(PRODUCTION), PolicyKind.IDENTITY), "p")]
    base = RequestContext({"aws:PrincipalTag/building_id": ["1"], "aws:SourceIp": ["192.0.2.1"]})
    resource = f"{ARN}topic/{building}"
    expected = Effect.ALLOW if building == "1" else Effect.IMPLICIT_DENY

    def decide() -> object:
        return evaluate(policies, PolicyRequest("iot:Publish", resource, base)).effect

    assert decide() is expected
    return decide


def _cedar_case(building: str) -> Callable[[], object]:
    policies = cedarpy.PolicySet.from_str(CEDAR)
    uid = {"type": "User", "id": "ada"}
    entity = {"uid": uid, "attrs": {"building_id": "1"}, "parents": []}
    entities = cedarpy.Entities.from_json_str(json.dumps([entity]))
    request: dict[str, Any] = {
        "principal": uid,
        "action": {"type": "Action", "id": "Publish"},
        "resource": {"type": "Topic", "id": f"topic/{building}"},
        "context": {"kind": "topic", "name": building},
    }

    def decide() -> object:
        return cedarpy.is_authorized(request, policies, entities).decision

    assert (decide() == cedarpy.Decision.Allow) is (building == "1")
    return decide


def _large_policy(size: int) -> str:
    statements: list[dict[str, Any]] = []
    while True:
        index = len(statements)
        statement = {
            "Sid": f"S{index}",
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:Receive"],
            "Resource": f"{ARN}topic/{index}/{TAG}/*",
            "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [*statements, statement]})
        if len("".join(text.split())) > size:
            return json.dumps({"Version": "2012-10-17", "Statement": statements})
        statements.append(statement)


def _statements(count: int) -> Callable[[], object]:
    statements = [
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": f"{ARN}topic/{index}/{TAG}"}
        for index in range(count)
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    policies = [compile_policy(parse_policy(text, PolicyKind.IDENTITY), "p")]
    context = RequestContext({"aws:PrincipalTag/building_id": ["1"]})
    return lambda: evaluate(policies, PolicyRequest("iot:Publish", f"{ARN}topic/x", context))


def main() -> None:
    """Print the figures."""
    print(f"{'case':<34}{'keyfob/s':>12}{'cedarpy/s':>12}{'ratio':>8}")
    for label, building in (
        ("production policy, allowed", "1"),
        ("production policy, denied", "2"),
    ):
        ours = _rate(_keyfob_case(building), COUNT)
        theirs = _rate(_cedar_case(building), COUNT // 10)
        print(f"{label:<34}{ours:>12,.0f}{theirs:>12,.0f}{ours / theirs:>8.1f}")
    for size in (1_024, 2_048):
        text = _large_policy(size)
        parse = _rate(lambda text=text: parse_policy(text, PolicyKind.IDENTITY), 100)  # type: ignore[misc]
        document = parse_policy(text, PolicyKind.IDENTITY)
        compiled = _rate(lambda document=document: compile_policy(document, "p"), 100)  # type: ignore[misc]
        print(f"{size:,} characters: parse {1e3 / parse:.3f} ms, compile {1e3 / compiled:.3f} ms")
    for count in (1, 10, 50):
        microseconds = 1e6 / _rate(_statements(count), 2_000)
        print(f"{count} statements about the action: {microseconds:.2f} us a decision")


if __name__ == "__main__":
    main()
