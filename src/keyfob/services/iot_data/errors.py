"""What the IoT data plane says when it refuses. Codes are the model's; texts are inferred."""

from keyfob.core.errors import AwsError


def invalid_topic(topic: str, why: str) -> AwsError:
    """A topic that MQTT or AWS IoT does not take."""
    return AwsError("InvalidRequestException", f"Invalid topic `{topic[:80]}`: {why}")


def invalid_member(name: str, why: str) -> AwsError:
    """A parameter that has not the form documented."""
    return AwsError("InvalidRequestException", f"Invalid {name}: {why}")


def payload_too_large(limit: int) -> AwsError:
    """More payload than the broker takes; `Publish` has no error of its own for it."""
    return AwsError("InvalidRequestException", f"The payload is larger than {limit} bytes")


def nothing_retained(topic: str) -> AwsError:
    """The topic has no retained message."""
    return AwsError(
        "ResourceNotFoundException", f"No retained message exists for topic `{topic[:256]}`"
    )


def invalid_token() -> AwsError:
    """A page token that this listing did not give."""
    return AwsError("InvalidRequestException", "The nextToken is invalid")


def no_such_client(client_id: str) -> AwsError:
    """The client is not connected, and was not of late."""
    return AwsError("ResourceNotFoundException", f"Client `{client_id[:128]}` was not found")


def receiver_refused(topic: str) -> AwsError:
    """The receiver's policies do not let it have the message."""
    return AwsError("ForbiddenException", f"The client may not receive `{topic[:256]}`")


def not_confirmed() -> AwsError:
    """The receiver's acknowledgement did not come in time: 504 (documented)."""
    return AwsError("GatewayTimeoutException", "The client did not acknowledge the message in time")


def direct_payload_too_large(limit: int) -> AwsError:
    """`SendDirectMessage` has an error of its own for it."""
    return AwsError("RequestEntityTooLargeException", f"The payload is larger than {limit} bytes")
