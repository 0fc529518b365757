"""The refusals of the wire itself: requests that reach no handler.

KeyfobError
+-- AwsError       answers the client; every function here returns one
+-- ResultError    a handler's result does not fit its model: a bug
"""

from keyfob.core.errors import AwsError, KeyfobError


class ResultError(KeyfobError):
    """A handler's result does not fit the output shape of its operation."""


def bad_json(detail: str) -> AwsError:
    """Return the JSON protocols' error for a body that cannot be read (code documented)."""
    return AwsError("SerializationException", detail, status=400)


def bad_query(detail: str) -> AwsError:
    """Return the query protocol's error for parameters that cannot be read.

    The code is observed with IAM and SQS; AWS lists it in no common-errors page.
    """
    return AwsError("MalformedInput", detail, status=400)


def unknown_operation(operation: str) -> AwsError:
    """Return the JSON protocols' error for an operation the service does not have (documented)."""
    return AwsError(
        "UnknownOperationException", f"The operation `{operation[:200]}` is not known.", status=404
    )


def unknown_target(target: str) -> AwsError:
    """Return the JSON 1.1 error for an `X-Amz-Target` nobody answers; 400 there (observed)."""
    return AwsError(
        "UnknownOperationException", f"The target `{target[:200]}` is not known.", status=400
    )


def invalid_action(action: str, version: str) -> AwsError:
    """Return the query protocol's error for an unknown action (text observed with STS)."""
    return AwsError(
        "InvalidAction",
        f"Could not find operation {action[:200] or 'null'} for version "
        f"{version[:40] or 'NO_VERSION_SPECIFIED'}",
        status=400,
    )


def not_implemented(service: str, operation: str) -> AwsError:
    """Return the answer to an operation that AWS has and keyfob does not."""
    return AwsError(
        "NotImplementedException",
        f"keyfob does not implement {service}:{operation}.",
        status=501,
        is_sender_fault=False,
    )
