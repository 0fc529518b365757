"""Which policies judge whom: one table, a row for each layer of each kind of principal.

Theory. A layer is a set of policies judged together. `GRANT` layers may allow; `CEILING` layers
may only narrow what was granted. A request is allowed when no layer denies it explicitly, at
least one grant allows it, and every ceiling allows it (`decision.decide`). A principal kind
without rows is allowed nothing.

The table says which layers exist; what they hold comes from the principal itself or from the
policy directory under the key that `key_of` names. A ceiling that a principal may lack (a
boundary, session policies) is left out when it was never set; the IoT ceiling never is, so an
identity without IoT policies is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from keyfob.authz.holding import (
    AttachmentsKey,
    Holding,
    IdentityKey,
    IotPolicyKey,
    Key,
    RoleKey,
    UserKey,
)
from keyfob.authz.principal import (
    Anonymous,
    FederatedUser,
    IamUser,
    ListenerClient,
    Principal,
    RoleSession,
    Root,
    SignedInUser,
)
from keyfob.core.ids import Region
from keyfob.policy import CompiledPolicy, PolicyKind, compile_policy, parse_policy


class PrincipalKind(Enum):
    """Principals that are judged alike."""

    ROOT = "root user"
    IAM_USER = "IAM user"
    ROOT_IN_SESSION = "root user with a session token"
    USER_IN_SESSION = "IAM user with a session token"
    FEDERATED_BY_ROOT = "federated user of the root user"
    FEDERATED_BY_USER = "federated user of an IAM user"
    ROLE_SESSION = "role session"
    GUEST = "unauthenticated Cognito identity"
    COGNITO = "authenticated Cognito identity"
    LISTENER_CLIENT = "client of a listener with a named policy"
    SIGNED_IN_USER = "user pool user"
    ANONYMOUS = "anonymous"


class LayerKind(Enum):
    """A kind of layer; the value is what messages call it."""

    ROOT = "root user policy"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    COGNITO_LIMIT = "Cognito session restriction"
    OWN_SESSION_LIMIT = "session token restriction"
    FEDERATION_LIMIT = "federated user restriction"
    STANDING = "identity status check"
    IOT = "IoT policy"
    NAMED_IOT = "named IoT policy"
    TRUST = "role trust policy"
    """Judges who may become a role; STS asks it, no principal carries it (see `decision`)."""
    RESOURCE = "resource-based policy"
    """Only in simulations so far: no resource here has a policy of its own."""


class Part(Enum):
    """What a layer may do besides denying."""

    GRANT = "grant"
    CEILING = "ceiling"


IOT_POLICY_ACTIONS = frozenset(
    {
        "iot:connect",
        "iot:publish",
        "iot:subscribe",
        "iot:receive",
        "iot:getthingshadow",
        "iot:updatethingshadow",
        "iot:deletethingshadow",
    }
)
"""Actions, in lower case, that an authenticated identity's IoT policies scope down.

