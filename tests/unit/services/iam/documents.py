"""Policy documents that several tests use."""

import json

ALLOW_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
IOT_CONNECT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
)
LAMBDA_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def cognito_trust(condition: object | None) -> str:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
    }
    if condition is not None:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def padded(characters: int) -> str:
    """Return a valid identity policy whose size is `characters`, white space not counted."""
    statement = '{"Sid":"%s","Effect":"Allow","Action":"*","Resource":"*"}'
    frame = '{"Version":"2012-10-17","Statement":[' + statement + "]}"
    return frame % ("a" * (characters - len(frame) + 2)) + " " * 50
