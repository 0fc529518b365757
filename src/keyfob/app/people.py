"""Who is who: joins the users of pools with the identities they have, both ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyfob.services.cognito_identity.directory import IdentityPoolDirectory
from keyfob.services.cognito_idp.directory import UserPoolDirectory
from keyfob.services.cognito_idp.mailbox import Mailbox
from keyfob.store.ports.identities import IdentityRecord
from keyfob.store.ports.users import UserRecord


@dataclass(frozen=True, slots=True)
class People:
    """The map that AWS has no call for."""

    users: UserPoolDirectory
    identities: IdentityPoolDirectory

    async def find(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the people that a user name, sub, alias or identity id stands for."""
        identity = await self.identities.find_identity(name)
        if identity is not None:
            return await self._behind(identity)
        return [await self._with_identities(user) for user in await self.users.find_users(name)]

    async def _behind(self, identity: IdentityRecord) -> Sequence[Mapping[str, Any]]:
        """Return the users whose logins an identity has; a guest if there are none."""
        people = [
            _render(user, [identity])
            for login in identity.logins
            for user in await self.users.find_users(login.subject)
            if user.sub == login.subject
        ]
        return people or [_render(None, [identity])]

    async def _with_identities(self, user: UserRecord) -> Mapping[str, Any]:
        return _render(user, await self.identities.find_by_subject(user.sub))


@dataclass(frozen=True, slots=True)
class Mail:
    """The mailbox of every pool, as the operator reads it."""

    mailbox: Mailbox

    async def read(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the newest messages first."""
        return [
            {
                "user_pool_id": message.record.pool_id,
                "username": message.record.username,
                "destination": message.record.destination,
                "purpose": message.record.purpose,
                "sent_at_s": message.record.sent_at_s,
                "subject": message.content.subject,
                "text": message.content.text,
                "code": message.content.code,
            }
            for message in await self.mailbox.read(None, limit=limit)
        ]


def _render(user: UserRecord | None, identities: Sequence[IdentityRecord]) -> Mapping[str, Any]:
    return {
        "user_pool_id": user.pool_id if user else None,
        "username": user.username if user else None,
        "sub": user.sub if user else None,
        "status": user.status if user else None,
        "attributes": user.attributes if user else {},
        "identities": [
            {
                "identity_id": identity.identity_id,
                "identity_pool_id": identity.pool_id,
                "is_disabled": identity.is_disabled,
            }
            for identity in identities
        ],
    }
