"""Credentials of users' own sessions and of federated users: sealed tokens, like role sessions'.

A token names the user, not what they may do: the user is looked up each time, so that a deleted
one's sessions end, and policies are today's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from keyfob.authz.errors import ExpiredCredentialError, UnknownCredentialError
from keyfob.authz.ports import Credential
from keyfob.authz.principal import FederatedUser, IamUser, Root, TokenSession
from keyfob.core.ids import AccountId, Randomness, new_secret_access_key, new_unique_id
from keyfob.core.secret import Secret
from keyfob.services.sts.domain.session_tags import merge_over_role_tags
from keyfob.services.sts.domain.sessions import MAX_SESSION_TOKEN_LENGTH, IssuedCredentials
from keyfob.services.sts.ports import UserLookup
from keyfob.tokens.errors import SealError
from keyfob.tokens.sealed import Sealer

USER_SESSION_PURPOSE = "sts user session token"

NO_PERMISSIONS = (
    '{"Version": "2012-10-17", "Statement": '
    '[{"Effect": "Allow", "NotAction": "*", "Resource": "*"}]}'
)
"""The session policy of a federated user for whom none was passed: it allows nothing."""


class _Federation(msgspec.Struct, frozen=True, array_like=True):
    name: str
    tags: dict[str, str]
    session_policies: tuple[str, ...]


class _Facts(msgspec.Struct, frozen=True, array_like=True):
    """What a token carries; new members go to the end, with a default."""

    access_key_id: str
    secret_access_key: str
    account: str
    user_arn: str | None
    """None: the root user."""
    user_id: str
    issued_at_s: float
    expires_at_s: float
    federation: _Federation | None = None


@dataclass(frozen=True, slots=True)
class Federation:
    """Who a federated user is, and what bounds them."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    session_policies: tuple[str, ...] = ()


class UserSessionCredentials:
    """Issues such credentials; a `CredentialLookup` for their keys."""

    def __init__(self, sealer: Sealer, randomness: Randomness, users: UserLookup) -> None:
        """Seal tokens with `sealer`; look users up in `users`."""
        self._sealer = sealer
        self._randomness = randomness
        self._users = users
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Facts)

    def issue(
        self,
        parent: Root | IamUser,
        now_s: float,
        duration_s: int,
        federation: Federation | None = None,
    ) -> IssuedCredentials:
        """Return new credentials; nothing is written.

        Args:
            parent: the caller, whose permissions they have at most.
            now_s: epoch seconds; AWS gives whole ones.
            duration_s: how long they are good.
            federation: the federated user; None: the caller's own session.
        """
        facts = _Facts(
            access_key_id=new_unique_id(self._randomness, "ASIA"),
            secret_access_key=new_secret_access_key(self._randomness),
            account=parent.account,
            user_arn=parent.arn if isinstance(parent, IamUser) else None,
            user_id=parent.user_id,
            issued_at_s=float(int(now_s)),
            expires_at_s=float(int(now_s) + duration_s),
            federation=None if federation is None else _pack(federation),
        )
        return IssuedCredentials(
            facts.access_key_id,
            Secret(facts.secret_access_key),
            self._sealer.seal(USER_SESSION_PURPOSE, self._encoder.encode(facts)),
            facts.expires_at_s,
        )

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        """Return the session that a token carries.

        Raises:
            UnknownCredentialError: no token, one that was not sealed here, another key's, or of a
                user who is gone.
            ExpiredCredentialError: the session is over.
        """
        if session_token is None or len(session_token) > MAX_SESSION_TOKEN_LENGTH:
            raise UnknownCredentialError("an ASIA key needs its session token")
        facts = self._open(session_token)
        if facts.access_key_id != access_key_id:
            raise UnknownCredentialError("the session token belongs to another access key")
        if now_s >= facts.expires_at_s:
            raise ExpiredCredentialError("the session has expired")
        session = TokenSession(facts.access_key_id, facts.issued_at_s, facts.expires_at_s)
        parent = await self._find_parent(facts, session)
        secret = Secret(facts.secret_access_key)
        if facts.federation is None:
            return Credential(secret, parent)
        return Credential(secret, _to_federated_user(facts, facts.federation, parent))

    async def _find_parent(self, facts: _Facts, session: TokenSession) -> Root | IamUser:
        if facts.user_arn is None:
            return Root(AccountId(facts.account), session)
        user = await self._users.find(facts.user_arn)
        if user is None or user.user_id != facts.user_id:
            raise UnknownCredentialError("the user is gone")
        return IamUser(user.account, user.name, user.arn, user.user_id, user.tags, session)

    def _open(self, session_token: str) -> _Facts:
        try:
            return self._decoder.decode(self._sealer.open(USER_SESSION_PURPOSE, session_token))
        except (SealError, msgspec.DecodeError):
            raise UnknownCredentialError("the session token cannot be opened") from None


def _pack(federation: Federation) -> _Federation:
    return _Federation(
        federation.name, dict(federation.tags), federation.session_policies or (NO_PERMISSIONS,)
    )


def _to_federated_user(
    facts: _Facts, federation: _Federation, parent: Root | IamUser
) -> FederatedUser:
    inherited = parent.tags if isinstance(parent, IamUser) else {}
    return FederatedUser(
        name=federation.name,
        parent=parent,
        access_key_id=facts.access_key_id,
        issued_at_s=facts.issued_at_s,
        expires_at_s=facts.expires_at_s,
        tags=merge_over_role_tags(inherited, federation.tags),
        session_policies=federation.session_policies,
    )
