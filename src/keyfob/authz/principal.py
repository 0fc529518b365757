"""Who is asking: the kinds of principal, as facts that authentication established.

A principal says who, never what is allowed; `authz.layers` finds the policies of each
kind. Only the authenticators (`sigv4` credentials resolved by `CredentialLookup`, access
tokens, listener settings) make these values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keyfob.core.ids import AccountId


@dataclass(frozen=True, slots=True)
class TokenSession:
    """Temporary credentials that somebody got for themselves (`sts:GetSessionToken`)."""

    access_key_id: str
    issued_at_s: float
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class Root:
    """The account's root user: the access key that `keyfob up` made, or a session of its own."""

    account: AccountId
    session: TokenSession | None = None
    """None: the long-term access key."""

    @property
    def arn(self) -> str:
        """`arn:aws:iam::<account>:root`."""
        return f"arn:aws:iam::{self.account}:root"

    @property
    def user_id(self) -> str:
        """`aws:userid`: the account id."""
        return self.account


@dataclass(frozen=True, slots=True)
class IamUser:
    """An IAM user signing with a long-term access key, or in a session of their own."""

    account: AccountId
    name: str
    arn: str
    user_id: str
    """Unique id, `AIDA...`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The user's tags, which are its principal tags."""
    session: TokenSession | None = None
    """None: a long-term access key."""


@dataclass(frozen=True, slots=True)
class FederatedUser:
    """Somebody whom a user, or root, gave temporary credentials (`sts:GetFederationToken`)."""

    name: str
    parent: Root | IamUser
    """Whose permissions bound theirs."""
    access_key_id: str
    issued_at_s: float
    expires_at_s: float
    tags: Mapping[str, str] = field(default_factory=dict)
    """Session tags merged over the parent's: the principal tags."""
    session_policies: tuple[str, ...] = ()
    """Session policy documents, never empty: without any, AWS gives no permissions at all."""

    @property
    def account(self) -> AccountId:
        """The parent's account."""
        return self.parent.account

    @property
    def arn(self) -> str:
        """`arn:aws:sts::<account>:federated-user/<name>`."""
        return f"arn:aws:sts::{self.account}:federated-user/{self.name}"

    @property
    def user_id(self) -> str:
        """`aws:userid`: `<account>:<name>`."""
        return f"{self.account}:{self.name}"


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """What a role session made from a web identity token carries into later requests."""

    provider: str
    """Prefix of its condition keys, for instance `cognito-identity.amazonaws.com`."""
    audience: str
    """`<provider>:aud`; for Cognito the identity pool id."""
    subject: str
    """`<provider>:sub`; for Cognito the identity id."""
    amr: tuple[str, ...] = ()
    """`<provider>:amr`, multi-valued."""
    provider_arn: str | None = None
    """The IAM provider, where there is one; `aws:FederatedProvider` is it, or else `provider`."""

    @property
    def is_cognito(self) -> bool:
        """Whether a Cognito identity pool vouched for the session."""
        return self.provider == "cognito-identity.amazonaws.com"

    @property
    def is_authenticated_cognito(self) -> bool:
        """Whether an identity pool vouched for somebody who signed in, no guest."""
        return self.is_cognito and "authenticated" in self.amr


@dataclass(frozen=True, slots=True)
class RoleSession:
    """Temporary credentials of an assumed role."""

    account: AccountId
    role_name: str
    role_arn: str
    """ARN of the role, path included."""
    role_id: str
    """The role's unique id, `AROA...`."""
    session_name: str
    access_key_id: str
    issued_at_s: float
    expires_at_s: float
    tags: Mapping[str, str] = field(default_factory=dict)
    """Session tags merged over the role's tags: the principal tags."""
    transitive_tag_keys: tuple[str, ...] = ()
    session_policies: tuple[str, ...] = ()
    """Session policy documents (inline and managed, JSON text); empty: none were passed."""
    source_identity: str | None = None
    web_identity: WebIdentity | None = None

    @property
    def arn(self) -> str:
        """`arn:aws:sts::<account>:assumed-role/<role name>/<session name>`; the path is dropped."""
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role_name}/{self.session_name}"

    @property
    def user_id(self) -> str:
        """`aws:userid`: `<role id>:<session name>`."""
        return f"{self.role_id}:{self.session_name}"


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """A user pool user holding a verified access token."""

    account: AccountId
    pool_id: str
    username: str
    sub: str
    client_id: str
    scopes: frozenset[str]
    origin_jti: str | None
    claims: Mapping[str, object] = field(default_factory=dict)
    """All verified claims of the access token."""

    @property
    def arn(self) -> str:
        """The user pool's ARN; a user pool user has none of its own."""
        region = self.pool_id.partition("_")[0]
        return f"arn:aws:cognito-idp:{region}:{self.account}:userpool/{self.pool_id}"


@dataclass(frozen=True, slots=True)
class ListenerClient:
    """A client of a plain listener that the operator opened with a named IoT policy."""

    account: AccountId
    policy_name: str

    @property
    def arn(self) -> str:
        """A readable name for denial records; it is no AWS ARN."""
        return f"listener:policy/{self.policy_name}"


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody: the caller of an operation whose model says it takes no signature."""

    account: AccountId

    @property
    def arn(self) -> str:
        """`anonymous`."""
        return "anonymous"


Principal = Root | IamUser | FederatedUser | RoleSession | SignedInUser | ListenerClient | Anonymous
"""Any principal."""

SigningPrincipal = Root | IamUser | FederatedUser | RoleSession
"""A principal that signs with an access key."""
