"""The question of `GET /_keyfob/explain`, as it comes in the query string."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from keyfob.core.errors import AwsError


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who, what, on what; exactly one of the first four says who."""

    user: str = ""
    """User pool user by user name, sub or alias; IAM user by name or ARN."""
    identity: str = ""
    """Cognito identity id."""
    role: str = ""
    """Role ARN or name."""
    client: str = ""
    """MQTT client id."""
    action: str = ""
    """IAM action; empty only with `client`: its last denial."""
    resource: str = ""
    """ARN, or for MQTT actions the bare topic, filter or client id."""
    context: dict[str, list[str]] = {}
    """Further condition keys; in the query string as JSON."""


class Explainer(Protocol):
    """Answers questions about live principals."""

    async def explain(self, query: ExplainQuery) -> Mapping[str, Any]:
        """Return the report of a decision, or the last denial of a client.

        Raises:
            AwsError: nobody goes by that name, or it is not clear who is meant.
        """
        ...


def read_query(query: str) -> ExplainQuery:
    """Read the question.

    Raises:
        AwsError: `ValidationException` when something is missing, unknown or ambiguous.
    """
    given: dict[str, Any] = {name: values[0] for name, values in parse_qs(query).items()}
    try:
        if "context" in given:
            given["context"] = msgspec.json.decode(given["context"])
        asked = msgspec.convert(given, ExplainQuery)
    except msgspec.MsgspecError as error:
        raise AwsError("ValidationException", f"the question cannot be read: {error}") from error
    if sum(map(bool, (asked.user, asked.identity, asked.role, asked.client))) != 1:
        raise AwsError("ValidationException", "name one of user, identity, role and client")
    if not asked.action and not asked.client:
        raise AwsError("ValidationException", "`action` is missing")
    return asked
