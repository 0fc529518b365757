"""Writes `docs/reference/coverage.md` from the operation tables: `make docs`.

An operation without a row is not implemented. An input member that a service's source never names
is not looked at, which is found out here; what else a row leaves out is told in `PARTIAL`.
"""

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from keyfob.authz.operation import Auth, Operation
from keyfob.services.cognito_identity.service import OPERATIONS as COGNITO_IDENTITY
from keyfob.services.cognito_idp.service import OPERATIONS as COGNITO_IDP
from keyfob.services.iam.service import OPERATIONS as IAM
from keyfob.services.iot.service import OPERATIONS as IOT
from keyfob.services.iot_data.service import OPERATIONS as IOT_DATA
from keyfob.services.sts.service import OPERATIONS as STS
from keyfob.wire import service_model

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "reference" / "coverage.md"

TABLES: dict[str, tuple[Operation[Any], ...]] = {
    "cognito-idp": COGNITO_IDP,
    "cognito-identity": COGNITO_IDENTITY,
    "sts": STS,
    "iam": IAM,
    "iot": IOT,
    "iot-data": IOT_DATA,
}
"""Every service's table, by the name of its model."""

_POOL_SETTINGS = (
    "refuses triggers where no functions are served, the triggers `CustomSMSSender`,"
    " `CustomEmailSender`, `InboundFederation` and `UserMigration`, `SignInPolicy` `WEB_AUTHN`,"
    " `AdvancedSecurityMode` `ENFORCED`, customer managed keys, `IssuerConfiguration` `UPDATED`,"
    " `DcrConfiguration` and `AcrConfiguration`"
)
_CHALLENGES = "refuses the `ChallengeName` `WEB_AUTHN` and `ADMIN_NO_SRP_AUTH`"
_ACR = "refuses `AcrMapping`"
_ROUTING = "refuses `Routing`"

PARTIAL: dict[tuple[str, str], str] = {
    ("cognito-idp", "CreateUserPool"): _POOL_SETTINGS,
    ("cognito-idp", "UpdateUserPool"): _POOL_SETTINGS,
    ("cognito-idp", "SignUp"): "refuses signing up without a password",
    ("cognito-idp", "RespondToAuthChallenge"): _CHALLENGES,
    ("cognito-idp", "AdminRespondToAuthChallenge"): _CHALLENGES,
    ("cognito-idp", "CreateIdentityProvider"): _ACR,
    ("cognito-idp", "UpdateIdentityProvider"): _ACR,
    ("cognito-idp", "CreateUserPoolDomain"): _ROUTING,
    ("cognito-idp", "UpdateUserPoolDomain"): _ROUTING,
    ("cognito-idp", "SetUserPoolMfaConfig"): "refuses `WebAuthnConfiguration`",
    ("cognito-idp", "SetUserMFAPreference"): "refuses `WebAuthnMfaSettings`",
    ("cognito-idp", "AdminSetUserMFAPreference"): "refuses `WebAuthnMfaSettings`",
    ("sts", "AssumeRole"): "refuses `ProvidedContexts` and MFA codes",
    ("iot", "DescribeEndpoint"): "answers every endpoint type with this server's own address",
}
"""What an operation that has a row leaves out."""

_CALLERS = {
    Auth.SIGV4: "signature, policies",
    Auth.SIGV4_WITHOUT_POLICY: "signature",
    Auth.ACCESS_TOKEN: "access token",
    Auth.PUBLIC: "anyone",
}

_HEAD = """# Which operations there are

Written by `make docs` from the operation tables; a test keeps it current. *Full* means that every
input member of the model is looked at; *partial* says what is left out. An operation that is not
implemented answers 501 with `NotImplementedException` and its own name; nothing succeeds without
doing what it says.
"""


def render() -> str:
    """Return the document."""
    return "\n".join([_HEAD, *_summary(), *(line for name in TABLES for line in _service(name))])


def _summary() -> Iterator[str]:
    yield "| Service | Operations | Full | Partial | Not implemented |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, table in TABLES.items():
        total = len(service_model(name).operations)
        partial = sum(bool(gaps(name, row.name)) for row in table)
        full = len(table) - partial
        yield f"| {name} | {total} | {full} | {partial} | {total - len(table)} |"
    yield ""


def _service(name: str) -> Iterator[str]:
    table = {row.name: row for row in TABLES[name]}
    yield f"## {name}"
    yield ""
    yield "| Operation | | Who may call it |"
    yield "| --- | --- | --- |"
    for operation in sorted(table):
        missing = gaps(name, operation)
        state = f"partial: {missing}" if missing else "full"
        yield f"| {operation} | {state} | {_caller(table[operation])} |"
    yield ""
    absent = sorted(set(service_model(name).operations) - set(table))
    if absent:
        yield f"Not implemented: {_joined(absent)}."
        yield ""


def gaps(service: str, operation: str) -> str:
    """Return what an operation leaves out; empty for nothing."""
    told = PARTIAL.get((service, operation))
    unread = [f"`{member}`" for member in _unread(service, operation)]
    found = f"does not look at {_joined(unread)}" if unread else ""
    return "; ".join(part for part in (told, found) if part)


def _unread(service: str, operation: str) -> list[str]:
    """Return the input members that the service's source does not name anywhere."""
    model = service_model(service)
    shape = model.operation(operation).input
    if shape is None:
        return []
    text = _source(service)
    return [member for member in model.shapes[shape.shape].members if f'"{member}"' not in text]


@cache
def _source(service: str) -> str:
    folder = ROOT / "src" / "keyfob" / "services" / service.replace("-", "_")
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))


def _caller(row: Operation[Any]) -> str:
    action = f" (`{row.action}`)" if row.action else ""
    return f"{_CALLERS[row.auth]}{action}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def main() -> None:
    """Write the document."""
    TARGET.write_text(render())
    sys.stdout.write(f"wrote {TARGET}\n")


if __name__ == "__main__":
    main()
