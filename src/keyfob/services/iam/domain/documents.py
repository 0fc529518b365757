"""Policy documents: what IAM refuses to save, and how it sends them.

Limits. Characters other than white space: managed policy 6,144, trust policy 2,048, the inline
policies of a role 10,240, of a user 2,048 and of a group 5,120 together (IAM User Guide,
`reference_iam-quotas`, documented).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from keyfob.policy import (
    MANAGED_POLICY_CHARACTERS,
    SIZE_LIMITS,
    PolicyError,
    PolicyKind,
    parse_policy,
    policy_size,
)
from keyfob.services.iam import errors

TRUST_POLICY_CHARACTERS = SIZE_LIMITS[PolicyKind.TRUST]
INLINE_CHARACTERS: Mapping[str, int] = {"role": 10_240, "user": 2_048, "group": 5_120}

COGNITO_PROVIDER = "cognito-identity.amazonaws.com"


def render_document(document: str) -> str:
    """Percent-encode a document after RFC 3986, as every IAM answer carries it.

    Source: IAM API Reference, `PolicyVersion` (documented).
    """
    return quote(document, safe="")


def require_managed_document(document: str) -> None:
    """Refuse a managed policy that cannot be evaluated or is too long.

    Raises:
        AwsError: `MalformedPolicyDocument`, `LimitExceeded`.
    """
    if policy_size(document) > MANAGED_POLICY_CHARACTERS:
        raise errors.quota_exceeded("PolicySize", MANAGED_POLICY_CHARACTERS)
    _require_parsable(document, PolicyKind.IDENTITY)


def require_inline_document(word: str, name: str, document: str) -> None:
    """Refuse an inline policy that cannot be evaluated, or is too long by itself.

    Args:
        word: `role`, `user` or `group`.
        name: whose it is to be.
        document: the policy.

    Raises:
        AwsError: `MalformedPolicyDocument`, `LimitExceeded`.
    """
    require_inline_size(word, name, {"": document})
    _require_parsable(document, PolicyKind.IDENTITY)


def require_inline_size(word: str, name: str, inline: Mapping[str, str]) -> None:
    """Refuse inline policies that are too long together.

    Args:
        word: `role`, `user` or `group`.
        name: whose they are.
        inline: all of them.

    Raises:
        AwsError: `LimitExceeded`.
    """
    limit = INLINE_CHARACTERS[word]
    if sum(map(policy_size, inline.values())) > limit:
        raise errors.inline_size_exceeded(word, name, limit)


def require_trust_policy(document: str) -> None:
    """Refuse a trust policy that cannot be evaluated, is too long, or trusts all of Cognito.

    Raises:
        AwsError: `MalformedPolicyDocument`, `LimitExceeded`.
    """
    if policy_size(document) > TRUST_POLICY_CHARACTERS:
        raise errors.quota_exceeded("ACLSizePerRole", TRUST_POLICY_CHARACTERS)
    _require_parsable(document, PolicyKind.TRUST)
    statements = _as_list(msgspec.json.decode(document)["Statement"])
    for index, statement in enumerate(statements):
        if _trusts_cognito(statement) and not _has_audience(statement):
            raise errors.cognito_trust_without_audience(f"$.Statement[{index}]")


def _require_parsable(document: str, kind: PolicyKind) -> None:
    try:
        parse_policy(document, kind)
    except PolicyError as error:
        raise errors.malformed_document(error) from error


def _trusts_cognito(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow" or not isinstance(principal, Mapping):
        return False
    return COGNITO_PROVIDER in _as_list(principal.get("Federated", []))


def _has_audience(statement: Mapping[str, Any]) -> bool:
    """Return whether any operator looks at the audience; AWS does not say which ones count."""
    wanted = f"{COGNITO_PROVIDER}:aud"
    conditions = statement.get("Condition", {}).values()
    return any(key.lower() == wanted for keys in conditions for key in keys)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
