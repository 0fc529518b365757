"""The joints between services: what one needs of another, in the shape it asked for."""

import hmac
from dataclasses import dataclass

from keyfob.authz.authorizer import Authorizer
from keyfob.authz.context import Circumstances
from keyfob.authz.errors import UnknownCredentialError
from keyfob.authz.operation import Call
from keyfob.authz.ports import Credential, CredentialLookup, PolicyChanges
from keyfob.authz.principal import Root
from keyfob.config import RootKey
from keyfob.core.errors import access_denied
from keyfob.core.ids import AccountId, Region
from keyfob.services.cognito_identity.directory import IdentityPoolDirectory

_TEMPORARY_PREFIX = "ASIA"


class ChangeRelay:
    """Passes changes on to the directory, which is made after the stores that report them."""

    def __init__(self) -> None:
        """Wait for `target` to be set."""
        self.target: PolicyChanges | None = None

    async def role_changed(self, role_arn: str) -> None:
        """Pass on."""
        await self._required.role_changed(role_arn)

    async def user_changed(self, user_arn: str) -> None:
        """Pass on."""
        await self._required.user_changed(user_arn)

    async def managed_policy_changed(self, policy_arn: str) -> None:
        """Pass on."""
        await self._required.managed_policy_changed(policy_arn)

    async def iot_policy_changed(self, account: AccountId, region: Region, name: str) -> None:
        """Pass on."""
        await self._required.iot_policy_changed(account, region, name)

    async def attachments_changed(self, account: AccountId, region: Region, target: str) -> None:
        """Pass on."""
        await self._required.attachments_changed(account, region, target)

    async def identity_changed(self, identity_id: str) -> None:
        """Pass on."""
        await self._required.identity_changed(identity_id)

    @property
    def _required(self) -> PolicyChanges:
        if self.target is None:
            raise RuntimeError("a policy changed before the directory was there")
        return self.target


@dataclass(frozen=True, slots=True)
class Credentials:
    """Every access key of the server: root's, the users' and the role sessions'."""

    account: AccountId
    root: RootKey
    users: CredentialLookup
    sessions: CredentialLookup

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        """Return the credential of an access key.

        Raises:
            UnknownCredentialError: there is no such key.
            ExpiredCredentialError: the session is over.
        """
        if hmac.compare_digest(access_key_id.encode(), self.root.access_key_id.encode()):
            if session_token is not None:
                raise UnknownCredentialError(access_key_id)
            return Credential(self.root.secret_access_key, Root(self.account))
        if access_key_id.startswith(_TEMPORARY_PREFIX):
            return await self.sessions.find(access_key_id, session_token, now_s)
        return await self.users.find(access_key_id, session_token, now_s)


@dataclass(frozen=True, slots=True)
class PassRole:
    """Whether a caller may hand a role to a service."""

    authorizer: Authorizer

    async def require_pass_role(self, call: Call, role_arn: str, service: str) -> None:
        """Return if the caller's policies allow `iam:PassRole` on the role.

        Raises:
            AwsError: they do not; the denial is recorded.
        """
        circumstances = Circumstances(call.region, call.source_ip, call.is_tls, call.user_agent)
        decision = await self.authorizer.decide(
            call.principal,
            "iam:PassRole",
            role_arn,
            circumstances,
            now_s=call.now_s,
            keys={"iam:PassedToService": (service,)},
        )
        if decision.is_allowed:
            return
        self.authorizer.denials.record(
            decision, call.principal, now_s=call.now_s, source_ip=call.source_ip
        )
        raise access_denied(
            f"User: {call.principal.arn} is not authorized to perform: iam:PassRole on resource: "
            f"{role_arn}"
        )


@dataclass(frozen=True, slots=True)
class PolicyTargets:
    """What IoT policies can be attached to: Cognito identities, so far."""

    identities: IdentityPoolDirectory

    async def exists(self, account: AccountId, region: Region, target: str) -> bool:
        """Return whether an identity of the account and region stands under an id."""
        identity = await self.identities.find_identity(target)
        if identity is None or identity.is_disabled or not target.startswith(f"{region}:"):
            return False
        pool = await self.identities.pools.get(identity.pool_id)
        return pool is not None and pool.account == account
