"""A connection's authorizer, written down so that an equal one can be opened after a restart.

The broker keeps the reference with a will that may outlive the process; see `mqtt.broker.wills`.
It names the principal and holds no secret.
"""

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
    kind: str
    principal: msgspec.Raw
    region: str
    source_ip: str
    is_tls: bool


def build_reference(principal: Principal, region: Region, source_ip: str, *, is_tls: bool) -> bytes:
    """Return what `connection.reopen_connection` makes an equal authorizer of."""
    raw = msgspec.Raw(msgspec.json.encode(principal))
    kind = type(principal).__name__
    return msgspec.json.encode(_Reference(kind, raw, region, source_ip, is_tls))


def read_reference(reference: bytes) -> tuple[Principal, Region, str, bool]:
    """Return the principal, its endpoint's region, its address, and whether TLS was used.

    Raises:
        ValueError: it is no reference, or of a kind of principal that no longer exists.
    """
    known = msgspec.json.decode(reference, type=_Reference)
    kind = _KINDS.get(known.kind)
    if kind is None:
        raise ValueError(f"there is no principal of kind `{known.kind[:40]}`")
    principal = msgspec.json.decode(known.principal, type=kind)
    return principal, Region(known.region), known.source_ip, known.is_tls
