"""Session tags: which are legal, and how they become principal tags.

Source: IAM User Guide, `id_session-tags` and `id_tags`: at most 50 tags, keys of 128 and values
of 256 characters; letters, numbers, spaces and `_ . : / = + - @`; `aws:` is reserved; keys are
case-insensitive with their case kept; session tags override the role's. Documented, except the
character classes, which are the service model's pattern.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keyfob.services.sts import errors

MAX_TAGS = 50
MAX_KEY_LENGTH = 128
MAX_VALUE_LENGTH = 256

_PUNCTUATION = frozenset("_.:/=+-@")
_ASCII_LEGAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/=+-@")


@dataclass(frozen=True, slots=True)
class SessionTags:
    """Checked tags of one session, with those that pass on through role chaining."""

    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_keys: tuple[str, ...] = ()


def require_legal_tags(tags: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Check passed tags and return them as a mapping.

    Raises:
        AwsError: too many, a duplicate (case ignored), a reserved key, an illegal character
            or length.
    """
    if len(tags) > MAX_TAGS:
        raise errors.too_many_tags(MAX_TAGS)
    for key, value in tags:
        if not 1 <= len(key) <= MAX_KEY_LENGTH or not _is_legal(key):
            raise errors.invalid_tag_key(key)
        if key.lower().startswith("aws:"):
            raise errors.reserved_tag_key(key)
        if len(value) > MAX_VALUE_LENGTH or not _is_legal(value):
            raise errors.invalid_tag_value(key, value)
    if len({key.lower() for key, _ in tags}) < len(tags):
        raise errors.duplicate_tag_keys()
    return dict(tags)


def require_transitive_keys(keys: Sequence[str], tags: Mapping[str, str]) -> tuple[str, ...]:
    """Check that every transitive key names a passed tag, and return the tags' own spelling.

    Raises:
        AwsError: a key that no passed tag has.
    """
    spelling = {key.lower(): key for key in tags}
    if any(key.lower() not in spelling for key in keys):
        raise errors.transitive_key_without_tag()
    return tuple(dict.fromkeys(spelling[key.lower()] for key in keys))


def inherit_transitive(
    passed: SessionTags, caller_tags: Mapping[str, str], caller_transitive: Iterable[str]
) -> SessionTags:
    """Add the tags that a role session hands on to the role it assumes.

    Raises:
        AwsError: a passed tag has the key of an inherited one.
    """
    inherited_keys = {key.lower() for key in caller_transitive}
    inherited = {key: value for key, value in caller_tags.items() if key.lower() in inherited_keys}
    if any(key.lower() in inherited_keys for key in passed.tags):
        raise errors.transitive_tag_conflict()
    return SessionTags({**passed.tags, **inherited}, (*passed.transitive_keys, *inherited))


def merge_over_role_tags(
    role_tags: Mapping[str, str], session_tags: Mapping[str, str]
) -> dict[str, str]:
    """Return the principal tags: the role's, each overridden by a session tag whatever its case."""
    overridden = {key.lower() for key in session_tags}
    kept = {key: value for key, value in role_tags.items() if key.lower() not in overridden}
    return {**kept, **session_tags}


def _is_legal(text: str) -> bool:
    if _ASCII_LEGAL.issuperset(text):
        return True
    return all(
        character in _PUNCTUATION or unicodedata.category(character)[0] in "LZN"
        for character in text
    )
