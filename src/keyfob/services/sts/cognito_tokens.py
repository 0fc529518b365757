"""Web identity tokens that identity pools issue (`GetOpenIdToken`), verified for STS."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.services.sts import errors
from keyfob.services.sts.issuer import COGNITO
from keyfob.services.sts.ports import CognitoIssuer, VerifiedWebIdentity
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import ExpiredTokenError, TokenError
from keyfob.tokens.verify import Expectation, verify_token

ISSUER = f"https://{COGNITO}"
TAGS_CLAIM = "https://aws.amazon.com/tags"


@dataclass(frozen=True, slots=True)
class CognitoTokenVerifier:
    """A `WebIdentityVerifier` for the one issuer that needs no registration: Cognito itself."""

    issuer: CognitoIssuer

    async def verify(self, token: str, now_s: float) -> VerifiedWebIdentity:
        """Return the identity a token was issued to, if it still stands.

        Raises:
            AwsError: `InvalidIdentityToken` or `ExpiredTokenException`.
        """
        keys = await self.issuer.public_keys()
        try:
            claims = verify_token(token, keys, Expectation(ISSUER), now_s)
            pool_id, identity_id = claims.text("aud"), claims.text("sub")
            amr = claims.texts("amr")
            tags, transitive_keys = read_tags(claims)
        except ExpiredTokenError:
            raise errors.expired_identity_token() from None
        except TokenError:
            raise errors.unverifiable_identity_token() from None
        account = await self.issuer.account_of(pool_id, identity_id)
        if account is None:
            raise errors.unverifiable_identity_token()
        return VerifiedWebIdentity(
            COGNITO, pool_id, identity_id, account, amr, tags, transitive_keys
        )


def read_tags(claims: Claims) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the session tags of a token and the keys of the transitive ones.

    Source: IAM User Guide, `id_session-tags`: values are texts or lists of one (documented).

    Raises:
        ClaimError: the claim has another form.
    """
    carried = claims.values.get(TAGS_CLAIM)
    if not isinstance(carried, Mapping):
        return {}, ()
    tags = Claims(carried.get("principal_tags", {}))
    named = {key: tags.texts(key) for key in tags.values}
    return (
        {key: values[0] for key, values in named.items() if len(values) == 1},
        Claims(carried).texts("transitive_tag_keys"),
    )
