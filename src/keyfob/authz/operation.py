"""The authorisation row of an operation: what every service's table is made of.

Each service has one static table (`service.py`, `OPERATIONS`). The pipeline finds the row,
authenticates as `auth` says, asks `authz` about `action` on `resources(call)` with
`context(call)`, and hands an `AuthorizedRequest` to `handler`. An operation without a row
does not exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from keyfob.authz.principal import Principal
from keyfob.core.errors import KeyfobError
from keyfob.core.ids import AccountId, Region

Params = Mapping[str, Any]
"""Validated input members by their model names; absent members are absent keys."""

ServiceT = TypeVar("ServiceT", contravariant=True)


class Auth(Enum):
    """How an operation's caller proves who it is."""

    SIGV4 = "sigv4"
    """An AWS signature, then the caller's policies decide."""
    SIGV4_WITHOUT_POLICY = "sigv4 without policy"
    """A signature, but no policy is asked: `sts:GetCallerIdentity`; and `sts:AssumeRole`, whose
    handler asks for the caller's policies together with the role's trust policy."""
    ACCESS_TOKEN = "access token"  # noqa: S105 - a kind of authentication
    """A user pool access token in the input member `AccessToken`."""
    PUBLIC = "public"
    """Nothing, or something the handler itself checks: a password, a code, a token to exchange."""


@dataclass(frozen=True, slots=True)
class Call:
    """One validated call before authorisation: what resource and context builders may look at."""

    service: str
    """Service name as in `wire.models`, for instance `cognito-idp`."""
    operation: str
    """Operation name of the model, for instance `CreateUserPool`."""
    params: Params
    principal: Principal
    account: AccountId
    """Account the call acts in: the principal's own."""
    region: Region
    """Region of the credential scope, the pool id's prefix or the host; else the default."""
    request_id: str
    source_ip: str
    is_tls: bool
    now_s: float
    user_agent: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request header fields, names in lower case, for the few operations bound to them."""


_AUTHORIZER = object()


class UnauthorizedConstructionError(KeyfobError):
    """Something other than `authz` tried to build an `AuthorizedRequest`: a bug."""


@dataclass(frozen=True, slots=True)
class AuthorizedRequest:
    """A call that was allowed; the only thing a handler accepts.

    Only `authz.enforce` builds one (a test greps for it, and the seal makes a slip fail loudly).
    """

    call: Call
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _AUTHORIZER:
            raise UnauthorizedConstructionError("only authz builds an authorized request")

    @property
    def params(self) -> Params:
        """The validated input."""
        return self.call.params

    @property
    def principal(self) -> Principal:
        """Who was authorised."""
        return self.call.principal

    @property
    def account(self) -> AccountId:
        """Account the call acts in."""
        return self.call.account

    @property
    def region(self) -> Region:
        """Region the call acts in."""
        return self.call.region

    @property
    def now_s(self) -> float:
        """The moment of the call in epoch seconds; the same throughout its handling."""
        return self.call.now_s


Handler = Callable[[ServiceT, AuthorizedRequest], Awaitable[Mapping[str, Any]]]
"""Does the operation; returns output members by their model names (datetimes as epoch seconds)."""

ResourceBuilder = Callable[[ServiceT, Call], Awaitable[tuple[str, ...]]]
"""Returns the resource ARNs the caller must be allowed; every one of them."""

ContextBuilder = Callable[[ServiceT, Call], Awaitable[Mapping[str, tuple[str, ...]]]]
"""Returns request condition keys (besides the global ones) and their values.

It has the service at hand because some keys are those of what is stored: `aws:ResourceTag/...`.
"""


async def any_resource(_service: object, _call: Call) -> tuple[str, ...]:
    """For actions that have no resource type: policies must name `*`."""
    return ("*",)


ResourceLabel = Callable[[Call, str], str]
"""Returns what a refusal calls a resource ARN."""


def arn_label(_call: Call, resource: str) -> str:
    """Call it by its ARN: right where the ARN says no more than the caller did."""
    return resource


FurtherActions = Callable[[Call], tuple[str, ...]]
"""Returns IAM actions the caller must be allowed on the same resources, besides the row's own."""


def no_further_actions(_call: Call) -> tuple[str, ...]:
    """For operations that ask for one action: nearly all."""
    return ()


async def no_context(_service: object, _call: Call) -> Mapping[str, tuple[str, ...]]:
    """For actions without condition keys of their own."""
    return {}


@dataclass(frozen=True, slots=True)
class Operation(Generic[ServiceT]):
    """One row of a service's operation table."""

    name: str
    """Operation name of the model."""
    auth: Auth
    handler: Handler[ServiceT]
    action: str = ""
    """IAM action, for instance `iot:AttachPolicy`; empty only where no policy is asked."""
    resources: ResourceBuilder[ServiceT] = any_resource
    context: ContextBuilder[ServiceT] = no_context
    also: FurtherActions = no_further_actions
    """Further actions that must be allowed on the same resources; `iot-data` `Publish` with
    `retain` asks for `iot:RetainPublish` too."""
    label: ResourceLabel = arn_label
    """What refusals call the resources; whoever is refused must not learn a stored path by it."""
