"""`keyfob explain`: why something is allowed or not, for somebody live or for a document."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from keyfob.authz.context import Contexts
from keyfob.authz.decision import Question, decide
from keyfob.authz.layers import Layer, LayerKind, Part
from keyfob.authz.report import build_report
from keyfob.cli.denials import render as render_denial
from keyfob.cli.operator import Operator
from keyfob.config import DEFAULT_DATA_DIRECTORY
from keyfob.core.errors import ConfigError
from keyfob.policy import (
    PolicyError,
    PolicyKind,
    PrincipalName,
    RequestContext,
    RequestPrincipal,
    compile_policy,
    parse_policy,
)

Kind = Literal["iam", "iot", "trust"]

_LAYERS = {
    "iam": (PolicyKind.IDENTITY, LayerKind.IDENTITY),
    "iot": (PolicyKind.IOT, LayerKind.NAMED_IOT),
    "trust": (PolicyKind.TRUST, LayerKind.TRUST),
}


def explain(
    *,
    user: str = "",
    identity: str = "",
    role: str = "",
    client: str = "",
    policy: Path | None = None,
    kind: Kind = "iam",
    principal: str = "",
    action: str = "",
    resource: str = "",
    context: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
) -> None:
    """Say why something is allowed or not; exit with 0 where it is, with 1 where it is not.

    Args:
        user: User pool user (user name, sub or alias), or IAM user (name or ARN).
        identity: Cognito identity id.
        role: IAM role, by ARN or name.
        client: MQTT client id: judged as its connection is; without --action, its last denial.
        policy: A policy document on disk to ask instead of the running server.
        kind: Kind of that document.
        principal: For a trust policy, who asks: TYPE:NAME, as in Federated:accounts.example.com.
        action: Action, for instance iot:Publish.
        resource: Resource ARN; for MQTT actions the topic, filter or client id alone will do.
        context: Condition key, KEY=VALUE; repeat it for further keys, or further values of one.
        as_json: Print the whole report as JSON.
        data: Data directory of the running server.
    """
    keys = read_context(context)
    if policy is not None:
        if not action:
            raise ConfigError("say which --action to ask about")
        answer = {"report": explain_document(policy, kind, principal, action, resource, keys)}
    else:
        asked = {"user": user, "identity": identity, "role": role, "client": client}
        asked |= {"action": action, "resource": resource}
        if keys:
            asked["context"] = json.dumps(keys)
        answer = Operator(data).get(
            "explain", **{name: text for name, text in asked.items() if text}
        )
    print(json.dumps(answer, indent=2) if as_json else render(answer))
    sys.exit(0 if answer.get("report", {}).get("effect") == "allow" else 1)


def read_context(pairs: Sequence[str]) -> dict[str, list[str]]:
    """Return condition keys with their values.

    Raises:
        ConfigError: a pair without `=`.
    """
    keys: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"--context takes KEY=VALUE, not `{pair}`")
        keys.setdefault(key, []).append(value)
    return keys


def explain_document(
    path: Path,
    kind: Kind,
    principal: str,
    action: str,
    resource: str,
    keys: Mapping[str, Sequence[str]],
) -> Mapping[str, Any]:
    """Return the report of what one document says by itself.

    Raises:
        ConfigError: the file cannot be read, or is no policy of that kind.
    """
    policy_kind, layer_kind = _LAYERS[kind]
    try:
        document = parse_policy(path.read_text(), policy_kind)
    except (OSError, UnicodeDecodeError, PolicyError) as error:
        raise ConfigError(f"{path}: {error}") from error
    caller = _read_principal(principal)
    if kind == "trust" and caller is None:
        raise ConfigError("a trust policy is asked by somebody: give --principal TYPE:NAME")
    known = RequestContext(keys)
    layer = Layer(layer_kind, Part.GRANT, (compile_policy(document, path.name),))
    question = Question(
        principal or "the caller", action, resource or "*", Contexts(known, known), caller
    )
    report: Mapping[str, Any] = msgspec.to_builtins(build_report(decide((layer,), question)))
    return report


def _read_principal(text: str) -> RequestPrincipal | None:
    """Return a caller by the one name given, and by its account where the name is an ARN."""
    if not text:
        return None
    type_name, colon, name = text.partition(":")
    if not colon or type_name not in ("AWS", "Federated", "Service"):
        raise ConfigError(
            f"--principal takes AWS:ARN, Federated:NAME or Service:NAME, not `{text}`"
        )
    names = {PrincipalName(type_name, name)}
    if type_name == "AWS" and name.startswith("arn:") and name.count(":") >= 5:
        names.add(PrincipalName("AWS", name.split(":")[4]))
    return RequestPrincipal(frozenset(names))


def render(answer: Mapping[str, Any]) -> str:
    """Return an answer as lines a person can read."""
    if "denial" in answer:
        return _render_last_denial(answer["denial"])
    report = answer["report"]
    verdict = "allowed" if report["effect"] == "allow" else "denied"
    lines = [
        f"{verdict}: {report['action']} on {report['resource']}",
        f"  for {report['principal']}",
        f"  {report['sentence']}",
    ]
    for layer in report["layers"]:
        lines.append(f"{layer['layer']} ({layer['part']}): {layer['effect']}")
        if layer["note"]:
            lines.append(f"  {layer['note']}")
        lines += [f"  by {one['statement']} at {one['path']}" for one in layer["decided_by"]]
        lines += [
            f"  not by {one['statement']} at {one['path']}, {one['failed']}"
            for one in layer["nearest"]
        ]
    return "\n".join(lines)


def _render_last_denial(denial: Mapping[str, Any]) -> str:
    moment = datetime.fromtimestamp(denial["last_time_s"], UTC)
    lines = [f"last denied {moment:%Y-%m-%d %H:%M:%SZ}", render_denial(denial)]
    lines += [f"  statement {statement}" for statement in denial["statements"]]
    lines += [
        f"  {key} is {'absent' if value is None else repr(value)}"
        for key, value in denial["variables"].items()
    ]
    return "\n".join(lines)
