"""Web identity tokens of every issuer: Cognito's own, Google's, and those registered in IAM.

Source: STS API Reference, `AssumeRoleWithWebIdentity`; IAM User Guide,
`id_roles_providers_create_oidc` and `reference_policies_iam-condition-keys` (documented: the
provider is found in the role's account by the issuer; `aud` must be one of its clients; the
condition key `aud` is `azp` where the token has one).
"""

from dataclasses import dataclass

from keyfob.core.arn import iam_arn
from keyfob.core.ids import AccountId
from keyfob.services.sts import errors
from keyfob.services.sts.cognito_tokens import ISSUER, CognitoTokenVerifier, read_tags
from keyfob.services.sts.ports import IssuerKeys, OidcProviderLookup, VerifiedWebIdentity
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import ExpiredTokenError, KeysUnavailableError, TokenError
from keyfob.tokens.verify import Expectation, UnverifiedToken, decode_token, verify_decoded

SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"

GOOGLE = "accounts.google.com"
GOOGLE_ISSUERS = frozenset({f"https://{GOOGLE}", GOOGLE})
"""The one other issuer that needs no registration and whose tokens can be verified."""


@dataclass(frozen=True, slots=True)
class WebIdentities:
    """A `WebIdentityVerifier` for all issuers."""

    cognito: CognitoTokenVerifier
    providers: OidcProviderLookup
    keys: IssuerKeys

    async def verify(self, token: str, account: AccountId, now_s: float) -> VerifiedWebIdentity:
        """Return what a token says; see the port.

        Raises:
            AwsError: `InvalidIdentityToken`, `ExpiredTokenException`, `IDPCommunicationError`.
        """
        try:
            unverified = decode_token(token)
        except TokenError:
            raise errors.unverifiable_identity_token() from None
        issuer = unverified.issuer or ""
        if issuer == ISSUER:
            return await self.cognito.verify(token, now_s)
        url = issuer.removeprefix("https://")
        provider_arn = iam_arn(account, f"oidc-provider/{url}")
        # a registered issuer is an https URL; the same text without a scheme is somebody else
        provider = await self.providers.find(provider_arn) if url != issuer else None
        if provider is None and issuer not in GOOGLE_ISSUERS:
            raise errors.no_such_provider(issuer[:200])
        claims = await self._check(unverified, issuer, now_s)
        if provider is not None and not set(provider.client_ids) & set(_audiences(claims)):
            raise errors.wrong_audience()
        return _read(claims, url, account, None if provider is None else provider.arn)

    async def _check(self, unverified: UnverifiedToken, issuer: str, now_s: float) -> Claims:
        asked = f"https://{GOOGLE}" if issuer in GOOGLE_ISSUERS else issuer
        try:
            keys = await self.keys.public_keys(asked, unverified.kid)
            return verify_decoded(unverified, keys, Expectation(issuer), now_s)
        except KeysUnavailableError:
            raise errors.keys_unavailable() from None
        except ExpiredTokenError:
            raise errors.expired_identity_token() from None
        except TokenError:
            raise errors.unverifiable_identity_token() from None


def _audiences(claims: Claims) -> tuple[str, ...]:
    try:
        return claims.texts("aud")
    except TokenError:
        raise errors.unverifiable_identity_token() from None


def _read(
    claims: Claims, provider: str, account: AccountId, provider_arn: str | None
) -> VerifiedWebIdentity:
    """Return a verified token's claims as trust policies see them."""
    try:
        audiences = claims.texts("aud")
        audience = claims.optional_text("azp") or (audiences[0] if audiences else "")
        tags, transitive_keys = read_tags(claims)
        identity = VerifiedWebIdentity(
            provider=provider,
            audience=audience,
            subject=claims.text("sub"),
            account=account,
            amr=claims.texts("amr"),
            principal_tags=tags,
            transitive_tag_keys=transitive_keys,
            provider_arn=provider_arn,
            source_identity=claims.optional_text(SOURCE_IDENTITY_CLAIM),
        )
    except TokenError:
        raise errors.unverifiable_identity_token() from None
    if not identity.audience or not identity.subject:
        raise errors.unverifiable_identity_token()
    return identity
