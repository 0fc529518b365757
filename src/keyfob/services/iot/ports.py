"""What IoT needs of the rest; joined in `app`."""

from dataclasses import dataclass
from typing import Protocol

from keyfob.core.ids import AccountId, Region


class TargetLookup(Protocol):
    """Knows what policies can be attached to (`cognito_identity`; later certificates, groups)."""

    async def exists(self, account: AccountId, region: Region, target: str) -> bool:
        """Return whether a Cognito identity, certificate or thing group of the account exists.

        Args:
            account: whose it must be.
            region: where it must be.
            target: identity id (`region:uuid`), certificate ARN or thing group ARN. An identity
                *pool* id looks like an identity id and is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """Where this server is reached: what `DescribeEndpoint` answers."""

    host: str
    """Host name or address, without brackets."""
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
