"""How large policy documents may be, counted as AWS counts them: without white space."""

from keyfob.policy.document import PolicyKind

SIZE_LIMITS = {
    PolicyKind.IDENTITY: 10_240,
    PolicyKind.RESOURCE: 20_480,
    PolicyKind.TRUST: 2_048,
    PolicyKind.SESSION: 2_048,
    PolicyKind.IOT: 2_048,
}
"""Characters per document.

Documented: 2,048 for IoT and session policies (AWS General Reference, "AWS IoT Core
endpoints and quotas"; STS API), 10,240 for all inline policies of a role together, 2,048
for a trust policy (IAM User Guide, "IAM and AWS STS quotas"). Resource policies differ by
service; 20,480 is S3's and the largest (inferred as a bound for all).
"""

MANAGED_POLICY_CHARACTERS = 6_144
"""A customer managed policy (documented, "IAM and AWS STS quotas"); `iam` checks it."""

MAX_TEXT_CHARACTERS = 131_072
"""Longest text read at all, white space included: what the IAM API model accepts."""

_WHITE_SPACE = str.maketrans("", "", " \t\r\n")


def policy_size(text: str) -> int:
    """Return the number of characters that count towards a limit."""
    return len(text.translate(_WHITE_SPACE))
