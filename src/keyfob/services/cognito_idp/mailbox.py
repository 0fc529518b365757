"""Messages to users: codes and invitations, put in the pool's mailbox instead of being sent."""

from dataclasses import dataclass

import msgspec

from keyfob.services.cognito_idp.domain.codes import CodeKind
from keyfob.store.ports.mail import MailStore, MessageRecord
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.sealed import Sealer

_PURPOSE = "message"
_MEDIA = {"email": "EMAIL", "phone_number": "SMS"}


class MessageContent(msgspec.Struct, frozen=True):
    """What a message says."""

    subject: str
    text: str
    code: str
    """The code or temporary password in it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the operator reads it."""

    record: MessageRecord
    content: MessageContent


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a message goes."""

    attribute: str
    """`email` or `phone_number`."""
    destination: str

    @property
    def medium(self) -> str:
        """`EMAIL` or `SMS`."""
        return _MEDIA[self.attribute]

    def render(self) -> dict[str, str]:
        """Return `CodeDeliveryDetailsType`, the destination masked as Cognito does (observed)."""
        if self.attribute == "email":
            local, _, domain = self.destination.partition("@")
            masked = f"{local[:1]}***@{domain[:1]}***"
        else:
            masked = f"+{'*' * max(len(self.destination) - 5, 1)}{self.destination[-4:]}"
        return {
            "Destination": masked,
            "DeliveryMedium": self.medium,
            "AttributeName": self.attribute,
        }


class Mailbox:
    """Writes and reads the messages of pools; their text is encrypted at rest."""

    def __init__(self, store: MailStore, sealer: Sealer) -> None:
        """Keep messages in `store`, encrypted with `sealer`."""
        self._store = store
        self._sealer = sealer

    async def send_code(
        self,
        pool: UserPoolRecord,
        user: UserRecord,
        delivery: Delivery,
        *,
        kind: CodeKind,
        code: str,
        now_s: float,
    ) -> None:
        """Put a message with a code into the mailbox, worded by the pool's template."""
        template = pool.settings.get("VerificationMessageTemplate", {})
        subject = template.get("EmailSubject") or pool.settings.get("EmailVerificationSubject")
        member = "EmailMessage" if delivery.attribute == "email" else "SmsMessage"
        older = (
            "EmailVerificationMessage"
            if delivery.attribute == "email"
            else ("SmsVerificationMessage")
        )
        text = (
            template.get(member) or pool.settings.get(older) or "Your confirmation code is {####}"
        )
        content = MessageContent(
            subject or "Your verification code", text.replace("{####}", code), code
        )
        await self._send(pool, user, delivery, kind.purpose, content, now_s)

    async def send_invitation(
        self,
        pool: UserPoolRecord,
        user: UserRecord,
        delivery: Delivery,
        *,
        password: str,
        now_s: float,
    ) -> None:
        """Put an invitation with a temporary password into the mailbox."""
        template = pool.settings.get("AdminCreateUserConfig", {}).get("InviteMessageTemplate", {})
        member = "EmailMessage" if delivery.attribute == "email" else "SMSMessage"
        text = template.get(member) or (
            "Your username is {username} and temporary password is {####}."
        )
        text = text.replace("{username}", user.username).replace("{####}", password)
        subject = template.get("EmailSubject") or "Your temporary password"
        content = MessageContent(subject, text, password)
        await self._send(pool, user, delivery, "invitation", content, now_s)

    async def read(self, pool_id: str | None, *, limit: int) -> tuple[Message, ...]:
        """Return the newest messages of one pool or of all, newest first."""
        records = await self._store.list_messages(pool_id, limit=limit)
        return tuple(Message(record, self._open(record)) for record in records)

    async def _send(
        self,
        pool: UserPoolRecord,
        user: UserRecord,
        delivery: Delivery,
        purpose: str,
        content: MessageContent,
        now_s: float,
    ) -> None:
        blob = self._sealer.encrypt(_PURPOSE, msgspec.json.encode(content), pool.pool_id)
        record = MessageRecord(
            pool_id=pool.pool_id,
            username=user.username,
            medium=delivery.medium,
            destination=delivery.destination,
            purpose=purpose,
            content_encrypted=blob,
            sent_at_s=now_s,
        )
        await self._store.add(record)

    def _open(self, record: MessageRecord) -> MessageContent:
        blob = self._sealer.decrypt(_PURPOSE, record.content_encrypted, record.pool_id)
        return msgspec.json.decode(blob, type=MessageContent)