All others, `iot:RetainPublish` among them, are the role's alone.
Source: IoT Developer Guide, `pub-sub-policy` (documented).
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One layer of one kind of principal."""

    principal: PrincipalKind
    layer: LayerKind
    part: Part
    source: str
    """AWS page (or decision) that says so, and how sure that is."""
    actions: frozenset[str] | None = None
    """Actions the layer applies to, in lower case; None: all."""


_LOGIC = "IAM User Guide, reference_policies_evaluation-logic (documented)"
_BOUNDARY = "IAM User Guide, access_policies_boundaries (documented)"
_SESSION = "IAM User Guide, access_policies, session policies: union, then intersected (documented)"
_GUEST = (
    "Cognito Developer Guide, iam-roles: guests are scoped down by session policies (documented)"
)
_NO_POOL_APIS = (
    "Cognito Developer Guide, iam-roles: web identities may not call identity pools or Sync"
    " (documented)"
)
_OWN_SESSION = (
    "STS API, GetSessionToken: no IAM without MFA, of STS only AssumeRole and GetCallerIdentity"
    " (documented)"
)
_FEDERATION = "STS API, GetFederationToken: no IAM, of STS only GetCallerIdentity (documented)"
_STANDING = "Cognito API, DeleteIdentities: a deleted identity gets nothing (inferred for sessions)"
_BOTH = "IoT Developer Guide, cog-iot-policies: both policies must allow (documented)"

TABLE: tuple[Row, ...] = (
    Row(PrincipalKind.ROOT, LayerKind.ROOT, Part.GRANT, _LOGIC),
    Row(PrincipalKind.IAM_USER, LayerKind.IDENTITY, Part.GRANT, _LOGIC),
    Row(PrincipalKind.IAM_USER, LayerKind.BOUNDARY, Part.CEILING, _BOUNDARY),
    Row(PrincipalKind.ROOT_IN_SESSION, LayerKind.ROOT, Part.GRANT, _LOGIC),
    Row(PrincipalKind.ROOT_IN_SESSION, LayerKind.OWN_SESSION_LIMIT, Part.CEILING, _OWN_SESSION),
    Row(PrincipalKind.USER_IN_SESSION, LayerKind.IDENTITY, Part.GRANT, _LOGIC),
    Row(PrincipalKind.USER_IN_SESSION, LayerKind.BOUNDARY, Part.CEILING, _BOUNDARY),
    Row(PrincipalKind.USER_IN_SESSION, LayerKind.OWN_SESSION_LIMIT, Part.CEILING, _OWN_SESSION),
    Row(PrincipalKind.FEDERATED_BY_ROOT, LayerKind.ROOT, Part.GRANT, _LOGIC),
    Row(PrincipalKind.FEDERATED_BY_ROOT, LayerKind.SESSION, Part.CEILING, _SESSION),
    Row(PrincipalKind.FEDERATED_BY_ROOT, LayerKind.FEDERATION_LIMIT, Part.CEILING, _FEDERATION),
    Row(PrincipalKind.FEDERATED_BY_USER, LayerKind.IDENTITY, Part.GRANT, _LOGIC),
    Row(PrincipalKind.FEDERATED_BY_USER, LayerKind.BOUNDARY, Part.CEILING, _BOUNDARY),
    Row(PrincipalKind.FEDERATED_BY_USER, LayerKind.SESSION, Part.CEILING, _SESSION),
    Row(PrincipalKind.FEDERATED_BY_USER, LayerKind.FEDERATION_LIMIT, Part.CEILING, _FEDERATION),
    Row(PrincipalKind.ROLE_SESSION, LayerKind.IDENTITY, Part.GRANT, _LOGIC),
    Row(PrincipalKind.ROLE_SESSION, LayerKind.BOUNDARY, Part.CEILING, _BOUNDARY),
    Row(PrincipalKind.ROLE_SESSION, LayerKind.SESSION, Part.CEILING, _SESSION),
    Row(PrincipalKind.GUEST, LayerKind.STANDING, Part.CEILING, _STANDING),
    Row(PrincipalKind.GUEST, LayerKind.IDENTITY, Part.GRANT, _LOGIC),
    Row(PrincipalKind.GUEST, LayerKind.BOUNDARY, Part.CEILING, _BOUNDARY),
    Row(PrincipalKind.GUEST, LayerKind.SESSION, Part.CEILING, _GUEST),
    Row(PrincipalKind.GUEST, LayerKind.COGNITO_LIMIT, Part.CEILING, _NO_POOL_APIS),
    Row(PrincipalKind.COGNITO, LayerKind.STANDING, Part.CEILING, _STANDING),
    Row(PrincipalKind.COGNITO, LayerKind.IDENTITY, Part.GRANT, _LOGIC),
    Row(PrincipalKind.COGNITO, LayerKind.BOUNDARY, Part.CEILING, _BOUNDARY),
    Row(PrincipalKind.COGNITO, LayerKind.SESSION, Part.CEILING, _SESSION),
    Row(PrincipalKind.COGNITO, LayerKind.COGNITO_LIMIT, Part.CEILING, _NO_POOL_APIS),
    Row(PrincipalKind.COGNITO, LayerKind.IOT, Part.CEILING, _BOTH, IOT_POLICY_ACTIONS),
    Row(
        PrincipalKind.LISTENER_CLIENT,
        LayerKind.NAMED_IOT,
        Part.GRANT,
        "keyfob's own: docs/design/authorization.md#plain-listeners",
    ),
)
"""Grants and ceilings by principal kind; user pool users and anonymous callers have none."""

ROWS: Mapping[PrincipalKind, tuple[Row, ...]] = {
    kind: tuple(row for row in TABLE if row.principal is kind) for kind in PrincipalKind
}
"""The table by principal kind."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A row filled in for one principal."""

    kind: LayerKind
    part: Part
    policies: tuple[CompiledPolicy, ...]
    note: str = ""
    """Why the layer is empty, when that is worth saying."""

    @property
    def is_iot(self) -> bool:
        """Whether it is written in IoT policies, which know other condition keys."""
        return self.kind is LayerKind.IOT or self.kind is LayerKind.NAMED_IOT


def _compile_constant(name: str, document: str) -> CompiledPolicy:
    return compile_policy(parse_policy(document, PolicyKind.IDENTITY), name)


