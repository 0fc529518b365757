"""`keyfob up`: serve everything on one port."""

import gc
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from keyfob.config import (
    DEFAULT_ACCOUNT,
    DEFAULT_DATA_DIRECTORY,
    DEFAULT_REGION,
    BrokerProfile,
    Settings,
    parse_account,
    parse_listener,
    parse_region,
    root_key_from_environment,
)


def up(
    *,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
    host: str = "127.0.0.1",
    port: int = 4566,
    region: str = DEFAULT_REGION,
    account: str = DEFAULT_ACCOUNT,
    memory: Annotated[bool, Parameter(negative="")] = False,
    listen: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    durability: Literal["power", "process"] = "power",
    principal_tags_in_iot_policies: bool = True,
    explain_to_clients: bool | None = None,
    broker_profile: BrokerProfile = "aws",
    broker_quotas: Literal["aws", "off"] | None = None,
    mqtt_logs: Literal["off", "failures", "all"] = "failures",
    dev: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Serve the AWS APIs and MQTT, over TCP, TLS and WebSocket, on one port.

    Args:
        data: Directory for all state, made with mode 0700.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        region: Region that `keyfob env` and the summary name; requests choose their own.
        account: Account id of the root user.
        memory: Keep no state beyond this process; files for clients still go to --data.
        listen: Extra MQTT listener, tcp://HOST:PORT?policy=NAME (or tls://): its clients need no
            credentials and are held to the named IoT policy. More: &profile=aws|oasis, and
            &quotas=aws to hold them to AWS's rates.
        durability: What an answer survives: a power cut, or `kill -9` only (faster).
        principal_tags_in_iot_policies: Resolve ${aws:PrincipalTag/...} in IoT policies too.
        explain_to_clients: Say why in MQTT 5 reason strings; by default on a loopback host only.
        broker_profile: Speak MQTT as AWS IoT Core does, or as the standard says.
        broker_quotas: Hold MQTT clients of this port to AWS's rates; by default in profile aws.
        mqtt_logs: Which MQTT events to log, as JSON lines in the form of AWSIotLogsV2.
        dev: Print confirmation codes in the log, and let the admin API move the clock.
    """
    gc.disable()  # what start-up makes is there to stay; serving switches it on again
    from keyfob.app import serve

    settings = Settings(
        data_directory=data,
        is_in_memory=memory,
        host=host,
        port=port,
        region=parse_region(region),
        account=parse_account(account),
        listeners=tuple(parse_listener(text) for text in listen),
        root_key=root_key_from_environment(),
        durability=durability,
        iot_policy_principal_tags=principal_tags_in_iot_policies,
        explain_to_clients=explain_to_clients,
        broker_profile=broker_profile,
        broker_quotas=broker_quotas,
        mqtt_logs=mqtt_logs,
        dev=dev,
    )
    sys.exit(serve(settings))
