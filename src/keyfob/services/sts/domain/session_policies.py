"""Session policies passed with a call, and how much of the allotted space a session takes.

Source: STS API Reference, `AssumeRole` (documented): up to ten managed policies; inline and managed
plaintext together at most 2,048 characters; policies and tags are packed, and the answer says how
much of the limit that takes in percent. AWS does not say how it packs or what the limit is; here
it is deflated JSON of at most `MAX_PACKED_BYTES` (inferred).
"""

import zlib
from collections.abc import Mapping, Sequence

import msgspec

from keyfob.policy import PolicyError, PolicyKind, parse_policy
from keyfob.services.sts import errors
from keyfob.services.sts.ports import ManagedPolicyLookup

MAX_POLICY_ARNS = 10
MAX_PLAINTEXT_CHARACTERS = 2_048
MAX_PACKED_BYTES = 4_096


async def read_session_policies(
    managed: ManagedPolicyLookup, inline: str | None, policy_arns: Sequence[Mapping[str, str]]
) -> tuple[str, ...]:
    """Return the documents of a call's `Policy` and `PolicyArns`.

    Raises:
        AwsError: `MalformedPolicyDocument`, `PackedPolicyTooLarge`, or `ValidationError` for too
            many or unknown ARNs.
    """
    if len(policy_arns) > MAX_POLICY_ARNS:
        raise errors.validation_error(
            f"A session takes at most {MAX_POLICY_ARNS} managed session policies."
        )
    documents = [] if inline is None else [inline]
    for entry in policy_arns:
        policy_arn = entry.get("arn", "")
        document = await managed.default_document(policy_arn)
        if document is None:
            raise errors.no_such_managed_policy(policy_arn)
        documents.append(document)
    if sum(len(document) for document in documents) > MAX_PLAINTEXT_CHARACTERS:
        raise errors.session_policies_too_long()
    for document in documents:
        try:
            parse_policy(document, PolicyKind.SESSION)
        except PolicyError as problem:
            raise errors.malformed_policy(str(problem)) from None
    return tuple(documents)


def packed_size_percent(documents: Sequence[str], tags: Mapping[str, str]) -> int | None:
    """Return `PackedPolicySize`; None where neither policies nor tags were passed.

    Raises:
        AwsError: `PackedPolicyTooLarge` above 100 percent.
    """
    if not documents and not tags:
        return None
    packed = zlib.compress(msgspec.json.encode([documents, tags]))
    percent = -(-100 * len(packed) // MAX_PACKED_BYTES)
    if percent > 100:
        raise errors.packed_policy_too_large(percent)
    return percent
