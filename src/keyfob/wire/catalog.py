"""The services keyfob speaks for: what the models do not say about them. Adding one is a row."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service."""

    name: str
    """Name of its folder in botocore's data, and keyfob's name for it."""
    signing_names: tuple[str, ...]
    """Service names that clients put into the credential scope."""
    target_prefix: str = ""
    """JSON protocol: what precedes the operation in `X-Amz-Target`."""
    query_version: str = ""
    """Query protocol: the `Version` parameter."""
    validation_code: str = "ValidationException"
    """Error code for input that breaks a constraint of the model."""
    denied_code: str = "AccessDeniedException"
    """Error code for a policy's refusal."""
    denied_status: int = 403
    """HTTP status for a policy's refusal."""
    slashed_labels: frozenset[str] = frozenset()
    """Path labels that may hold unescaped slashes although their template is not greedy."""
    has_trace_id: bool = False
    """Whether error bodies repeat the request id as `traceId`."""

    @property
    def is_rest(self) -> bool:
        """Whether operations are told apart by method and path."""
        return not self.target_prefix and not self.query_version


SERVICES: tuple[ServiceRow, ...] = (
    ServiceRow(
        "cognito-idp",
        ("cognito-idp",),
        target_prefix="AWSCognitoIdentityProviderService",
        # Observed: anomalyco/guide#127.
        validation_code="InvalidParameterException",
        denied_status=400,
    ),
    ServiceRow(
        "cognito-identity",
        ("cognito-identity",),
        target_prefix="AWSCognitoIdentityService",
        # Observed, status and code: aws-amplify/amplify-swift#2864; the model does not list it.
        validation_code="ValidationException",
        denied_status=400,
    ),
    ServiceRow(
        "sts",
        ("sts",),
        query_version="2011-06-15",
        validation_code="ValidationError",
        denied_code="AccessDenied",
    ),
    ServiceRow(
        "iam",
        ("iam",),
        query_version="2010-05-08",
        validation_code="ValidationError",
        denied_code="AccessDenied",
    ),
    # Refusals of `iot` are AccessDeniedException with 403: observed, aws-sdk-android#640.
    ServiceRow("iot", ("iot",), validation_code="InvalidRequestException"),
    ServiceRow(
        "iot-data",
        # SDKs sign with `iotdata`; the developer guide says `iotdevicegateway`.
        ("iotdata", "iotdevicegateway", "iot"),
        validation_code="InvalidRequestException",
        denied_code="ForbiddenException",
        # The developer guide has topics percent-encoded; devices also send them plain (observed).
        slashed_labels=frozenset({"topic"}),
        has_trace_id=True,
    ),
)
"""All services, in the order in which paths are tried."""

BY_NAME = {row.name: row for row in SERVICES}
"""Rows by name."""
