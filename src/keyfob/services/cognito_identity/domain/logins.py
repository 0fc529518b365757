"""Login tokens: each is verified, or the whole call fails.

Source: Cognito Developer Guide, `authentication-flow`: signature, issuer against the key of the
`Logins` map, expiry, and audience against the clients the pool lists (documented); texts in
`errors`.
"""

from dataclasses import dataclass

from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.ports import Logins, LoginVerifier
from keyfob.store.ports.identities import Login
from keyfob.store.ports.identity_pools import CognitoProvider, IdentityPoolRecord
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import (
    BadSignatureError,
    ExpiredTokenError,
    MalformedTokenError,
    TokenError,
    UnexpectedClaimError,
    UnknownKeyError,
)
from keyfob.tokens.verify import decode_token


@dataclass(frozen=True, slots=True)
class VerifiedLogin:
    """A person that a provider vouched for."""

    login: Login
    client_id: str
    claims: Claims

    @property
    def mapping_key(self) -> str:
        """Key of the provider's role mapping: `<provider>:<client id>`."""
        return f"{self.login.provider}:{self.client_id}"

    @property
    def amr(self) -> tuple[str, str]:
        """What `amr` says of the login; the second entry's form is inferred."""
        provider = self.login.provider
        return provider, f"{provider}:CognitoSignIn:{self.login.subject}"


async def verify_logins(
    verifier: LoginVerifier, pool: IdentityPoolRecord, logins: Logins, now_s: float
) -> tuple[VerifiedLogin, ...]:
    """Verify every login, in the order given.

    Raises:
        AwsError: `NotAuthorizedException`, for the first token that is refused.
    """
    return tuple(
        [
            await _verify(verifier, pool, provider, token, now_s)
            for provider, token in logins.items()
        ]
    )


async def _verify(
    verifier: LoginVerifier, pool: IdentityPoolRecord, provider: str, token: str, now_s: float
) -> VerifiedLogin:
    unverified = _decode(token)
    listed = _require_listed(pool, provider, unverified)
    try:
        claims = await verifier.verify(provider, token, now_s)
    except ExpiredTokenError:
        raise errors.token_expired(now_s, unverified.time_s("exp")) from None
    except (BadSignatureError, UnknownKeyError):
        raise errors.signature_not_verified() from None
    except UnexpectedClaimError as error:
        raise (
            errors.issuer_mismatch() if error.claim == "iss" else errors.not_an_id_token()
        ) from None
    except TokenError:
        raise errors.not_an_id_token() from None
    if listed.has_server_side_token_check and not await verifier.is_current(provider, claims):
        raise errors.token_no_longer_valid()
    subject = claims.values.get("sub")
    if not isinstance(subject, str) or not subject:
        raise errors.missing_claim("sub")
    return VerifiedLogin(Login(provider, subject), listed.client_id, claims)


def _decode(token: str) -> Claims:
    """Read what decides which text a refusal has; nothing read here grants anything."""
    try:
        claims = decode_token(token).claims
        if "aud" not in claims.values:
            raise errors.missing_claim("aud")
        claims.texts("aud")
        claims.time_s("exp")
    except MalformedTokenError:
        raise errors.not_an_id_token() from None
    return claims


def _require_listed(pool: IdentityPoolRecord, provider: str, claims: Claims) -> CognitoProvider:
    """Return the pool's entry for the provider and one of the token's audiences."""
    entries = [entry for entry in pool.cognito_providers if entry.provider_name == provider]
    if not entries:
        raise errors.unsupported_provider()
    if claims.values.get("iss") != f"https://{provider}":
        raise errors.issuer_mismatch()
    audiences = claims.texts("aud")
    for entry in entries:
        if entry.client_id in audiences:
            return entry
    raise errors.unsupported_provider()
