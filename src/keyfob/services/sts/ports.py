"""What STS needs of other services; joined in `app`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from keyfob.authz.operation import Call
from keyfob.authz.principal import IamUser
from keyfob.core.ids import AccountId
from keyfob.tokens.jwks import KeySet


class RoleFacts(Protocol):
    """A role as STS sees it."""

    @property
    def arn(self) -> str:
        """ARN, path included."""
        ...

    @property
    def name(self) -> str:
        """Name without the path."""
        ...

    @property
    def role_id(self) -> str:
        """Unique id, `AROA...`."""
        ...

    @property
    def account(self) -> AccountId:
        """Account the role belongs to."""
        ...

    @property
    def trust_policy(self) -> str:
        """Trust policy document, JSON text."""
        ...

    @property
    def max_session_duration_s(self) -> int:
        """Longest session, 3,600 to 43,200."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """The role's own tags."""
        ...


class RoleLookup(Protocol):
    """Finds roles (`iam`)."""

    async def find(self, role_arn: str) -> RoleFacts | None:
        """Return the role that stands now under an ARN, or None."""
        ...


class ManagedPolicyLookup(Protocol):
    """Finds managed policies that are passed as session policies (`iam`)."""

    async def default_document(self, policy_arn: str) -> str | None:
        """Return the default version's document, or None when there is no such policy."""
        ...


@dataclass(frozen=True, slots=True)
class VerifiedWebIdentity:
    """What a verified web identity token says."""

    provider: str
    """Prefix of its condition keys, for instance `cognito-identity.amazonaws.com`."""
    audience: str
    subject: str
    account: AccountId
    """Account that the provider, or the identity pool, belongs to."""
    amr: tuple[str, ...] = ()
    principal_tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    provider_arn: str | None = None
    """The IAM provider, where there is one."""
    source_identity: str | None = None

    @property
    def principal(self) -> str:
        """The provider as trust policies name it: its ARN, or its name where IAM has none."""
        return self.provider_arn or self.provider


class WebIdentityVerifier(Protocol):
    """Verifies web identity tokens of every provider the server knows."""

    async def verify(self, token: str, account: AccountId, now_s: float) -> VerifiedWebIdentity:
        """Return what a token says.

        Args:
            token: compact JWT.
            account: the role's account, whose providers count.
            now_s: epoch seconds.

        Raises:
            AwsError: `InvalidIdentityToken` (unknown issuer, bad signature, wrong audience),
                `ExpiredTokenException`, or `IDPCommunicationError`.
        """
        ...


class OidcProvider(Protocol):
    """An OpenID Connect provider registered in IAM."""

    @property
    def arn(self) -> str:
        """`arn:aws:iam::<account>:oidc-provider/<url>`."""
        ...

    @property
    def url(self) -> str:
        """Issuer without its scheme, for instance `idp.example.com/realm`."""
        ...

    @property
    def client_ids(self) -> tuple[str, ...]:
        """Audiences its tokens may name."""
        ...


class OidcProviderLookup(Protocol):
    """Finds OpenID Connect providers (`iam`)."""

    async def find(self, provider_arn: str) -> OidcProvider | None:
        """Return the provider of an ARN, or None."""
        ...


class IssuerKeys(Protocol):
    """Finds the published keys of OpenID Connect issuers."""

    async def public_keys(self, issuer: str, kid: str | None) -> KeySet:
        """Return an issuer's keys.

        Raises:
            KeysUnavailableError: they cannot be fetched, or are no key set.
        """
        ...


class UserLookup(Protocol):
    """Finds IAM users (`iam`)."""

    async def find(self, user_arn: str) -> IamUser | None:
        """Return the user that stands now under an ARN, or None."""
        ...


class AccessKeyAccounts(Protocol):
    """Knows whose a long-term access key is (`iam`, and the root key)."""

    async def account_of(self, access_key_id: str) -> AccountId | None:
        """Return the account of an access key, active or not; None when there is no such key."""
        ...


class CognitoIssuer(Protocol):
    """The issuer `https://cognito-identity.amazonaws.com` (`cognito_identity`)."""

    async def public_keys(self) -> KeySet:
        """Return the keys that its tokens are signed with."""
        ...

    async def account_of(self, pool_id: str, identity_id: str) -> AccountId | None:
        """Return the account of an identity pool; None unless the identity in it still stands."""
        ...


class CallerVerdict(Enum):
    """What the caller's own policies say about an action."""

    ALLOWED = "allowed"
    NOT_GRANTED = "not granted"
    """No policy grants it, nothing forbids it: a resource policy may still grant."""
    BEYOND_CEILING = "beyond ceiling"
    """A boundary or session policy does not allow it."""
    DENIED = "denied"
    """An explicit deny, which nothing overrides."""


class CallerPolicies(Protocol):
    """Asks the caller's own policies (`authz`), and records what they refuse."""

    async def permit(
        self,
        call: Call,
        action: str,
        resource: str,
        context: Mapping[str, tuple[str, ...]],
        tolerated: frozenset[CallerVerdict],
    ) -> bool:
        """Judge an action by the caller's identity policies, boundary and session policies.

        Args:
            call: the call with its principal.
            action: IAM action.
            resource: resource ARN.
            context: the operation's own condition keys.
            tolerated: the verdicts that suffice, given what the resource's own policy grants.

        Returns:
            Whether the verdict is tolerated; one that is not has been recorded as a denial.
        """
        ...
