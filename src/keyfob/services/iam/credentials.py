"""Whom a long-term access key stands for."""

from dataclasses import dataclass

from keyfob.authz.errors import UnknownCredentialError
from keyfob.authz.ports import Credential
from keyfob.authz.principal import IamUser
from keyfob.core.ids import Region
from keyfob.core.secret import Secret
from keyfob.services.iam.key_uses import KeyUses
from keyfob.services.iam.operations.access_keys import SECRET_PURPOSE
from keyfob.store.ports.iam_users import UserStore
from keyfob.tokens.sealed import Sealer


@dataclass(frozen=True, slots=True)
class AccessKeyCredentials:
    """Implements `authz.ports.CredentialLookup` for AKIA keys.

    The user comes from the store's memory; the secret is opened anew each time, a few
    microseconds, so that no clear secret stays in memory longer than one request.
    """

    users: UserStore
    sealer: Sealer
    uses: KeyUses

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        """Return the credential of an active access key.

        Raises:
            UnknownCredentialError: no such key, an inactive one, or a session token came with it:
                long-term keys have none.
        """
        user = await self.users.find_by_access_key(access_key_id)
        key = None if user is None else user.access_key(access_key_id)
        if user is None or key is None or key.status != "Active" or session_token is not None:
            raise UnknownCredentialError(access_key_id)
        secret = self.sealer.decrypt(SECRET_PURPOSE, key.sealed_secret, access_key_id)
        principal = IamUser(user.account, user.name, user.arn, user.unique_id, user.tags)

        def note_use(region: Region, service: str) -> None:
            self.uses.note(access_key_id, region, service, now_s)

        return Credential(Secret(secret.decode()), principal, note_use)
