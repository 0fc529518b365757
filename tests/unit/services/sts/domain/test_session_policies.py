import json

import pytest
from tests.unit.services.sts.fakes import FakeManagedPolicies

from keyfob.core.errors import AwsError
from keyfob.services.sts.domain.session_policies import (
    packed_size_percent,
    read_session_policies,
)

POLICY_ARN = "arn:aws:iam::123456789012:policy/Reader"


def policy(action: str = "iot:Connect") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def code(inline: str | None, *arns: str, known: dict[str, str] | None = None) -> str:
    managed = FakeManagedPolicies(known or {})
    with pytest.raises(AwsError) as caught:
        await read_session_policies(managed, inline, [{"arn": arn} for arn in arns])
    return caught.value.code


async def test_inline_and_managed_policies_are_read_in_order() -> None:
    managed = FakeManagedPolicies({POLICY_ARN: policy("iot:Publish")})
    found = await read_session_policies(managed, policy(), [{"arn": POLICY_ARN}])
    assert found == (policy(), policy("iot:Publish"))
    assert await read_session_policies(managed, None, []) == ()


async def test_refusals() -> None:
    assert await code("{") == "MalformedPolicyDocument"
    assert await code(policy().replace("Allow", "Maybe")) == "MalformedPolicyDocument"
    assert await code(policy("iot:" + "x" * 2048)) == "PackedPolicyTooLarge"
    assert await code(None, POLICY_ARN) == "ValidationError"
    assert await code(None, *[POLICY_ARN] * 11) == "ValidationError"
    half = policy("iot:" + "x" * 1000)
    assert await code(half, POLICY_ARN, known={POLICY_ARN: half}) == "PackedPolicyTooLarge"


def test_packed_size_is_a_percentage_of_what_was_passed() -> None:
    assert packed_size_percent((), {}) is None
    small = packed_size_percent((), {"tenant": "7"})
    larger = packed_size_percent((policy(),), {"tenant": "7"})
    assert small is not None and larger is not None
    assert 0 < small < larger <= 100


def test_too_much_to_pack_is_refused() -> None:
    tags = {f"{number:03}{hash_like(number)}": hash_like(number + 99) for number in range(50)}
    with pytest.raises(AwsError) as caught:
        packed_size_percent((), tags)
    assert caught.value.code == "PackedPolicyTooLarge"


def hash_like(seed: int) -> str:
    """Text that does not deflate well."""
    value, letters = seed + 1, []
    for _ in range(120):
        value = value * 6364136223846793005 % 2**63 + 1442695040888963407
        letters.append(chr(0x4E00 + (value >> 33) % 20_000))
    return "".join(letters)
