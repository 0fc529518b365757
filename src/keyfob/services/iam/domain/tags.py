"""Tags: keys are unique regardless of case and keep the case they were first given.

Source: IAM User Guide, `id_tags` (documented).
"""

from collections.abc import Iterable, Mapping, Sequence

from keyfob.services.iam import errors

MAX_TAGS = 50
"""Tags of one resource; IAM User Guide, `reference_iam-quotas` (documented)."""

TagList = Sequence[Mapping[str, str]]
"""`[{"Key": ..., "Value": ...}]`, the form of requests and answers."""


def add_tags(tags: Mapping[str, str], added: TagList, quota: str) -> dict[str, str]:
    """Return tags with others added; a known key, in any case, gets the new value.

    Args:
        tags: the present ones.
        added: the request's.
        quota: the quota's name, for instance `TagsPerRole`.

    Raises:
        AwsError: `InvalidInput` for reserved or repeated keys, `LimitExceeded` beyond 50 tags.
    """
    keys = [tag["Key"].lower() for tag in added]
    if len(set(keys)) != len(keys):
        raise errors.duplicate_tag_keys()
    result = dict(tags)
    spelling = {key.lower(): key for key in tags}
    for tag in added:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise errors.reserved_tag_key(key)
        result[spelling.get(key.lower(), key)] = tag["Value"]
    if len(result) > MAX_TAGS:
        raise errors.quota_exceeded(quota, MAX_TAGS)
    return result


def remove_tags(tags: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    """Return tags without some; keys that are not there do not matter."""
    removed = {key.lower() for key in keys}
    return {key: value for key, value in tags.items() if key.lower() not in removed}


def render_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of answers, in the order they were added."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
