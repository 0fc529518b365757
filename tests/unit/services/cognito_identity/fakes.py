"""Identity pools on a real store, with fakes for what other services give them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.unit.services.caller import ACCOUNT, NOW_S, Caller
from tests.unit.services.changes import RecordingChanges

from keyfob.authz.operation import Call
from keyfob.core.errors import AwsError, access_denied
from keyfob.core.ids import AccountId
from keyfob.core.secret import Secret
from keyfob.services.cognito_identity import CognitoIdentityService
from keyfob.store.database import MemoryDatabase
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.identity_pools import SqlIdentityPoolStore
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import KeysUnavailableError, UnknownKeyError
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.jwks import KeySet, public_key_set
from keyfob.tokens.keys import SigningKey, generate_signing_key
from keyfob.tokens.verify import Expectation, verify_token

OTHER_ACCOUNT = AccountId("210987654321")
USER_POOL = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI"
OTHER_USER_POOL = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_IhGfEdCbA"
CLIENT_ID = "7abcdefghijklmnopqrstuvwxy"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Signed"
GUEST_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Guest"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Other"


@cache
def signing_key(name: str) -> SigningKey:
    return generate_signing_key()


def id_token(
    sub: str = "sub-1",
    *,
    provider: str = USER_POOL,
    key: str | None = None,
    without: str = "",
    **claims: object,
) -> str:
    """Sign an ID token, by the provider's own key unless told otherwise."""
    values: dict[str, object] = {
        "sub": sub,
        "aud": CLIENT_ID,
        "iss": f"https://{provider}",
        "token_use": "id",
        "exp": int(NOW_S) + 3600,
        **claims,
    }
    values.pop(without, None)
    return sign_jwt(values, signing_key(key or provider))


@dataclass
class FakeLogins:
    """Verifies for real, with the keys of two user pools."""

    providers: tuple[str, ...] = (USER_POOL, OTHER_USER_POOL)
    signed_out: set[str] = field(default_factory=set)

    async def verify(self, provider_name: str, token: str, now_s: float) -> Claims:
        if provider_name not in self.providers:
            raise UnknownKeyError("no such user pool")
        keys = public_key_set([signing_key(provider_name)])
        expected = Expectation(f"https://{provider_name}", token_use="id")
        return verify_token(token, keys, expected, now_s)

    async def is_current(self, provider_name: str, claims: Claims) -> bool:
        return claims.text("sub") not in self.signed_out


@dataclass
class FakeCredentials:
    access_key_id: str
    secret_access_key: Secret[str]
    session_token: str
    expires_at_s: float


@dataclass
class FakeIssuer:
    refusal: AwsError | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def assume_role_with_web_identity(self, role_arn: str, **facts: Any) -> FakeCredentials:
        self.asked.append({"role_arn": role_arn, **facts})
        if self.refusal is not None:
            raise self.refusal
        number = len(self.asked)
        return FakeCredentials(
            f"ASIA{number:016}", Secret(f"secret-{number}"), f"token-{number}",
            facts["now_s"] + facts["duration_s"],
        )  # fmt: skip

    @property
    def last(self) -> dict[str, Any]:
        return self.asked[-1]


@dataclass
class FakePassRole:
    refused: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def require_pass_role(self, call: Call, role_arn: str, service: str) -> None:
        self.asked.append((role_arn, service))
        if role_arn in self.refused:
            raise access_denied("no")


class FakeOpenIdKeys:
    async def signing_key(self) -> SigningKey:
        return signing_key("issuer")

    async def public_keys(self) -> KeySet:
        return public_key_set([signing_key("issuer")])


@dataclass
class FakeOidcProvider:
    url: str
    client_ids: tuple[str, ...]


OIDC_URL = "idp.example.com/realm"
OIDC_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{OIDC_URL}"


class FakeOidcProviders:
    async def find(self, provider_arn: str) -> FakeOidcProvider | None:
        return FakeOidcProvider(OIDC_URL, ("app",)) if provider_arn == OIDC_ARN else None


@dataclass
class FakeIssuerKeys:
    """Everybody has a key of their own, named after the issuer without its scheme."""

    are_reachable: bool = True

    async def public_keys(self, issuer: str, kid: str | None) -> KeySet:
        if not self.are_reachable:
            raise KeysUnavailableError(issuer, "no network")
        return public_key_set([signing_key(issuer.removeprefix("https://"))])


@dataclass
class World:
    """The service, its store and its fakes."""

    call: Caller[CognitoIdentityService]
    database: MemoryDatabase
    changes: RecordingChanges
    pools: SqlIdentityPoolStore
    identities: SqlIdentityStore
    logins: FakeLogins
    issuer: FakeIssuer
    pass_role: FakePassRole
    issuer_keys: FakeIssuerKeys

    async def make_pool(
        self,
        *,
        guests: bool = False,
        providers: tuple[tuple[str, str, bool], ...] = (
            (USER_POOL, CLIENT_ID, False),
            (OTHER_USER_POOL, CLIENT_ID, False),
        ),
        roles: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> str:
        """Make a pool with two user pools as providers and a role for both kinds of people."""
        mappings = settings.pop("RoleMappings", None)
        entries = [
            {"ProviderName": name, "ClientId": client, "ServerSideTokenCheck": check}
            for name, client, check in providers
        ]
        pool = await self.call(
            "CreateIdentityPool",
            IdentityPoolName="pool",
            AllowUnauthenticatedIdentities=guests,
            CognitoIdentityProviders=entries,
            **settings,
        )
        pool_id: str = pool["IdentityPoolId"]
        given = {"authenticated": ROLE, "unauthenticated": GUEST_ROLE} if roles is None else roles
        extra = {} if mappings is None else {"RoleMappings": mappings}
        await self.call("SetIdentityPoolRoles", IdentityPoolId=pool_id, Roles=given, **extra)
        return pool_id

    async def get_id(self, pool_id: str, **logins: str) -> str:
        """Call GetId; keyword `a` is the first user pool's token, `b` the other's."""
        output = await self.call("GetId", IdentityPoolId=pool_id, **named_logins(**logins))
        identity_id: str = output["IdentityId"]
        return identity_id

    async def credentials(
        self, identity_id: str, custom_role: str | None = None, **logins: str
    ) -> Mapping[str, Any]:
        extra = {} if custom_role is None else {"CustomRoleArn": custom_role}
        return await self.call(
            "GetCredentialsForIdentity",
            IdentityId=identity_id,
            **named_logins(**logins),
            **extra,
        )


def named_logins(**tokens: str) -> dict[str, dict[str, str]]:
    """Return the `Logins` member, if there are any."""
    providers = {"a": USER_POOL, "b": OTHER_USER_POOL}
    return (
        {"Logins": {providers.get(key, key): token for key, token in tokens.items()}}
        if tokens
        else {}
    )
