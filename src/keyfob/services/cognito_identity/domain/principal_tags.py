"""Attributes for access control: claims of the login token as principal tags.

Source: Cognito Developer Guide, `attributes-for-access-control` and
`using-afac-with-cognito-identity-pools` (documented: mapping per provider, 460 bytes in all); the
tag keys of the default mapping are inferred from the console's. What a tag may hold is STS's rule.
"""

from collections.abc import Mapping

from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.domain.logins import VerifiedLogin
from keyfob.services.cognito_identity.domain.roles import claim_texts
from keyfob.store.ports.identity_pools import IdentityPoolRecord, PrincipalTagMap

DEFAULT_TAGS: Mapping[str, str] = {"username": "sub", "client": "aud"}
"""Default mapping for user pools, Google, Apple and OIDC: tag key to claim."""

MAX_TAG_BYTES = 460
"""Keys and values of one session in all, in UTF-8."""


def tag_claims(tag_map: PrincipalTagMap) -> Mapping[str, str]:
    """Return the mapping that is in force: the default one, or the pool's own."""
    return DEFAULT_TAGS if tag_map.has_defaults else tag_map.tags


def build_principal_tags(pool: IdentityPoolRecord, login: VerifiedLogin) -> dict[str, str]:
    """Return the principal tags of a login; a claim that the token lacks gives no tag.

    Session tags hold one value, so a claim with several gives no tag either.

    Raises:
        AwsError: `InvalidParameterException` above the aggregate limit.
    """
    maps = (pool.principal_tag_maps.get(key) for key in login.tag_map_keys)
    tag_map = next((found for found in maps if found is not None), None)
    if tag_map is None:
        return {}
    tags: dict[str, str] = {}
    for key, claim in tag_claims(tag_map).items():
        values = claim_texts(login.claims, claim)
        if len(values) == 1:
            tags[key] = values[0]
    return require_small(tags)


def require_small(tags: dict[str, str]) -> dict[str, str]:
    """Return principal tags that keep within the aggregate limit.

    Raises:
        AwsError: `InvalidParameterException` for those that do not.
    """
    size_bytes = sum(len(key.encode()) + len(value.encode()) for key, value in tags.items())
    if size_bytes > MAX_TAG_BYTES:
        raise errors.tags_too_large(size_bytes, MAX_TAG_BYTES)
    return tags
