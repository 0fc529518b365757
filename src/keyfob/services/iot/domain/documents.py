"""IoT policy documents: what IoT refuses to save."""

from keyfob.policy import SIZE_LIMITS, PolicyError, PolicyKind, parse_policy, policy_size
from keyfob.services.iot import errors

POLICY_CHARACTERS = SIZE_LIMITS[PolicyKind.IOT]
"""2,048 characters other than white space; AWS General Reference, IoT Core quotas (documented)."""


def require_iot_document(document: str) -> None:
    """Refuse a policy that cannot be evaluated or is too long.

    Raises:
        AwsError: `MalformedPolicyException`, with the place in the document.
    """
    characters = policy_size(document)
    if characters > POLICY_CHARACTERS:
        raise errors.policy_too_long(characters, POLICY_CHARACTERS)
    try:
        parse_policy(document, PolicyKind.IOT)
    except PolicyError as error:
        raise errors.malformed_policy(error) from error
