"""Condition keys: what a policy may ask about the principal, the request and the connection.

IAM policies and IoT policies know different keys, so a request has two contexts. Keys that a
request does not have are absent, never empty: AWS gives absence a meaning of its own.

Source: IAM User Guide, `reference_policies_condition-keys` and `reference_policies_variables`;
IoT Developer Guide, `basic-policy-variables` and `connect-policy` (all documented). That
`iot:ClientId` does not resolve in IAM policies follows from its being listed for IoT policies
only (inferred).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from keyfob.authz.principal import FederatedUser, IamUser, Principal, RoleSession, Root
from keyfob.core.ids import Region
from keyfob.policy import RequestContext

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys with their values; a single-valued key has one."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a request besides who makes it."""

    region: Region
    source_ip: str
    """The peer's address as text; empty when it has none (a Unix socket)."""
    is_tls: bool
    user_agent: str | None = None
    domain_name: str | None = None
    """Host name a device connected to, `iot:DomainName`."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """The context for each policy language."""

    iam: RequestContext
    iot: RequestContext

    def overlay(self, *, iam: Keys | None = None, iot: Keys | None = None) -> "Contexts":
        """Return contexts that answer from these keys first."""
        return Contexts(
            self.iam.overlay(iam) if iam else self.iam, self.iot.overlay(iot) if iot else self.iot
        )

    def at(self, now_s: float) -> "Contexts":
        """Return contexts that know the time."""
        keys = time_keys(now_s)
        return self.overlay(iam=keys, iot=keys)


def build_contexts(
    principal: Principal, circumstances: Circumstances, *, has_iot_principal_tags: bool
) -> Contexts:
    """Return what holds for everything a principal asks from one place; the clock is left out.

    Args:
        principal: who asks.
        circumstances: where the request came from.
        has_iot_principal_tags: whether `aws:PrincipalTag/*` resolves in IoT policies too.
    """
    tags = _tag_keys(principal)
    iot = _iot_keys(principal, circumstances)
    if has_iot_principal_tags:
        iot.update(tags)
    return Contexts(
        RequestContext({**_iam_keys(principal, circumstances), **tags}), RequestContext(iot)
    )


def time_keys(now_s: float) -> dict[str, tuple[str, ...]]:
    """Return the clock's keys: `aws:CurrentTime` in ISO 8601, `aws:EpochTime` in whole seconds."""
    return {"aws:CurrentTime": (_iso(now_s),), "aws:EpochTime": (str(int(now_s)),)}


def connect_keys(
    client_id: str, will_topic_arn: str | None, *, is_persistent: bool
) -> dict[str, tuple[str, ...]]:
    """Return the keys of a CONNECT; `iot:ConnectAttributes` is absent when it would be empty."""
    keys: dict[str, tuple[str, ...]] = {"iot:ClientId": (client_id,)}
    attributes: tuple[str, ...] = ("PersistentConnect",) if is_persistent else ()
    if will_topic_arn is not None:
        attributes += ("LastWill",)
        keys["iot:LastWillTopic"] = (will_topic_arn,)
    if attributes:
        keys["iot:ConnectAttributes"] = attributes
    return keys


def _iam_keys(principal: Principal, circumstances: Circumstances) -> dict[str, tuple[str, ...]]:
    keys = {
        **_transport_keys(circumstances),
        **_principal_keys(principal),
        **_federation_keys(principal),
        "aws:RequestedRegion": (circumstances.region,),
    }
    if circumstances.user_agent is not None:
        keys["aws:UserAgent"] = (circumstances.user_agent,)
    return keys


def _iot_keys(principal: Principal, circumstances: Circumstances) -> dict[str, tuple[str, ...]]:
    keys = {**_transport_keys(circumstances), **_federation_keys(principal)}
    if circumstances.domain_name is not None:
        keys["iot:DomainName"] = (circumstances.domain_name,)
    return keys


def _transport_keys(circumstances: Circumstances) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {
        "aws:SecureTransport": ("true" if circumstances.is_tls else "false",)
    }
    if circumstances.source_ip:
        keys["aws:SourceIp"] = (circumstances.source_ip,)
    return keys


def _principal_keys(principal: Principal) -> dict[str, tuple[str, ...]]:
    match principal:
        case Root():
            type_name = "Account"
        case IamUser():
            type_name = "User"
        case RoleSession():
            type_name = "AssumedRole"
        case FederatedUser():
            type_name = "FederatedUser"
        case _:
            return {"aws:PrincipalType": ("Anonymous",)}
    keys: dict[str, tuple[str, ...]] = {
        "aws:PrincipalType": (type_name,),
        "aws:PrincipalAccount": (principal.account,),
        "aws:PrincipalArn": (_principal_arn(principal),),
        "aws:userid": (principal.user_id,),
    }
    if isinstance(principal, IamUser):
        keys["aws:username"] = (principal.name,)
    if isinstance(principal, RoleSession) and principal.source_identity is not None:
        keys["aws:SourceIdentity"] = (principal.source_identity,)
    return {**keys, **_session_keys(principal)}


def _session_keys(
    principal: Root | IamUser | FederatedUser | RoleSession,
) -> dict[str, tuple[str, ...]]:
    """Return the keys of temporary credentials.

    `aws:MultiFactorAuthPresent` is there for the sessions of users and of roles they assumed, and
    always false: nobody here has a device. Long-term keys, federated users and web identities do
    not have it. Source: IAM User Guide, `reference_policies_condition-keys` (documented).
    """
    match principal:
        case RoleSession():
            issued_at_s = principal.issued_at_s
            has_mfa_key = principal.web_identity is None
        case FederatedUser():
            issued_at_s, has_mfa_key = principal.issued_at_s, False
        case Root(session=session) | IamUser(session=session):
            if session is None:
                return {}
            issued_at_s, has_mfa_key = session.issued_at_s, True
    keys: dict[str, tuple[str, ...]] = {"aws:TokenIssueTime": (_iso(issued_at_s),)}
    if has_mfa_key:
        keys["aws:MultiFactorAuthPresent"] = ("false",)
    return keys


def _principal_arn(principal: Root | IamUser | FederatedUser | RoleSession) -> str:
    """Return `aws:PrincipalArn`: the role's ARN, not the session's, for role sessions.

    Source: IAM User Guide, `reference_policies_condition-keys`, aws:PrincipalArn (documented).
    """
    return principal.role_arn if isinstance(principal, RoleSession) else principal.arn


def _federation_keys(principal: Principal) -> dict[str, tuple[str, ...]]:
    if not isinstance(principal, RoleSession) or principal.web_identity is None:
        return {}
    identity = principal.web_identity
    keys: dict[str, tuple[str, ...]] = {
        "aws:FederatedProvider": (identity.provider_arn or identity.provider,),
        f"{identity.provider}:aud": (identity.audience,),
        f"{identity.provider}:sub": (identity.subject,),
    }
    if identity.amr:
        keys[f"{identity.provider}:amr"] = identity.amr
    return keys


def _tag_keys(principal: Principal) -> dict[str, tuple[str, ...]]:
    if not isinstance(principal, IamUser | FederatedUser | RoleSession):
        return {}
    return {f"aws:PrincipalTag/{key}": (value,) for key, value in principal.tags.items()}


def _iso(moment_s: float) -> str:
    moment = datetime.fromtimestamp(int(moment_s), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
