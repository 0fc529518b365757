"""Tags of identity pools.

Source: Cognito Developer Guide, `tagging` (documented: 50 tags, `aws:` is reserved).
"""

from collections.abc import Mapping

from keyfob.services.cognito_identity import errors

MAX_TAGS = 50


def require_legal_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags that a pool may have.

    Raises:
        AwsError: `InvalidParameterException` for too many or a reserved key.
    """
    for key in tags:
        if key.lower().startswith("aws:"):
            raise errors.reserved_tag_key(key)
    if len(tags) > MAX_TAGS:
        raise errors.too_many_tags(MAX_TAGS)
    return dict(tags)
