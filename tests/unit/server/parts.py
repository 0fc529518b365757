"""A root user, one anonymous-friendly policy source and brokers in memory."""

import asyncio
from collections.abc import Sequence

from keyfob.authz.audit import DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.directory import PolicyDirectory
from keyfob.authz.errors import ExpiredCredentialError, UnknownCredentialError
from keyfob.authz.ports import Credential, IdentityPolicies, NamedPolicy
from keyfob.authz.principal import IamUser, Root, SignedInUser
from keyfob.core.clock import Clock, ManualClock
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region, SystemRandomness
from keyfob.core.secret import Secret
from keyfob.mqtt.broker import Broker
from keyfob.mqtt.ports import JournalEntry, StoredMessage, StoredSession
from keyfob.sigv4 import SigningCredentials

ACCOUNT, REGION = AccountId("123456789012"), Region("eu-central-1")
NOW_S = 1_700_000_100.0
ROOT_KEY, SECRET = "AKIAROOTROOTROOTROOT", Secret("root's secret")
USER_KEY = "AKIAUSERUSERUSERUSER"
POOL_ID = "us-west-2_AbCdEfGhI"

ROOT = SigningCredentials(ROOT_KEY, SECRET)
USER = SigningCredentials(USER_KEY, SECRET)

ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class Credentials:
    """Knows the root key, a user without policies, and a key whose session is over."""

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        if access_key_id == ROOT_KEY:
            return Credential(SECRET, Root(ACCOUNT))
        if access_key_id == USER_KEY:
            arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
            return Credential(SECRET, IamUser(ACCOUNT, "ann", arn, "AIDAX"))
        if access_key_id == "ASIAEXPIRED":
            raise ExpiredCredentialError
        raise UnknownCredentialError


class AccessTokens:
    async def verify(self, access_token: str, now_s: float) -> SignedInUser:
        if access_token != "good":
            raise AwsError("NotAuthorizedException", "Invalid Access Token")
        scopes = frozenset({"aws.cognito.signin.user.admin"})
        return SignedInUser(ACCOUNT, POOL_ID, "ann", "sub", "client", scopes, None)


class Sources:
    """No role or user has a policy; the IoT policy `wide` allows everything."""

    async def role_policies(self, role_arn: str) -> IdentityPolicies | None:
        return None

    async def user_policies(self, user_arn: str) -> IdentityPolicies | None:
        return IdentityPolicies(())

    async def attached_policies(
        self, account: AccountId, region: Region, target: str
    ) -> tuple[NamedPolicy, ...]:
        return ()

    async def named_policy(
        self, account: AccountId, region: Region, name: str
    ) -> NamedPolicy | None:
        return NamedPolicy("wide:v1", ALLOW_ALL) if name == "wide" else None

    async def is_active(self, identity_id: str) -> bool:
        return True


class NoJournal:
    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        return (), ()

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        return


class Brokers:
    """Makes brokers on first use."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.made: dict[tuple[AccountId, Region], Broker] = {}

    async def find(self, account: AccountId, region: Region) -> Broker:
        key = account, region
        if key not in self.made:
            self.made[key] = Broker(
                account=account,
                region=region,
                journal=NoJournal(),
                clock=self.clock,
                randomness=SystemRandomness(),
                loop=asyncio.get_running_loop(),
            )
            await self.made[key].start()
        return self.made[key]

    async def stop(self) -> None:
        for broker in self.made.values():
            await broker.stop()


def make_authorizer() -> Authorizer:
    sources = Sources()
    return Authorizer(
        PolicyDirectory(sources, sources, sources), DenialLog(), ManualClock(at=NOW_S)
    )
