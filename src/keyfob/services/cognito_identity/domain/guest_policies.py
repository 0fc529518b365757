"""The session policies that bound what guests may do.

In the enhanced flow Cognito passes an inline and a managed session policy when it assumes the role
of an unauthenticated identity; what the role allows is intersected with the union of the two.

Source: Cognito Developer Guide, `iam-roles`, "Access policies for unauthenticated identities"
(documented; the list for Regions that are enabled by default).
"""

import msgspec

_INLINE_ACTIONS = (
    "cloudwatch:*",
    "logs:*",
    "dynamodb:*",
    "kinesis:*",
    "mobileanalytics:*",
    "s3:*",
    "ses:*",
    "sns:*",
    "sqs:*",
    "lambda:*",
    "machinelearning:*",
    "execute-api:*",
    "iot:*",
    "gamelift:*",
    "cognito-identity:*",
    "cognito-idp:*",
    "lex:*",
    "polly:*",
    "comprehend:*",
    "translate:*",
    "transcribe:*",
    "rekognition:*",
    "mobiletargeting:*",
    "firehose:*",
    "appsync:*",
    "personalize:*",
    "sagemaker:InvokeEndpoint",
    "cognito-sync:*",
    "codewhisperer:*",
    "textract:DetectDocumentText",
    "textract:AnalyzeDocument",
    "sdb:*",
)

_MANAGED_ACTIONS = (
    "rum:PutRumEvents",
    "polly:*",
    "comprehend:*",
    "translate:*",
    "transcribe:*",
    "rekognition:*",
    "mobiletargeting:*",
    "firehose:*",
    "personalize:*",
    "sagemaker:InvokeEndpoint",
    "geo:GetMap*",
    "geo:SearchPlaceIndex*",
    "geo:GetPlace",
    "geo:CalculateRoute*",
    "geo:*Geofence",
    "geo:*Geofences",
    "geo:*DevicePosition*",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptTo",
    "kms:ReEncryptFrom",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
)


def _allow(actions: tuple[str, ...]) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return msgspec.json.encode(document).decode()


GUEST_INLINE_POLICY = _allow(_INLINE_ACTIONS)
"""The inline session policy, JSON text."""

GUEST_MANAGED_POLICY = _allow(_MANAGED_ACTIONS)
"""`AmazonCognitoUnAuthedIdentitiesSessionPolicy`, JSON text."""

GUEST_SESSION_POLICIES = (GUEST_INLINE_POLICY, GUEST_MANAGED_POLICY)
"""Both, as they go to STS for a guest; signed-in identities get none."""
