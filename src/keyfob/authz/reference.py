"""A connection's authorizer, written down so that an equal one can be opened after a restart.

The broker keeps the reference with a will that may outlive the process; see `mqtt.broker.wills`.
It names the principal and holds no secret.
"""

from typing import Any

import msgspec

from keyfob.authz.principal import (
    Anonymous,
    FederatedUser,
    IamUser,
    ListenerClient,
    Principal,
    RoleSession,
    Root,
)
from keyfob.core.ids import Region

_KINDS: dict[str, type[Principal]] = {
    kind.__name__: kind
    for kind in (Anonymous, FederatedUser, IamUser, ListenerClient, RoleSession, Root)
}
"""Principals that can have an MQTT connection."""


class _Reference(msgspec.Struct, frozen=True):
    principal: dict[str, Any]
    region: str
    source_ip: str
    is_tls: bool


def build_reference(principal: Principal, region: Region, source_ip: str, *, is_tls: bool) -> bytes:
    """Return what `connection.reopen_connection` makes an equal authorizer of."""
    return msgspec.json.encode(_Reference(_write(principal), region, source_ip, is_tls))


def read_reference(reference: bytes) -> tuple[Principal, Region, str, bool]:
    """Return the principal, its endpoint's region, its address, and whether TLS was used.

    Raises:
        ValueError: it is no reference, or of a kind of principal that no longer exists.
    """
    known = msgspec.json.decode(reference, type=_Reference)
    return _read(known.principal), Region(known.region), known.source_ip, known.is_tls


def _write(principal: Principal) -> dict[str, Any]:
    fields = msgspec.to_builtins(principal)
    if isinstance(principal, FederatedUser):
        fields["parent"] = _write(principal.parent)
    return {"kind": type(principal).__name__, "fields": fields}


def _read(written: dict[str, Any]) -> Principal:
    kind = _KINDS.get(str(written.get("kind")))
    fields = written.get("fields")
    if kind is None or not isinstance(fields, dict):
        raise ValueError(f"there is no principal of kind `{str(written.get('kind'))[:40]}`")
    if kind is not FederatedUser:
        return msgspec.convert(fields, kind)
    parent = _read(fields.pop("parent"))
    if not isinstance(parent, Root | IamUser):
        raise ValueError("the parent of a federated user is root or a user")
    policies = tuple(fields.pop("session_policies"))
    return FederatedUser(parent=parent, session_policies=policies, **fields)
