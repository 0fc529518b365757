"""The enhanced flow of a developer's users: their token instead of a provider's."""

from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.developers import describe_login
from keyfob.services.cognito_identity.domain.open_id import ISSUER, TAGS_CLAIM
from keyfob.services.cognito_identity.domain.roles import AUTHENTICATED
from keyfob.store.ports.identities import IdentityRecord
from keyfob.store.ports.identity_pools import IdentityPoolRecord
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import TokenError
from keyfob.tokens.verify import Expectation, verify_token


async def verify_developer_token(
    service: CognitoIdentityService,
    pool: IdentityPoolRecord,
    identity: IdentityRecord,
    token: str,
    now_s: float,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return `amr` and principal tags of a token that the developer had made for an identity.

    The user it was made for must still be linked to the identity, so that unlinking and merging
    end a token too (inferred).

    Raises:
        AwsError: `NotAuthorizedException`.
    """
    keys = await service.open_id_keys.public_keys()
    try:
        claims = verify_token(token, keys, Expectation(ISSUER, pool.pool_id), now_s)
        subject, amr = claims.text("sub"), claims.texts("amr")
        tags = _read_tags(claims)
    except TokenError:
        raise errors.not_a_cognito_token() from None
    if subject != identity.identity_id or AUTHENTICATED not in amr:
        raise errors.not_a_cognito_token()
    users = [login for login in identity.logins if login.provider == pool.developer_provider_name]
    if identity.is_disabled:
        raise errors.identity_forbidden(identity.identity_id)
    if not any(describe_login(pool.pool_id, user)[1] in amr for user in users):
        raise errors.not_a_cognito_token()
    return amr, tags


def _read_tags(claims: Claims) -> dict[str, str]:
    """Return the tags that `open_id.build_claims` put into a token."""
    carried = claims.values.get(TAGS_CLAIM)
    principal_tags = carried.get("principal_tags") if isinstance(carried, dict) else None
    tags = Claims(principal_tags if isinstance(principal_tags, dict) else {})
    return {key: "".join(tags.texts(key)) for key in tags.values}
