"""Whatever is done in whatever order, credentials are what the token justifies, and no more.

The model knows who was ever proven together with whom, which identities are over, and what the
pool says now. Credentials are opened and held against it.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.services.caller import ACCOUNT, NOW_S, Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.cognito_identity.fakes import (
    CLIENT_ID,
    GUEST_ROLE,
    OTHER_ROLE,
    OTHER_USER_POOL,
    ROLE,
    USER_POOL,
    FakeIssuerKeys,
    FakeLogins,
    FakeOidcProviders,
    FakeOpenIdKeys,
    FakePassRole,
    id_token,
)
from tests.unit.services.sts.fakes import FakeRole, FakeRoles

from keyfob.authz.audit import DenialLog
from keyfob.authz.principal import RoleSession
from keyfob.core.errors import AwsError
from keyfob.core.ids import SystemRandomness
from keyfob.services.cognito_identity import (
    OPERATIONS,
    CognitoIdentityService,
    IdentityPoolDirectory,
)
from keyfob.services.sts import RoleSessionIssuer, SessionCredentials
from keyfob.store.database import MemoryDatabase
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.identity_pools import SqlIdentityPoolStore
from keyfob.store.ports.identities import Login
from keyfob.store.tables import metadata
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.sealed import Sealer

DEVELOPER = "login.example.app"
OWN = "cognito-identity.amazonaws.com"
TEAMS = {"sub-1": "red", "sub-2": "blue"}
TOKENS = {
    Login(provider, sub): id_token(sub, provider=provider, team=team)
    for provider in (USER_POOL, OTHER_USER_POOL)
    for sub, team in TEAMS.items()
}

people = st.sampled_from(sorted(TOKENS, key=str))
crowds = st.lists(people, max_size=2, unique_by=lambda login: login.provider)
users = st.sampled_from(["ann", "ben"])
numbers = st.integers(0, 30)


def make_role(arn: str, amr: str) -> FakeRole:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": OWN},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {"ForAnyValue:StringEquals": {f"{OWN}:amr": amr}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return FakeRole(arn, arn.rpartition("/")[2], f"AROA{arn[-5:]}", ACCOUNT, document)


class Identities(RuleBasedStateMachine):
    """Random calls on one pool."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database, changes = MemoryDatabase(), RecordingChanges()
        metadata.create_all(self.database.engine)
        self.store = SqlIdentityStore(self.database, changes)
        self.pools = SqlIdentityPoolStore(self.database, self.store)
        self.directory = IdentityPoolDirectory(self.pools, self.store)
        self.sessions = SessionCredentials(Sealer(Keyring([b"k" * 32])), SystemRandomness())
        roles = FakeRoles()
        for arn in (ROLE, OTHER_ROLE):
            roles.put(make_role(arn, "authenticated"))
        roles.put(make_role(GUEST_ROLE, "unauthenticated"))
        service = CognitoIdentityService(
            self.pools, self.store, FakeLogins(),
            RoleSessionIssuer(roles, self.sessions, DenialLog()), FakePassRole(),
            FakeOpenIdKeys(), SystemRandomness(), FakeOidcProviders(),
            FakeIssuerKeys(),
        )  # fmt: skip
        self.caller = Caller("cognito-identity", service, OPERATIONS)
        self.pool: str = self.call(
            "CreateIdentityPool",
            IdentityPoolName="pool",
            AllowUnauthenticatedIdentities=True,
            DeveloperProviderName=DEVELOPER,
            CognitoIdentityProviders=[
                {"ProviderName": name, "ClientId": CLIENT_ID}
                for name in (USER_POOL, OTHER_USER_POOL)
            ],
        )["IdentityPoolId"]
        # the model
        self.seen: list[str] = []
        self.gone: set[str] = set()
        self.proven: list[set[Login]] = []
        self.dev_tokens: list[tuple[str, str, dict[str, str]]] = []
        self.role = ROLE
        self.has_tags = {USER_POOL: False, OTHER_USER_POOL: False}
        self.set_role(ROLE)

    def teardown(self) -> None:
        self.runner.close()
        self.database.engine.dispose()

    def call(self, name: str, **params: Any) -> Mapping[str, Any]:
        return self.runner.run(self.caller(name, **params))

    def attempt(self, name: str, **params: Any) -> Mapping[str, Any] | None:
        """Call, None where it is refused."""
        try:
            return self.call(name, **params)
        except AwsError:
            return None

    def pick(self, number: int) -> str | None:
        return self.seen[number % len(self.seen)] if self.seen else None

    def note(self, identity_id: str, *together: Login) -> None:
        if identity_id not in self.seen:
            self.seen.append(identity_id)
        self.proven.append(set(together) | set(self.logins(identity_id)))

    def logins(self, identity_id: str) -> tuple[Login, ...]:
        found = self.runner.run(self.store.get(identity_id))
        return () if found is None else found.logins

    # What the pool says

    @rule(role=st.sampled_from([ROLE, OTHER_ROLE]))
    def set_role(self, role: str) -> None:
        roles = {"authenticated": role, "unauthenticated": GUEST_ROLE}
        self.call("SetIdentityPoolRoles", IdentityPoolId=self.pool, Roles=roles)
        self.role = role

    @rule(provider=st.sampled_from([USER_POOL, OTHER_USER_POOL]), is_on=st.booleans())
    def set_tags(self, provider: str, is_on: bool) -> None:
        self.call(
            "SetPrincipalTagAttributeMap",
            IdentityPoolId=self.pool,
            IdentityProviderName=provider,
            PrincipalTags={"team": "team"} if is_on else {},
        )
        self.has_tags[provider] = is_on

    # Who is who

    @rule(crowd=crowds)
    def get_id(self, crowd: list[Login]) -> None:
        tokens = {login.provider: TOKENS[login] for login in crowd}
        answer = self.attempt("GetId", IdentityPoolId=self.pool, Logins=tokens)
        if answer is not None:
            self.note(answer["IdentityId"], *crowd)
            assert set(crowd) <= set(self.logins(answer["IdentityId"]))

    @rule(user=users, crowd=crowds, number=numbers, is_named=st.booleans(), tag=st.booleans())
    def register(
        self, user: str, crowd: list[Login], number: int, is_named: bool, tag: bool
    ) -> None:
        named = self.pick(number) if is_named else None
        before = set() if named is None else set(self.logins(named))
        tags = {"team": "developer's"} if tag else {}
        extra: dict[str, Any] = {"PrincipalTags": tags}
        if named is not None:
            extra["IdentityId"] = named
        tokens = {login.provider: TOKENS[login] for login in crowd}
        answer = self.attempt(
            "GetOpenIdTokenForDeveloperIdentity",
            IdentityPoolId=self.pool,
            Logins={DEVELOPER: user, **tokens},
            **extra,
        )
        if answer is not None:
            self.note(answer["IdentityId"], Login(DEVELOPER, user), *crowd, *before)
            self.dev_tokens.append((answer["IdentityId"], answer["Token"], tags))

    @rule(source=users, destination=users)
    def merge(self, source: str, destination: str) -> None:
        answer = self.attempt(
            "MergeDeveloperIdentities",
            SourceUserIdentifier=source,
            DestinationUserIdentifier=destination,
            DeveloperProviderName=DEVELOPER,
            IdentityPoolId=self.pool,
        )
        if answer is not None:
            self.note(answer["IdentityId"])

    @precondition(lambda self: self.seen)
    @rule(user=users, number=numbers)
    def unlink_user(self, user: str, number: int) -> None:
        self.attempt(
            "UnlinkDeveloperIdentity",
            IdentityId=self.pick(number),
            IdentityPoolId=self.pool,
            DeveloperProviderName=DEVELOPER,
            DeveloperUserIdentifier=user,
        )

    @precondition(lambda self: self.seen)
    @rule(proof=people, number=numbers, provider=st.sampled_from([USER_POOL, OTHER_USER_POOL]))
    def unlink(self, proof: Login, number: int, provider: str) -> None:
        named = self.pick(number)
        assert named is not None
        before = self.logins(named)
        answer = self.attempt(
            "UnlinkIdentity",
            IdentityId=named,
            Logins={proof.provider: TOKENS[proof]},
            LoginsToRemove=[provider],
        )
        assert answer is None or proof in before, "only who proves a login may unlink"

    @precondition(lambda self: self.seen)
    @rule(number=numbers)
    def delete(self, number: int) -> None:
        identity_id = self.pick(number)
        assert identity_id is not None
        self.call("DeleteIdentities", IdentityIdsToDelete=[identity_id])
        self.gone.add(identity_id)

    # Credentials

    @precondition(lambda self: self.seen)
    @rule(crowd=crowds, number=numbers)
    def get_credentials(self, crowd: list[Login], number: int) -> None:
        named = self.pick(number)
        assert named is not None
        before = set(self.logins(named))
        tokens = {login.provider: TOKENS[login] for login in crowd}
        answer = self.attempt("GetCredentialsForIdentity", IdentityId=named, Logins=tokens)
        if answer is None:
            return
        session = self.open(answer)
        if not crowd:
            assert not before, "a person's identity is not to be had without a login"
            assert (session.role_arn, session.tags) == (GUEST_ROLE, {})
            assert session.session_policies
            return
        assert not before or before & set(crowd), "a login of the identity must be proven"
        self.note(answer["IdentityId"], *crowd, *before)
        assert set(crowd) <= set(self.logins(answer["IdentityId"]))
        team = {"team": TEAMS[crowd[0].subject]}
        assert session.tags == (team if self.has_tags[crowd[0].provider] else {})
        assert session.role_arn == self.role

    @precondition(lambda self: self.dev_tokens)
    @rule(number=numbers, other=numbers)
    def get_developer_credentials(self, number: int, other: int) -> None:
        owner, token, tags = self.dev_tokens[number % len(self.dev_tokens)]
        for identity_id in {owner, self.pick(other) or owner}:
            answer = self.attempt(
                "GetCredentialsForIdentity", IdentityId=identity_id, Logins={OWN: token}
            )
            if answer is None:
                continue
            assert identity_id == owner, "a developer's token is for one identity"
            session = self.open(answer)
            assert (session.tags, session.role_arn) == (tags, self.role)
            assert any(login.provider == DEVELOPER for login in self.logins(owner))

    def open(self, answer: Mapping[str, Any]) -> RoleSession:
        keys = answer["Credentials"]
        found = self.runner.run(
            self.sessions.find(keys["AccessKeyId"], keys["SessionToken"], NOW_S)
        )
        session = found.principal
        assert isinstance(session, RoleSession)
        assert session.web_identity is not None
        assert session.web_identity.subject == answer["IdentityId"]
        assert self.runner.run(self.directory.is_active(answer["IdentityId"]))
        assert answer["IdentityId"] not in self.gone
        return session

    # What always holds

    @invariant()
    def logins_lie_together_only_where_proven_together(self) -> None:
        owners: dict[Login, str] = {}
        for identity_id in self.seen:
            logins = self.logins(identity_id)
            for login in logins:
                assert owners.setdefault(login, identity_id) == identity_id
            assert not logins or set(logins) <= self.component(logins[0])

    def component(self, login: Login) -> set[Login]:
        """Return all that was ever proven to be one person with a login."""
        found = {login}
        while True:
            wider = found.union(*(group for group in self.proven if group & found))
            if wider == found:
                return found
            found = wider

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for identity_id in self.gone:
            assert not self.runner.run(self.directory.is_active(identity_id))


Identities.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestIdentities = Identities.TestCase
