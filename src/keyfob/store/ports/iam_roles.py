"""IAM roles as they are kept."""

from typing import Protocol

from keyfob.store.ports.iam_entities import EntityStore, IamPrincipal


class RoleRecord(IamPrincipal, frozen=True, kw_only=True):
    """One role."""

    trust_policy: str
    """The assume role policy document, as it was written."""
    description: str | None = None
    max_session_duration_s: int = 3600


class RoleStore(EntityStore[RoleRecord], Protocol):
    """The roles of every account."""
