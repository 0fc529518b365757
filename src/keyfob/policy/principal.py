"""Who asks, as `Principal` and `NotPrincipal` elements see it.

A caller answers to several names: a role session is its session ARN, its role's ARN and its
account. `Principal` applies when any of them is listed; `NotPrincipal` spares the caller
only when all of them are, since AWS judges account, role and session in turn.
Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal" (documented).
"""

import re
from dataclasses import dataclass

from keyfob.policy.document import PrincipalName

EVERYONE = PrincipalName("AWS", "*")
"""`"*"` and `{"AWS": "*"}`: everyone, the anonymous too."""

_ACCOUNT_ROOT = re.compile(r"arn:[^:]+:iam::([0-9]{12}):root")


def normalise_principal(type: str, value: str) -> PrincipalName:  # noqa: A002 - AWS's word
    """Return a name in one form: an account's root ARN becomes its id."""
    root = _ACCOUNT_ROOT.fullmatch(value) if type == "AWS" else None
    return PrincipalName(type, root[1] if root else value)


@dataclass(frozen=True, slots=True)
class RequestPrincipal:
    """A caller by all the names a policy can call it."""

    names: frozenset[PrincipalName]

    @classmethod
    def root(cls, account: str) -> "RequestPrincipal":
        """An account's root user: the account itself."""
        return cls(frozenset({PrincipalName("AWS", account)}))

    @classmethod
    def user(cls, account: str, arn: str) -> "RequestPrincipal":
        """An IAM user."""
        return cls(frozenset({PrincipalName("AWS", account), PrincipalName("AWS", arn)}))

    @classmethod
    def role_session(cls, account: str, role_arn: str, session_arn: str) -> "RequestPrincipal":
        """Somebody who assumed a role."""
        names = (account, role_arn, session_arn)
        return cls(frozenset(PrincipalName("AWS", name) for name in names))

    @classmethod
    def service(cls, name: str) -> "RequestPrincipal":
        """An AWS service, for instance `lambda.amazonaws.com`."""
        return cls(frozenset({PrincipalName("Service", name)}))

    @classmethod
    def federated(cls, provider: str) -> "RequestPrincipal":
        """A web identity, by its provider: `cognito-identity.amazonaws.com` or a provider's ARN."""
        return cls(frozenset({PrincipalName("Federated", provider)}))

    @classmethod
    def anonymous(cls) -> "RequestPrincipal":
        """Nobody in particular; only `*` means it."""
        return cls(frozenset())


def is_listed(
    listed: frozenset[PrincipalName], *, is_everyone: bool, principal: RequestPrincipal | None
) -> bool:
    """Tell whether a `Principal` element means this caller."""
    return principal is not None and (is_everyone or not listed.isdisjoint(principal.names))


def is_spared(
    listed: frozenset[PrincipalName], *, is_everyone: bool, principal: RequestPrincipal | None
) -> bool:
    """Tell whether a `NotPrincipal` element spares this caller."""
    if principal is None:
        return False
    return is_everyone or (bool(principal.names) and principal.names <= listed)
