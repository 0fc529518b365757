"""Fuzz the policy parser: every text is accepted or refused with `PolicyError`, in bounded time.

    python -m fuzz.policy_parser [--seconds 300] [--seed-vectors tests/vectors/policy]

Coverage-guided by atheris where it is installed; otherwise the same mutations run unguided. What is
accepted is compiled, asked once, and asked again with a trace, which must decide alike.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz.runner import run
from keyfob.policy import (
    PolicyError,
    PolicyKind,
    PolicyRequest,
    RequestContext,
    RequestPrincipal,
    Trace,
    compile_policy,
    evaluate,
    parse_policy,
)

MAX_CHECK_S = 1.0
"""A single text takes milliseconds; this is far beyond noise and far below a hang."""

KINDS = tuple(PolicyKind)

WORDS = (
    *("Version", "2012-10-17", "2008-10-17", "Id", "Statement", "Sid", "Effect", "Allow", "Deny"),
    *("Principal", "NotPrincipal", "AWS", "Federated", "Service", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition", "StringLike", "ForAnyValue:StringEquals"),
    *("ForAllValues:ArnLikeIfExists", "Null", "Bool", "IpAddress", "NumericLessThan"),
    *("DateGreaterThan", "BinaryEquals", "iot:Publish", "iot:*", "*", "?", "${", "}", "${*}"),
    *("${aws:PrincipalTag/a}", "${aws:username, 'x'}", "${iot:ClientId}", "arn:aws:iot:::topic/"),
    *("arn:aws:iam::123456789012:root", "aws:SourceIp", "10.0.0.0/8", "true", "1e999", "\\u0000"),
)

REQUEST = PolicyRequest(
    "iot:Publish",
    "arn:aws:iot:eu-central-1:123456789012:topic/" + "a" * 200,
    RequestContext({"aws:PrincipalTag/a": ("a" * 200,), "aws:SourceIp": ("10.1.2.3",)}),
    RequestPrincipal.user("123456789012", "arn:aws:iam::123456789012:user/a"),
)


def check(data: bytes) -> bool:
    """Hold one input against the oracle; the first byte chooses the kind of policy.

    Returns:
        Whether the parser accepted it.

    Raises:
        Exception: the parser let something else than `PolicyError` through: a finding.
        AssertionError: it took too long, or a trace changed the decision.
    """
    if not data:
        return False
    kind = KINDS[data[0] % len(KINDS)]
    text = data[1:].decode("utf-8", "surrogateescape")
    started = time.monotonic()
    try:
        policy = compile_policy(parse_policy(text, kind), "fuzz")
    except PolicyError:
        accepted = False
    else:
        accepted = True
        plain, traced = evaluate([policy], REQUEST), evaluate([policy], REQUEST, Trace())
        assert plain == traced, "a trace changed the decision"
    took_s = time.monotonic() - started
    assert took_s < MAX_CHECK_S, f"{took_s:.1f} s for {len(text)} characters"
    return accepted


def read_seeds(folder: Path) -> Iterator[bytes]:
    """Yield every policy of the vectors, once for each kind."""
    for path in sorted(folder.rglob("*.json")):
        for document in _find_documents(json.loads(path.read_text())):
            text = json.dumps(document).encode()
            for number in range(len(KINDS)):
                yield bytes([number]) + text


def _find_documents(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for each in value.values():
            yield from _find_documents(each)
    elif isinstance(value, list):
        for each in value:
            yield from _find_documents(each)


def mutate(seed: bytes, source: random.Random) -> bytes:
    """Change a text in one to eight places: cut, repeat, splice in words of the language, flip."""
    data = bytearray(seed)
    for _ in range(source.randint(1, 8)):
        place = source.randrange(len(data) + 1)
        end = min(len(data), place + source.randint(1, 30))
        match source.randrange(5):
            case 0:
                del data[place:end]
            case 1:
                data[place:place] = data[place:end] * source.randint(1, 50)
            case 2:
                data[place:end] = source.choice(WORDS).encode()
            case 3:
                data[place:place] = source.choice(b'{}[]",:\\0123456789 -').to_bytes(1, "big")
            case _ if place < len(data):
                data[place] ^= 1 << source.randrange(8)
    return bytes(data)


def main() -> None:
    """Run for the time given; a finding ends the program with an error."""
    parser = argparse.ArgumentParser(description="fuzz the policy parser")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed-vectors", type=Path, default=Path("tests/vectors/policy"))
    options = parser.parse_args()
    seeds = list(read_seeds(options.seed_vectors))
    run(check, seeds, mutate, options.seconds, WORDS)


if __name__ == "__main__":
    main()
