"""Messages to users: codes and invitations, put in the pool's mailbox instead of being sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keyfob.services.cognito_idp.domain.codes import SIGN_IN, CodeKind
from keyfob.store.ports.mail import MailStore, MessageRecord
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.sealed import Sealer

_PURPOSE = "message"
_INVITATION = "Your username is {username} and temporary password is {####}."

CODE_MARK = "{####}"
"""Where a message's template has its code; documented."""

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
        wording: Mapping[str, Any],
        now_s: float,
    ) -> None:
        """Put a message with a code into the mailbox.

        Args:
            pool: whose templates.
            user: to whom.
            delivery: where to.
            kind: what the code is for.
            code: the code.
            wording: what the custom message trigger answered; it goes before the templates.
            now_s: epoch seconds.
        """
        subject, text = _template(pool, delivery, kind)
        own = wording.get("emailMessage" if delivery.attribute == "email" else "smsMessage")
        text = (own or text).replace(CODE_MARK, code).replace("{username}", user.username)
        content = MessageContent(wording.get("emailSubject") or subject, text, code)
        await self._send(pool, user, delivery, kind.purpose, content, now_s)

    async def send_invitation(
        self,
        pool: UserPoolRecord,
        user: UserRecord,
        delivery: Delivery,
        *,
        password: str,
        wording: Mapping[str, Any],
        now_s: float,
    ) -> None:
        """Put an invitation with a temporary password into the mailbox."""
        template = pool.settings.get("AdminCreateUserConfig", {}).get("InviteMessageTemplate", {})
        member = "EmailMessage" if delivery.attribute == "email" else "SMSMessage"
        own = wording.get("emailMessage" if delivery.attribute == "email" else "smsMessage")
        text = own or template.get(member) or _INVITATION
        text = text.replace("{username}", user.username).replace(CODE_MARK, password)
        subject = wording.get("emailSubject") or template.get("EmailSubject")
        subject = subject or "Your temporary password"
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


def _template(pool: UserPoolRecord, delivery: Delivery, kind: CodeKind) -> tuple[str, str]:
    """Return subject and text of a message with a code, as the pool words them."""
    settings = pool.settings
    is_email = delivery.attribute == "email"
    if kind is SIGN_IN:
        email = pool.factors.email or {}
        sms = (pool.factors.sms or {}).get("SmsAuthenticationMessage")
        text = email.get("Message") if is_email else sms or settings.get("SmsAuthenticationMessage")
        subject = email.get("Subject") or "Your authentication code"
        return subject, text or "Your authentication code is {####}."
    template = settings.get("VerificationMessageTemplate", {})
    older = "EmailVerificationMessage" if is_email else "SmsVerificationMessage"
    text = template.get("EmailMessage" if is_email else "SmsMessage") or settings.get(older)
    subject = template.get("EmailSubject") or settings.get("EmailVerificationSubject")
    return subject or "Your verification code", text or "Your confirmation code is {####}"
