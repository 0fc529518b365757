"""Groups: their order, and what tokens say of them.

Source: Cognito Developer Guide, "Adding groups to a user pool" (documented).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keyfob.store.ports.groups import GroupRecord

MAX_GROUPS_PER_POOL = 10_000
MAX_GROUPS_PER_USER = 100
"""Documented quotas."""


@dataclass(frozen=True, slots=True)
class GroupClaims:
    """What tokens say of a user's groups."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None

    def for_id_token(self) -> dict[str, Any]:
        """Return `cognito:groups`, `cognito:roles` and `cognito:preferred_role`."""
        claims: dict[str, Any] = self.for_access_token()
        if self.roles:
            claims["cognito:roles"] = list(self.roles)
        if self.preferred_role:
            claims["cognito:preferred_role"] = self.preferred_role
        return claims

    def for_access_token(self) -> dict[str, Any]:
        """Return `cognito:groups`."""
        return {"cognito:groups": list(self.groups)} if self.groups else {}


def group_claims(groups: Sequence[GroupRecord]) -> GroupClaims:
    """Return what tokens say of the groups a user is in, the best precedence first.

    The preferred role is that of the best group with a role; where several are equally good and
    their roles differ there is none (documented).
    """
    ordered = sorted(groups, key=lambda group: (_rank(group), group.name))
    with_role = [group for group in ordered if group.role_arn]
    roles = tuple(dict.fromkeys(group.role_arn for group in with_role if group.role_arn))
    best = {group.role_arn for group in with_role if _rank(group) == _rank(with_role[0])}
    preferred = with_role[0].role_arn if len(best) == 1 else None
    return GroupClaims(tuple(group.name for group in ordered), roles, preferred)


def render_group(group: GroupRecord) -> dict[str, Any]:
    """Return a `GroupType`."""
    rendered: dict[str, Any] = {
        "GroupName": group.name,
        "UserPoolId": group.pool_id,
        "LastModifiedDate": group.modified_at_s,
        "CreationDate": group.created_at_s,
    }
    optional = {
        "Description": group.description,
        "RoleArn": group.role_arn,
        "Precedence": group.precedence,
    }
    return rendered | {name: value for name, value in optional.items() if value is not None}


def _rank(group: GroupRecord) -> float:
    return float("inf") if group.precedence is None else group.precedence
