"""What `sts` must know of a role to let it be assumed."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.core.arn import ArnError
from keyfob.core.ids import AccountId
from keyfob.services.iam.policy_source import entity_key
from keyfob.store.ports.iam_roles import RoleStore


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """One role."""

    arn: str
    name: str
    role_id: str
    """`AROA...`."""
    account: AccountId
    trust_policy: str
    """JSON text as it was written."""
    max_session_duration_s: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Roles:
    """Finds roles by ARN; satisfies the port of `sts`."""

    roles: RoleStore

    async def find(self, role_arn: str) -> RoleFacts | None:
        """Return a role; None when there is none of exactly that ARN."""
        try:
            key = entity_key(role_arn)
        except ArnError:
            return None
        record = await self.roles.get(*key)
        if record is None or record.arn != role_arn:
            return None
        return RoleFacts(
            arn=record.arn,
            name=record.name,
            role_id=record.unique_id,
            account=record.account,
            trust_policy=record.trust_policy,
            max_session_duration_s=record.max_session_duration_s,
            tags=record.tags,
        )
