"""Every temporary access key: role sessions', users' own and federated users'."""

from dataclasses import dataclass

from keyfob.authz.errors import UnknownCredentialError
from keyfob.authz.ports import Credential
from keyfob.services.sts.domain.sessions import SessionCredentials
from keyfob.services.sts.domain.user_sessions import UserSessionCredentials


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """A `CredentialLookup` for ASIA keys; what a token is for, its seal tells."""

    roles: SessionCredentials
    users: UserSessionCredentials

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        """Return the session that a token carries.

        Raises:
            UnknownCredentialError: no token, one that was not sealed here, another key's, or of a
                user who is gone.
            ExpiredCredentialError: the session is over.
        """
        try:
            return await self.roles.find(access_key_id, session_token, now_s)
        except UnknownCredentialError:
            return await self.users.find(access_key_id, session_token, now_s)
