"""The model's constraints, in AWS's words."""

from typing import Any

import pytest

from keyfob import wire
from keyfob.core.errors import AwsError


def refusal(service: str, operation: str, **params: Any) -> AwsError:
    model = wire.service_model(service)
    shape = model.operation(operation).input
    assert shape is not None
    with pytest.raises(AwsError) as found:
        wire.validate(model, shape.shape, params)
    return found.value


def constraint(service: str, operation: str, **params: Any) -> str:
    return refusal(service, operation, **params).message.partition("detected: ")[2]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("cognito-idp", "CreateUserPool", "InvalidParameterException"),
        ("cognito-identity", "CreateIdentityPool", "ValidationException"),
        ("sts", "AssumeRole", "ValidationError"),
        ("iam", "CreateRole", "ValidationError"),
        ("iot", "CreatePolicy", "InvalidRequestException"),
        ("iot-data", "Publish", "InvalidRequestException"),
    ],
)
def test_each_service_s_own_code(service: str, operation: str, code: str) -> None:
    error = refusal(service, operation)
    assert (error.code, error.status) == (code, 400)


def test_missing_members_are_all_named() -> None:
    assert refusal("cognito-idp", "AdminCreateUser").message == (
        "2 validation errors detected: Value null at 'userPoolId' failed to satisfy constraint: "
        "Member must not be null; Value null at 'username' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_pattern() -> None:
    assert refusal(
        "cognito-idp", "AdminConfirmSignUp", UserPoolId="POOL", Username="u"
    ).message == (
        "1 validation error detected: Value 'POOL' at 'userPoolId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+"
    )


def test_length() -> None:
    long = "a_" + "b" * 54
    assert constraint("cognito-idp", "AdminConfirmSignUp", UserPoolId=long, Username="u") == (
        f"Value '{long}' at 'userPoolId' failed to satisfy constraint: "
        "Member must have length less than or equal to 55"
    )
    assert "greater than or equal to 20" in constraint("iam", "GetPolicy", PolicyArn="arn")


def test_range() -> None:
    text = constraint("sts", "GetSessionToken", DurationSeconds=899)
    assert text == (
        "Value '899' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 900"
    )
    assert "less than or equal to 129600" in constraint(
        "sts", "GetSessionToken", DurationSeconds=129601
    )


def test_enum() -> None:
    text = constraint("iot-data", "Publish", topic="t", payloadFormatIndicator="X")
    assert text.endswith("Member must satisfy enum value set: [UNSPECIFIED_BYTES, UTF8_DATA]")


def test_nested_paths() -> None:
    text = constraint(
        "cognito-idp",
        "CreateUserPool",
        PoolName="p",
        Policies={"PasswordPolicy": {"MinimumLength": 3}},
        Schema=[{"Name": "ok"}, {"Name": "x" * 21}],
        UserPoolTags={"": "v"},
    )
    assert "'policies.passwordPolicy.minimumLength'" in text
    assert "'schema.2.member.name'" in text
    assert "at 'userPoolTags.key'" in text


def test_sizes_of_lists_and_maps() -> None:
    text = constraint("cognito-idp", "CreateUserPool", PoolName="p", Schema=[])
    assert text.startswith("Value '[]' at 'schema'")


def test_blobs_and_maps_are_shown_as_java_prints_them() -> None:
    blob = constraint(
        "cognito-idp", "SetUICustomization", UserPoolId="a_b", ImageFile=b"x" * 131073
    )
    assert "HeapByteBuffer[pos=0 lim=131073" in blob
    tags = {f"k{number}": "v" for number in range(11)}
    logins = constraint("cognito-identity", "GetId", IdentityPoolId="r:1", Logins=tags)
    assert logins.startswith("Value '{k0=v, k1=v")


def test_operations_without_input_take_anything() -> None:
    model = wire.service_model("sts")
    shape = model.operation("GetCallerIdentity").input
    assert shape is not None
    wire.validate(model, shape.shape, {})


def test_secrets_are_not_repeated() -> None:
    error = refusal(
        "cognito-idp", "ChangePassword", AccessToken="not a token!", ProposedPassword=""
    )
    assert "not a token!" not in error.message
    assert "Value at 'accessToken'" in error.message


def test_values_are_shown_as_java_prints_them_and_cut() -> None:
    text = constraint("iot", "CreatePolicy", policyName="p", policyDocument="x" * 500_000)
    assert len(text) < 1_200
    many = refusal(
        "cognito-idp",
        "AdminDeleteUserAttributes",
        UserPoolId="a_b",
        Username="u",
        UserAttributeNames=[""] * 500,
    )
    assert many.message.startswith("1000 validation errors detected: ")
    assert many.message.count("failed to satisfy") == 20
