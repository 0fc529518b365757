"""Messages that Cognito would have sent, kept for whoever runs the server to read."""

from typing import Protocol

from msgspec import Struct

MAX_MESSAGES_PER_POOL = 1_000
"""The oldest messages go first, so that a mailbox cannot fill the disk."""


class MessageRecord(Struct, frozen=True, kw_only=True):
    """One message."""

    pool_id: str
    username: str
    medium: str
    """`EMAIL` or `SMS`."""
    destination: str
    purpose: str
    """Why it was sent, for instance `sign up`."""
    content_encrypted: bytes
    """Subject and text under the keyring: they hold a code or a password."""
    sent_at_s: float


class MailStore(Protocol):
    """Keeps messages, a bounded number for each pool."""

    async def add(self, record: MessageRecord) -> None:
        """Keep a message; beyond the bound the pool's oldest is dropped."""
        ...

    async def list_messages(self, pool_id: str | None, *, limit: int) -> tuple[MessageRecord, ...]:
        """Return the newest messages of one pool or of all, newest first."""
        ...
