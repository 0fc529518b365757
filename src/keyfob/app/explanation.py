"""Explains decisions about live principals: finds who is meant, and asks as they would ask.

A user pool user is explained by the session that `GetCredentialsForIdentity` would give: a token
is made and exchanged by the operations themselves, so role choice, principal tags and the trust
policy are what they are for the real client. Nothing is written, and nobody gets the credentials.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from keyfob.app.brokers import Brokers
from keyfob.authz.audit import Denial, DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.context import Circumstances
from keyfob.authz.decision import Decision
from keyfob.authz.enforce import enforce
from keyfob.authz.operation import Call
from keyfob.authz.principal import Anonymous, IamUser, Principal, RoleSession
from keyfob.authz.report import build_report
from keyfob.core.arn import iam_arn, iot_arn
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region, new_uuid
from keyfob.server.explanation import ExplainQuery
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.service import OPERATIONS
from keyfob.services.cognito_idp.issuing import Grant, issue_again
from keyfob.services.cognito_idp.triggers import Caller
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.iam.role_lookup import Roles
from keyfob.services.sts.domain.sessions import SessionCredentials
from keyfob.services.sts.issuer import RoleSessionIssuer
from keyfob.store.ports.iam_users import UserStore
from keyfob.store.ports.identities import IdentityRecord, IdentityStore, Login
from keyfob.store.ports.identity_pools import IdentityPoolStore

_SHORT_FORMS = {
    "iot:connect": "client",
    "iot:publish": "topic",
    "iot:receive": "topic",
    "iot:retainpublish": "topic",
    "iot:subscribe": "topicfilter",
}
"""What a bare name stands for, by action in lower case."""

_USER_POOL_PROVIDER = "cognito-idp."

_GET_CREDENTIALS = next(row for row in OPERATIONS if row.name == "GetCredentialsForIdentity")


def full_resource(action: str, resource: str, region: Region, account: AccountId) -> str:
    """Return the ARN of a resource that may be given as a bare topic, filter or client id."""
    kind = _SHORT_FORMS.get(action.lower())
    if kind is None or resource.startswith("arn:") or resource in ("", "*"):
        return resource or "*"
    return iot_arn(region, account, f"{kind}/{resource}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSessions:
    """Gives the role session that an identity would get."""

    authorizer: Authorizer
    user_pools: UserPools
    identity: CognitoIdentityService
    identities: IdentityStore
    pools: IdentityPoolStore
    issuer: RoleSessionIssuer
    sessions: SessionCredentials

    async def of_identity(self, identity_id: str, now_s: float) -> RoleSession:
        """Return the session of an identity, signed in with the logins it has.

        Raises:
            AwsError: there is no such identity, or it would get no credentials; says why.
        """
        record = await self.identities.get(identity_id)
        pool = None if record is None else await self.pools.get(record.pool_id)
        if record is None or pool is None:
            raise _unknown(f"there is no identity `{identity_id}`")
        tokens = {
            login.provider: await self._token(record, login, now_s) for login in record.logins
        }
        return await self._exchange(record, pool.account, pool.region, tokens, now_s)

    async def _token(self, record: IdentityRecord, login: Login, now_s: float) -> str:
        """Return an ID token as the user would have it, for a client that the pool lists."""
        pool = await self.pools.get(record.pool_id)
        listed = () if pool is None else pool.cognito_providers
        client_id = next(
            (one.client_id for one in listed if one.provider_name == login.provider), ""
        )
        client = await self.user_pools.pools.get_client(client_id) if client_id else None
        user_pool_id = login.provider.rpartition("/")[2]
        user = await self.user_pools.users.get(user_pool_id, login.subject)
        if not login.provider.startswith(_USER_POOL_PROVIDER) or client is None or user is None:
            raise _unknown(
                f"`{login.provider}` gives the identity no token here; explain it by --client"
                " once it is connected"
            )
        grant = Grant(
            await self.user_pools.require_pool(user_pool_id),
            client,
            user,
            new_uuid(self.user_pools.randomness),
            int(now_s),
        )
        issued = await issue_again(
            self.user_pools, grant, "Authentication", Caller(client.client_id), now_s
        )
        token: str = issued["IdToken"]
        return token

    async def _exchange(
        self,
        record: IdentityRecord,
        account: AccountId,
        region: Region,
        tokens: Mapping[str, str],
        now_s: float,
    ) -> RoleSession:
        refusals = DenialLog()  # what is refused here was asked by the operator, not by the user
        service = replace(self.identity, issuer=replace(self.issuer, denials=refusals))
        params: dict[str, Any] = {"IdentityId": record.identity_id}
        if tokens:
            params["Logins"] = tokens
        call = Call(
            service="cognito-identity",
            operation=_GET_CREDENTIALS.name,
            params=params,
            principal=Anonymous(account),
            account=account,
            region=region,
            request_id=new_uuid(self.identity.randomness),
            source_ip="",
            is_tls=True,
            now_s=now_s,
        )
        request = await enforce(self.authorizer, _GET_CREDENTIALS, service, call)
        try:
            answer = await _GET_CREDENTIALS.handler(service, request)
        except AwsError as refusal:
            reasons = [denial.sentence for denial in refusals.recent()]
            why = "; ".join((refusal.message, *reasons))
            raise _unknown(f"`{record.identity_id}` would get no credentials: {why}") from refusal
        credentials = answer["Credentials"]
        found = await self.sessions.find(
            credentials["AccessKeyId"], credentials["SessionToken"], now_s
        )
        if not isinstance(found.principal, RoleSession):
            raise TypeError("a session token stands for a role session")
        return found.principal


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveExplainer:
    """Implements `server.explanation.Explainer`."""

    authorizer: Authorizer
    people: PersonSessions
    roles: Roles
    iam_users: UserStore
    brokers: Brokers
    account: AccountId
    region: Region

    async def explain(self, query: ExplainQuery) -> Mapping[str, Any]:
        """Return the report of a decision, or the last denial of a client.

        Raises:
            AwsError: nobody goes by that name, or it is not clear who is meant.
        """
        if query.client and not query.action:
            return {"denial": msgspec.to_builtins(self._last_denial(query.client))}
        decision = (
            await self._judge_client(query) if query.client else await self._judge_principal(query)
        )
        return {"report": msgspec.to_builtins(build_report(decision))}

    def _last_denial(self, client_id: str) -> Denial:
        found = (one for one in self.authorizer.denials.recent() if one.client_id == client_id)
        denial = max(found, key=lambda one: one.last_time_s, default=None)
        if denial is None:
            raise _unknown(f"nothing was refused to a client `{client_id}`")
        return denial

    async def _judge_client(self, query: ExplainQuery) -> Decision:
        connection = await self.brokers.find_connection(query.client)
        if connection is None:
            raise _unknown(f"no client `{query.client}` is connected")
        named = query.resource
        if not named and query.action.lower() == "iot:connect":
            named = query.client
        resource = full_resource(
            query.action, named, connection.region, connection.principal.account
        )
        return connection.decide(query.action, resource, _keys(query))

    async def _judge_principal(self, query: ExplainQuery) -> Decision:
        now_s = self.authorizer.clock.now()
        principal = await self._find(query, now_s)
        region = _region_of(principal) or self.region
        return await self.authorizer.decide(
            principal,
            query.action,
            full_resource(query.action, query.resource, region, principal.account),
            Circumstances(region, source_ip="", is_tls=True),
            now_s=now_s,
            keys=_keys(query),
        )

    async def _find(self, query: ExplainQuery, now_s: float) -> Principal:
        if query.identity:
            return await self.people.of_identity(query.identity, now_s)
        if query.role:
            return await self._role_session(query.role, now_s)
        if not query.user.startswith("arn:"):
            users = await self.people.user_pools.users.find_anywhere(query.user, limit=2)
            if users:
                return await self._person(query.user, now_s)
        return await self._iam_user(query.user)

    async def _person(self, name: str, now_s: float) -> RoleSession:
        users = await self.people.user_pools.users.find_anywhere(name, limit=2)
        found = [
            identity.identity_id
            for user in users
            for identity in await self.people.identities.find_by_subject(user.sub)
            if not identity.is_disabled
        ]
        if len(found) == 1:
            return await self.people.of_identity(found[0], now_s)
        if found:
            raise _unknown(f"`{name}` has several identities, name one: {', '.join(found)}")
        raise _unknown(f"`{name}` has no identity yet: GetId makes it")

    async def _iam_user(self, name: str) -> IamUser:
        record = await self.iam_users.get(self.account, name.rpartition("/")[2])
        if record is None or (name.startswith("arn:") and record.arn != name):
            raise _unknown(f"nobody goes by `{name}`")
        return IamUser(record.account, record.name, record.arn, record.unique_id, record.tags)

    async def _role_session(self, role: str, now_s: float) -> RoleSession:
        arn = role if role.startswith("arn:") else iam_arn(self.account, f"role/{role}")
        facts = await self.roles.find(arn)
        if facts is None:
            raise _unknown(f"there is no role `{arn}`")
        return RoleSession(
            account=facts.account,
            role_name=facts.name,
            role_arn=facts.arn,
            role_id=facts.role_id,
            session_name="explain",
            access_key_id="",
            issued_at_s=now_s,
            expires_at_s=now_s,
            tags=facts.tags,
        )


def _region_of(principal: Principal) -> Region | None:
    """Return the region of a Cognito identity, which is where its IoT policies are."""
    if isinstance(principal, RoleSession) and principal.web_identity is not None:
        region, colon, _ = principal.web_identity.subject.partition(":")
        return Region(region) if colon else None
    return None


def _keys(query: ExplainQuery) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in query.context.items()}


def _unknown(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, status=404)
