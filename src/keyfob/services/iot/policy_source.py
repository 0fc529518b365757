"""IoT policies in force, for `authz`."""

from dataclasses import dataclass

from keyfob.authz.ports import NamedPolicy
from keyfob.core.ids import AccountId, Region
from keyfob.store.ports.iot_policies import IotPolicyRecord, IotPolicyStore


@dataclass(frozen=True, slots=True)
class IotPolicies:
    """Implements `authz.ports.IotPolicySource`; the store answers from memory once asked."""

    policies: IotPolicyStore

    async def attached_policies(
        self, account: AccountId, region: Region, target: str
    ) -> tuple[NamedPolicy, ...]:
        """Return the default versions of the policies attached to a target."""
        records = await self.policies.attached(account, region, target)
        return tuple(named_policy(record) for record in records)

    async def named_policy(
        self, account: AccountId, region: Region, name: str
    ) -> NamedPolicy | None:
        """Return the default version of one policy; None when there is none of that name."""
        record = await self.policies.get(account, region, name)
        return None if record is None else named_policy(record)


def named_policy(record: IotPolicyRecord) -> NamedPolicy:
    """Return a policy's document in force, named `<name>:v<version>`."""
    return NamedPolicy(f"{record.name}:v{record.default_number}", record.default_version.document)
