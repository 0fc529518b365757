"""Connections for the data plane's tests."""

from keyfob.core.ids import AccountId, Region
from keyfob.services.iot_data.ports import ClientConnection, Delivery, OutgoingMessage


class NoConnections:
    """Nobody is connected."""

    def __init__(self) -> None:
        self.found: ClientConnection | None = None
        self.subscribed: tuple[tuple[str, int], ...] | None = None
        self.delivery = Delivery.NOT_CONNECTED
        self.sent: list[tuple[str, OutgoingMessage, float | None]] = []
        self.ended: list[tuple[str, bool, bool]] = []

    async def disconnect(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        *,
        clean_session: bool,
        prevent_will: bool,
    ) -> bool:
        self.ended.append((client_id, clean_session, prevent_will))
        return self.found is not None

    async def connection(
        self, account: AccountId, region: Region, client_id: str
    ) -> ClientConnection | None:
        return self.found

    async def subscriptions(
        self, account: AccountId, region: Region, client_id: str
    ) -> tuple[tuple[str, int], ...] | None:
        return self.subscribed

    async def send(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        message: OutgoingMessage,
        *,
        confirm_within_s: float | None,
    ) -> Delivery:
        self.sent.append((client_id, message, confirm_within_s))
        return self.delivery