ROOT_POLICY = _compile_constant(
    "root user",
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
)
"""Root is not subject to policies; a policy that allows everything says so to the evaluator."""

ACTIVE_POLICY = _compile_constant(
    "active identity",
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
)
"""What the identity status says while the identity stands."""

COGNITO_LIMIT_POLICY = _compile_constant(
    "Cognito session restriction",
    """{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["cognito-identity:*", "cognito-sync:*"], "Resource": "*"}
    ]}""",
)
"""What a web identity session of Cognito never may, whatever its role says."""


OWN_SESSION_LIMIT_POLICY = _compile_constant(
    "session token restriction",
    """{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
        {"Effect": "Allow", "Resource": "*", "Action": [
            "iam:PassRole", "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    ]}""",
)
"""What the credentials of `GetSessionToken` may at most; nobody here has MFA."""

FEDERATION_LIMIT_POLICY = _compile_constant(
    "federated user restriction",
    """{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    ]}""",
)
"""What the credentials of `GetFederationToken` may at most."""


def kind_of(principal: Principal) -> PrincipalKind:
    """Return how a principal is judged.

    A Cognito session counts as a guest only when its `amr` says `unauthenticated`; the role's
    and the session's names say nothing, since the basic flow lets a caller choose the latter.
    """
    match principal:
        case Root(session=session):
            return PrincipalKind.ROOT if session is None else PrincipalKind.ROOT_IN_SESSION
        case IamUser(session=session):
            return PrincipalKind.IAM_USER if session is None else PrincipalKind.USER_IN_SESSION
        case FederatedUser(parent=Root()):
            return PrincipalKind.FEDERATED_BY_ROOT
        case FederatedUser():
            return PrincipalKind.FEDERATED_BY_USER
        case RoleSession(web_identity=web_identity):
            if web_identity is None or not web_identity.is_cognito:
                return PrincipalKind.ROLE_SESSION
            if "unauthenticated" in web_identity.amr and not web_identity.is_authenticated_cognito:
                return PrincipalKind.GUEST
            return PrincipalKind.COGNITO
        case ListenerClient():
            return PrincipalKind.LISTENER_CLIENT
        case SignedInUser():
            return PrincipalKind.SIGNED_IN_USER
        case Anonymous():
            return PrincipalKind.ANONYMOUS


def key_of(layer: LayerKind, principal: Principal, region: Region) -> Key | None:
    """Return the directory key whose holding fills a layer; None when the directory has no part."""
    match layer, principal:
        case ((LayerKind.IDENTITY | LayerKind.BOUNDARY), RoleSession()):
            return RoleKey(principal.role_arn)
        case ((LayerKind.IDENTITY | LayerKind.BOUNDARY), IamUser()):
            return UserKey(principal.arn)
        case ((LayerKind.IDENTITY | LayerKind.BOUNDARY), FederatedUser(parent=IamUser() as parent)):
            return UserKey(parent.arn)
        case LayerKind.STANDING, RoleSession(web_identity=web_identity) if web_identity:
            return IdentityKey(web_identity.subject)
        case LayerKind.IOT, RoleSession(web_identity=web_identity) if web_identity:
            return AttachmentsKey(principal.account, region, web_identity.subject)
        case LayerKind.NAMED_IOT, ListenerClient():
            return IotPolicyKey(principal.account, region, principal.policy_name)
        case _:
            return None


def build_layer(
    row: Row, holding: Holding | None, session: tuple[CompiledPolicy, ...]
) -> Layer | None:
    """Fill in a row; None when the principal has no such ceiling.

    Args:
        row: a row of the principal's kind.
        holding: what the directory holds under the row's key; None when it has no part.
        session: the principal's session policies, empty when none were passed.
    """
    held = holding or Holding()
    match row.layer:
        case LayerKind.ROOT:
            policies: tuple[CompiledPolicy, ...] = (ROOT_POLICY,)
        case LayerKind.COGNITO_LIMIT:
            policies = (COGNITO_LIMIT_POLICY,)
        case LayerKind.OWN_SESSION_LIMIT:
            policies = (OWN_SESSION_LIMIT_POLICY,)
        case LayerKind.FEDERATION_LIMIT:
            policies = (FEDERATION_LIMIT_POLICY,)
        case LayerKind.BOUNDARY:
            policies = (held.boundary,) if held.boundary else ()
        case LayerKind.SESSION:
            policies = session
        case _:
            policies = held.policies
    is_optional = row.layer in (LayerKind.BOUNDARY, LayerKind.SESSION)
    if is_optional and not policies:
        return None
    return Layer(row.layer, row.part, policies, held.note)
