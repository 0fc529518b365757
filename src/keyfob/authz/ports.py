"""What `authz` needs from the rest: implemented by services, joined in `app`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from keyfob.authz.principal import SignedInUser, SigningPrincipal
from keyfob.core.ids import AccountId, Region
from keyfob.core.secret import Secret

NoteUse = Callable[[Region, str], None]
"""Told the region and signing name a credential was used with."""


def ignore_use(_region: Region, _service: str) -> None:
    """Note nothing."""


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key that exists: its secret, and whom it stands for."""

    secret: Secret[str]
    principal: SigningPrincipal
    note_use: NoteUse = ignore_use
    """Called once a signature made with it was verified."""


class CredentialLookup(Protocol):
    """Finds whom an access key stands for (`sts` for ASIA keys, `iam` for AKIA keys)."""

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        """Return the credential of an access key.

        Raises:
            UnknownCredentialError: no such key, an inactive one, or a token that is not its own.
            ExpiredCredentialError: the session is over.
        """
        ...


class AccessTokenVerifier(Protocol):
    """Verifies user pool access tokens (`cognito_idp`)."""

    async def verify(self, access_token: str, now_s: float) -> SignedInUser:
        """Return the user an access token was issued to.

        Raises:
            AwsError: `NotAuthorizedException` with AWS's text for a forged, expired or revoked one.
        """
        ...


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy document with the name it is known by."""

    name: str
    """For instance `TestIamPolicyBuilding`, with the version where it has one: `name:v2`."""
    document: str
    """JSON text as it was written."""


@dataclass(frozen=True, slots=True)
class IdentityPolicies:
    """The IAM policies of a user or role."""

    policies: tuple[NamedPolicy, ...]
    """Inline and attached managed ones, those of groups included."""
    boundary: NamedPolicy | None = None
    """Permissions boundary, if any."""


class IamPolicySource(Protocol):
    """The policies of IAM principals (`iam`)."""

    async def role_policies(self, role_arn: str) -> IdentityPolicies | None:
        """Return a role's policies; None when the role no longer exists."""
        ...

    async def user_policies(self, user_arn: str) -> IdentityPolicies | None:
        """Return a user's policies; None when the user no longer exists."""
        ...


class IotPolicySource(Protocol):
    """IoT policies (`iot`)."""

    async def attached_policies(
        self, account: AccountId, region: Region, target: str
    ) -> tuple[NamedPolicy, ...]:
        """Return the policies attached to an identity id or certificate ARN: default versions."""
        ...

    async def named_policy(
        self, account: AccountId, region: Region, name: str
    ) -> NamedPolicy | None:
        """Return the default version of one policy; None when there is none of that name."""
        ...


class IdentityDirectory(Protocol):
    """Whether a Cognito identity still stands (`cognito_identity`)."""

    async def is_active(self, identity_id: str) -> bool:
        """Return False once the identity was deleted or disabled; its sessions then fail."""
        ...


class PolicyChanges(Protocol):
    """Told after every committed change that may alter a decision, before the API answers.

    The store adapters call it, so no handler can forget. When a call returns, the very next
    packet and request are judged by the new state.
    """

    async def role_changed(self, role_arn: str) -> None:
        """A role's policies, boundary, tags or existence changed."""
        ...

    async def user_changed(self, user_arn: str) -> None:
        """A user's policies, boundary, tags or existence changed."""
        ...

    async def managed_policy_changed(self, policy_arn: str) -> None:
        """A managed policy's default version changed; every principal that has it is affected."""
        ...

    async def iot_policy_changed(self, account: AccountId, region: Region, name: str) -> None:
        """An IoT policy's default version or existence changed."""
        ...

    async def attachments_changed(self, account: AccountId, region: Region, target: str) -> None:
        """The IoT policies attached to an identity id or certificate ARN changed."""
        ...

    async def identity_changed(self, identity_id: str) -> None:
        """An identity was deleted, disabled or merged."""
        ...
