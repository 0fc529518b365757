"""AWS IoT's data plane over HTTPS: what it needs, and its operations.

An authenticated Cognito identity needs its IoT policies' consent too, over HTTPS as over MQTT;
`authz` knows that by the principal (IoT Developer Guide, `pub-sub-policy`, documented; its
`iot-authorization` page says otherwise for HTTPS, and the stricter reading is taken).
"""

from keyfob.authz.operation import Auth, Call, Operation
from keyfob.core.arn import iot_arn
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.operations.connections import (
    delete_connection,
    get_connection,
    list_subscriptions,
    send_direct_message,
)
from keyfob.services.iot_data.operations.publish import publish
from keyfob.services.iot_data.operations.retained import (
    get_retained_message,
    list_retained_messages,
)


async def topic_resource(_service: IotDataService, call: Call) -> tuple[str, ...]:
    """Return the topic a call names."""
    return (iot_arn(call.region, call.account, f"topic/{call.params['topic']}"),)


async def client_resource(_service: IotDataService, call: Call) -> tuple[str, ...]:
    """Return the client a call names."""
    return (iot_arn(call.region, call.account, f"client/{call.params['clientId']}"),)


async def client_and_topic(service: IotDataService, call: Call) -> tuple[str, ...]:
    """Return the client and the topic a call names; both must be allowed (inferred)."""
    return (*await client_resource(service, call), *await topic_resource(service, call))


def retain_action(call: Call) -> tuple[str, ...]:
    """Return `iot:RetainPublish` when the message is to be retained."""
    return ("iot:RetainPublish",) if call.params.get("retain", False) else ()


def socket_action(call: Call) -> tuple[str, ...]:
    """Return `iot:IncludeSocketInformation` when addresses are asked for (documented)."""
    if call.params.get("includeSocketInformation", False):
        return ("iot:IncludeSocketInformation",)
    return ()


OPERATIONS: tuple[Operation[IotDataService], ...] = (
    Operation("Publish", Auth.SIGV4, publish, "iot:Publish", topic_resource, also=retain_action),
    Operation(
        "GetRetainedMessage",
        Auth.SIGV4,
        get_retained_message,
        "iot:GetRetainedMessage",
        topic_resource,
    ),
    Operation(
        "ListRetainedMessages", Auth.SIGV4, list_retained_messages, "iot:ListRetainedMessages"
    ),
    Operation(
        "DeleteConnection", Auth.SIGV4, delete_connection, "iot:DeleteConnection", client_resource
    ),
    Operation(
        "GetConnection",
        Auth.SIGV4,
        get_connection,
        "iot:GetConnection",
        client_resource,
        also=socket_action,
    ),
    Operation(
        "ListSubscriptions",
        Auth.SIGV4,
        list_subscriptions,
        "iot:ListSubscriptions",
        client_resource,
    ),
    Operation(
        "SendDirectMessage",
        Auth.SIGV4,
        send_direct_message,
        "iot:SendDirectMessage",
        client_and_topic,
    ),
)
"""Every operation that exists; the rest of the model answers that it is not implemented."""
