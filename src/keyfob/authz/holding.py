"""What the policy directory holds: a key for each fact, and the fact as compiled policies."""

from dataclasses import dataclass

from keyfob.core.ids import AccountId, Region
from keyfob.policy import CompiledPolicy


@dataclass(frozen=True, slots=True)
class RoleKey:
    """The IAM policies of a role."""

    arn: str


@dataclass(frozen=True, slots=True)
class UserKey:
    """The IAM policies of a user."""

    arn: str


@dataclass(frozen=True, slots=True)
class AttachmentsKey:
    """The IoT policies attached to a target."""

    account: AccountId
    region: Region
    target: str
    """Cognito identity id or certificate ARN."""


@dataclass(frozen=True, slots=True)
class IotPolicyKey:
    """One IoT policy by its name."""

    account: AccountId
    region: Region
    name: str


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """Whether a Cognito identity still stands."""

    identity_id: str


Key = RoleKey | UserKey | AttachmentsKey | IotPolicyKey | IdentityKey
"""Any key."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The policies under one key; the default holds none, so it grants nothing."""

    policies: tuple[CompiledPolicy, ...] = ()
    """For an `IdentityKey`: one that allows everything, or denies it once the identity is gone."""
    boundary: CompiledPolicy | None = None
    """Permissions boundary of a role or user."""
    note: str = ""
    """Why there is nothing, as half a sentence: `the role no longer exists`."""
