"""Lambda triggers: functions of the operator's that take part in what a pool does.

Source: Cognito Developer Guide, "Customizing user pool workflows with Lambda triggers"
(documented): invoked synchronously, five seconds, three attempts; the event's shape.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.ports import (
    FunctionFailedError,
    FunctionInvoker,
    FunctionUnavailableError,
)
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord

LONGEST_RUN_S = 5.0
MAX_RUNS = 3

NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
"""What the event says of calls that name no client; observed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Through which client a function is set off, and what the caller wants it to know."""

    client_id: str = NO_CLIENT
    metadata: Mapping[str, str] = field(default_factory=dict)
    """`ClientMetadata`."""
    validation: Mapping[str, str] = field(default_factory=dict)
    """`ValidationData`, or what stands for it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What happened that a trigger is for."""

    trigger: str
    """The member of `LambdaConfig`."""
    source: str
    """`triggerSource`, for instance `PreSignUp_SignUp`."""
    version: str = "1"


def function_arn(pool: UserPoolRecord, trigger: str) -> str | None:
    """Return the function a pool has for a trigger."""
    config = pool.settings.get("LambdaConfig", {})
    if trigger == "PreTokenGeneration" and "PreTokenGenerationConfig" in config:
        return str(config["PreTokenGenerationConfig"]["LambdaArn"])
    arn = config.get(trigger)
    return None if arn is None else str(arn)


def describe_user(user: UserRecord) -> dict[str, str]:
    """Return the `userAttributes` of an event."""
    return {"sub": user.sub, "cognito:user_status": user.status, **user.attributes}


async def fire(
    functions: FunctionInvoker,
    pool: UserPoolRecord,
    occasion: Occasion,
    *,
    username: str,
    caller: Caller,
    request: Mapping[str, Any],
    response: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Run the function of a trigger and return its `response`; the one given where there is none.

    Args:
        functions: runs it.
        pool: whose trigger.
        occasion: which trigger.
        username: of the user it is about.
        caller: who set it off.
        request: the event's `request`; `ClientMetadata` is added.
        response: the event's `response`, members with their defaults.

    Raises:
        AwsError: the function refused, could not be run, or answered something else.
    """
    arn = function_arn(pool, occasion.trigger)
    if arn is None:
        return response
    event = {
        "version": occasion.version,
        "region": pool.region,
        "userPoolId": pool.pool_id,
        "userName": username,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": caller.client_id},
        "triggerSource": occasion.source,
        "request": {**request, "clientMetadata": dict(caller.metadata)},
        "response": dict(response),
    }
    answer = await _run(functions, arn, occasion.trigger, event)
    if not isinstance(answer, dict) or not isinstance(answer.get("response"), dict):
        raise errors.invalid_lambda_response()
    return {**response, **answer["response"]}


async def _run(
    functions: FunctionInvoker, arn: str, trigger: str, event: Mapping[str, Any]
) -> object:
    """Run a function; one that does not answer is tried three times, one that raised is not."""
    for _ in range(MAX_RUNS):
        try:
            async with asyncio.timeout(LONGEST_RUN_S):
                return await functions.invoke(arn, event)
        except FunctionFailedError as error:
            raise errors.user_lambda_refused(trigger, str(error)) from error
        except (TimeoutError, FunctionUnavailableError):
            continue
    raise errors.unexpected_lambda(trigger)
