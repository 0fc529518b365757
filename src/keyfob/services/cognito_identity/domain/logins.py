"""Login tokens: each is verified, or the whole call fails.

Source: Cognito Developer Guide, `authentication-flow`: signature, issuer against the key of the
`Logins` map, expiry, and audience against the clients the pool lists (documented); texts in
`errors`.
"""

from dataclasses import dataclass
from typing import Protocol

from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.domain.providers import TokenSource, find_source
from keyfob.services.cognito_identity.ports import (
    IssuerKeys,
    Logins,
    LoginVerifier,
    OidcProviderLookup,
)
from keyfob.store.ports.identities import Login
from keyfob.store.ports.identity_pools import IdentityPoolRecord
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import (
    BadSignatureError,
    ExpiredTokenError,
    KeysUnavailableError,
    MalformedTokenError,
    TokenError,
    UnexpectedClaimError,
    UnknownKeyError,
)
from keyfob.tokens.verify import Expectation, UnverifiedToken, decode_token, verify_decoded


class Verifiers(Protocol):
    """Who verifies what; the service itself."""

    @property
    def logins(self) -> LoginVerifier:
        """User pools."""
        ...

    @property
    def oidc_providers(self) -> OidcProviderLookup:
        """Providers registered in IAM."""
        ...

    @property
    def issuer_keys(self) -> IssuerKeys:
        """Everybody else's keys."""
        ...


@dataclass(frozen=True, slots=True)
class VerifiedLogin:
    """A person that a provider vouched for."""

    login: Login
    client_id: str
    claims: Claims
    is_user_pool: bool = True
    provider_arn: str | None = None
    """The IAM provider, for OpenID Connect."""

    @property
    def mapping_keys(self) -> tuple[str, ...]:
        """Keys that the provider's role mapping may have: user pools' names the client."""
        provider = self.login.provider
        arns = () if self.provider_arn is None else (self.provider_arn,)
        return (f"{provider}:{self.client_id}", provider, *arns)

    @property
    def tag_map_keys(self) -> tuple[str, ...]:
        """Keys that the provider's tag map may have."""
        arns = () if self.provider_arn is None else (self.provider_arn,)
        return (self.login.provider, *arns)

    @property
    def amr(self) -> tuple[str, str]:
        """What `amr` says of the login; the second entry's form is inferred."""
        provider = self.login.provider
        source = "CognitoSignIn" if self.is_user_pool else self.client_id
        return provider, f"{provider}:{source}:{self.login.subject}"


async def verify_logins(
    verifiers: Verifiers, pool: IdentityPoolRecord, logins: Logins, now_s: float
) -> tuple[VerifiedLogin, ...]:
    """Verify every login, in the order given.

    Raises:
        AwsError: `NotAuthorizedException`, for the first token that is refused;
            `ExternalServiceException` where a provider's keys cannot be had.
    """
    return tuple(
        [
            await _verify(verifiers, pool, provider, token, now_s)
            for provider, token in logins.items()
        ]
    )


async def _verify(
    verifiers: Verifiers, pool: IdentityPoolRecord, provider: str, token: str, now_s: float
) -> VerifiedLogin:
    if provider == pool.developer_provider_name:
        raise errors.developer_provider_in_public_call()
    unverified = _decode(token)
    source = await find_source(pool, provider, verifiers.oidc_providers)
    if source is None or not source.issuers:
        raise errors.unsupported_provider()
    client_id = _require_meant(source, unverified.claims)
    try:
        claims = await _check(verifiers, source, token, unverified, now_s)
    except ExpiredTokenError:
        expires_at_s = unverified.claims.time_s("exp")
        raise errors.token_expired(now_s, expires_at_s) from None
    except (BadSignatureError, UnknownKeyError):
        raise errors.signature_not_verified() from None
    except UnexpectedClaimError as error:
        raise (
            errors.issuer_mismatch() if error.claim == "iss" else errors.not_an_id_token()
        ) from None
    except KeysUnavailableError as error:
        raise errors.keys_unavailable(error.issuer) from error
    except TokenError:
        raise errors.not_an_id_token() from None
    if source.audiences[client_id] and not await verifiers.logins.is_current(provider, claims):
        raise errors.token_no_longer_valid()
    subject = claims.values.get("sub")
    if not isinstance(subject, str) or not subject:
        raise errors.missing_claim("sub")
    return VerifiedLogin(
        Login(provider, subject), client_id, claims, source.is_user_pool, source.arn
    )


async def _check(
    verifiers: Verifiers,
    source: TokenSource,
    token: str,
    unverified: UnverifiedToken,
    now_s: float,
) -> Claims:
    """Return the claims of a genuine, current token; `_require_meant` has seen issuer and client.

    Raises:
        TokenError: it is not.
    """
    if source.is_user_pool:
        return await verifiers.logins.verify(source.provider, token, now_s)
    keys = await verifiers.issuer_keys.public_keys(source.issuers[0], unverified.kid)
    return verify_decoded(unverified, keys, Expectation(unverified.claims.text("iss")), now_s)


def _decode(token: str) -> UnverifiedToken:
    """Read what decides which text a refusal has; nothing read here grants anything."""
    try:
        unverified = decode_token(token)
        claims = unverified.claims
        if "aud" not in claims.values:
            raise errors.missing_claim("aud")
        claims.texts("aud")
        claims.time_s("exp")
    except MalformedTokenError:
        raise errors.not_an_id_token() from None
    return unverified


def _require_meant(source: TokenSource, claims: Claims) -> str:
    """Return the client of the pool's that a token is for."""
    if claims.values.get("iss") not in source.issuers:
        raise errors.issuer_mismatch()
    audiences = claims.texts("aud")
    for client_id in source.audiences:
        if client_id in audiences:
            return client_id
    raise errors.unsupported_provider()
