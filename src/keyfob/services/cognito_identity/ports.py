"""What identity pools need of other services; joined in `app`."""

from collections.abc import Mapping
from typing import Protocol

from keyfob.authz.operation import Call
from keyfob.core.ids import AccountId
from keyfob.core.secret import Secret
from keyfob.tokens.claims import Claims
from keyfob.tokens.jwks import KeySet
from keyfob.tokens.keys import SigningKey


class LoginVerifier(Protocol):
    """Verifies ID tokens of user pools (`cognito_idp`)."""

    async def verify(self, provider_name: str, token: str, now_s: float) -> Claims:
        """Return the claims of an ID token that the provider issued and that is current.

        Args:
            provider_name: `cognito-idp.<region>.amazonaws.com/<user pool id>`.
            token: compact JWT.
            now_s: epoch seconds.

        Raises:
            TokenError: it is not; the kind says why (`ExpiredTokenError`, `BadSignatureError`,
                `UnknownKeyError` also where there is no such user pool, `UnexpectedClaimError`
                for another issuer or use).
        """
        ...

    async def is_current(self, provider_name: str, claims: Claims) -> bool:
        """Return False once the token's user was signed out everywhere, disabled or deleted."""
        ...


class OidcProvider(Protocol):
    """An OpenID Connect provider registered in IAM."""

    @property
    def url(self) -> str:
        """Issuer without its scheme, for instance `idp.example.com/realm`."""
        ...

    @property
    def client_ids(self) -> tuple[str, ...]:
        """Audiences it may name."""
        ...


class OidcProviderLookup(Protocol):
    """Finds OpenID Connect providers (`iam`)."""

    async def find(self, provider_arn: str) -> OidcProvider | None:
        """Return the provider of an ARN, or None."""
        ...


class IssuerKeys(Protocol):
    """Finds the published keys of OpenID Connect issuers, by discovery."""

    async def public_keys(self, issuer: str, kid: str | None) -> KeySet:
        """Return an issuer's keys, remembered for a while.

        Args:
            issuer: `iss`, a URL with its scheme.
            kid: the key that is wanted; a set that lacks it is fetched again, not too often.

        Raises:
            KeysUnavailableError: they cannot be fetched, or are no key set.
        """
        ...


class TemporaryCredentials(Protocol):
    """Credentials of a role session."""

    @property
    def access_key_id(self) -> str:
        """`ASIA...`."""
        ...

    @property
    def secret_access_key(self) -> Secret[str]:
        """The secret that signs."""
        ...

    @property
    def session_token(self) -> str:
        """What must be sent along."""
        ...

    @property
    def expires_at_s(self) -> float:
        """End of the session in epoch seconds."""
        ...


class CredentialIssuer(Protocol):
    """Assumes roles for identities (`sts`)."""

    async def assume_role_with_web_identity(
        self,
        role_arn: str,
        *,
        session_name: str,
        account: AccountId,
        audience: str,
        subject: str,
        amr: tuple[str, ...],
        principal_tags: Mapping[str, str],
        session_policies: tuple[str, ...],
        duration_s: int,
        now_s: float,
    ) -> TemporaryCredentials:
        """Return credentials if the role's trust policy lets the identity in.

        Raises:
            AwsError: STS's own refusal: `AccessDenied` of the trust policy or a missing role,
                `ValidationError` for tags that STS does not take.
        """
        ...


class PassRoleCheck(Protocol):
    """Asks whether the caller may hand a role to a service (`authz`)."""

    async def require_pass_role(self, call: Call, role_arn: str, service: str) -> None:
        """Return if `iam:PassRole` on the role is allowed, `iam:PassedToService` being `service`.

        Raises:
            AwsError: it is not.
        """
        ...


class OpenIdKeys(Protocol):
    """The keys of the issuer `https://cognito-identity.amazonaws.com`."""

    async def signing_key(self) -> SigningKey:
        """Return the key that signs now."""
        ...

    async def public_keys(self) -> KeySet:
        """Return the keys that tokens may be signed with."""
        ...


Logins = Mapping[str, str]
"""Token by provider name, as clients send them."""
