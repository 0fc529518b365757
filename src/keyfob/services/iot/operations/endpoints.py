"""DescribeEndpoint."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iot import errors
from keyfob.services.iot.dependencies import IotService

ENDPOINT_TYPES = frozenset({"iot:Data", "iot:Data-ATS", "iot:CredentialProvider", "iot:Jobs"})
"""IoT API Reference, `DescribeEndpoint` (documented)."""

DEFAULT_TYPE = "iot:Data"


async def describe_endpoint(service: IotService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return this server's own address: one port speaks everything, so all types share it."""
    endpoint_type = request.params.get("endpointType", DEFAULT_TYPE)
    if endpoint_type not in ENDPOINT_TYPES:
        raise errors.invalid_endpoint_type(endpoint_type)
    return {"endpointAddress": str(service.endpoint)}
