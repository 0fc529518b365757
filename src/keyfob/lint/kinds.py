"""Which kind a policy that stands alone is of, judged by what it says."""

from keyfob.lint.node import Mapping, Node, Text, as_items
from keyfob.policy import SIZE_LIMITS, PolicyKind, policy_size

_DATA_PLANE = frozenset(
    f"iot:{name}"
    for name in (
        *("connect", "publish", "subscribe", "receive", "retainpublish", "getretainedmessage"),
        *("listretainedmessages", "getthingshadow", "updatethingshadow", "deletethingshadow"),
        *("listnamedshadowsforthing", "assumerolewithcertificate", "*"),
    )
)


def find_kind(tree: Mapping, text: str) -> PolicyKind:
    """Return the kind of a policy document.

    A policy that names principals is a trust policy if it names no resource, else a resource's.
    One that uses IoT's variables, or that says only what devices do and uses no IAM variable,
    is an IoT policy; any other is an identity policy.
    """
    statements = [one for one in as_items(tree.get("Statement")) if isinstance(one, Mapping)]
    if any(one.get("Principal") or one.get("NotPrincipal") for one in statements):
        names_resource = any(one.get("Resource") or one.get("NotResource") for one in statements)
        return PolicyKind.RESOURCE if names_resource else PolicyKind.TRUST
    if "${iot:" in text:
        return PolicyKind.IOT
    is_of_devices = bool(statements) and all(map(_is_of_devices, statements))
    is_small = policy_size(text) <= SIZE_LIMITS[PolicyKind.IOT]
    if is_of_devices and is_small and "${" not in text:
        return PolicyKind.IOT
    return PolicyKind.IDENTITY


def _is_of_devices(statement: Mapping) -> bool:
    actions: tuple[Node, ...] = as_items(statement.get("Action"))
    return bool(actions) and all(
        isinstance(one, Text) and one.text.lower() in _DATA_PLANE for one in actions
    )
