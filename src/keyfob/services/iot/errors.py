"""What AWS IoT says when it refuses.

Codes and statuses are the service model's. Texts marked *observed* are quoted in public issue
reports; those marked *inferred* are keyfob's own.
"""

from keyfob.core.errors import AwsError
from keyfob.policy import PolicyError


def policy_not_found(name: str) -> AwsError:
    """No policy of that name. Observed."""
    return AwsError("ResourceNotFoundException", f"Policy not found: {name}")


def version_not_found(name: str, version_id: str) -> AwsError:
    """The policy has no such version. Inferred."""
    return AwsError(
        "ResourceNotFoundException", f"Policy version not found: {name} version {version_id}"
    )


def policy_exists(name: str, arn: str) -> AwsError:
    """The name is taken. Observed."""
    return AwsError(
        "ResourceAlreadyExistsException",
        f"Policy cannot be created - name already exists (name={name})",
        fields={"resourceId": name, "resourceArn": arn},
    )


def malformed_policy(error: PolicyError) -> AwsError:
    """A policy document was refused. AWS: "Policy document is Malformed: ..." (observed)."""
    where = f" (at {error.path})" if error.path else ""
    return AwsError(
        "MalformedPolicyException", f"Policy document is Malformed: {error.message}{where}"
    )


def policy_too_long(characters: int, limit: int) -> AwsError:
    """A policy document is too long. Documented limit, inferred text."""
    return AwsError(
        "MalformedPolicyException",
        f"Policy document is Malformed: it has {characters} characters without white space,"
        f" the limit is {limit}",
    )


def too_many_versions(name: str) -> AwsError:
    """A sixth version. Observed."""
    return AwsError(
        "VersionsLimitExceededException",
        f"The policy {name} already has the maximum number of versions (5)",
    )


def policy_has_versions(name: str) -> AwsError:
    """The policy has versions besides the default. Observed."""
    return AwsError(
        "DeleteConflictException",
        "Cannot delete the policy because it has one or more policy versions attached to it"
        f" (name={name})",
    )


def policy_attached(name: str) -> AwsError:
    """The policy is attached. Observed."""
    return AwsError(
        "DeleteConflictException",
        f"The policy cannot be deleted as the policy is attached to one or more principals"
        f" (name={name})",
    )


def default_version_in_use(name: str) -> AwsError:
    """The version in force cannot be deleted. Inferred text."""
    return AwsError(
        "DeleteConflictException", f"Cannot delete the default version of a policy (name={name})"
    )


def target_not_found(target: str) -> AwsError:
    """There is no such identity, certificate or thing group.

    Inferred: the model's answer for what does not exist; an identity pool's id gets it too, as
    policies attach to identities only (IoT Developer Guide, `cog-iot-policies`).
    """
    return AwsError("ResourceNotFoundException", f"Target not found: {target[:200]}")


def invalid_target(target: str) -> AwsError:
    """A target is neither identity id nor ARN of a certificate or thing group. Inferred."""
    return AwsError("InvalidRequestException", f"Invalid target: {target[:200]}")


def too_many_policies(limit: int) -> AwsError:
    """The target has as many policies as it may. Documented limit, inferred text."""
    return AwsError(
        "LimitExceededException", f"The target already has the maximum of {limit} policies"
    )


def invalid_marker() -> AwsError:
    """A page marker that this listing did not give. Inferred."""
    return AwsError("InvalidRequestException", "The marker is invalid")


def invalid_endpoint_type(endpoint_type: str) -> AwsError:
    """An endpoint type that does not exist. Inferred."""
    return AwsError("InvalidRequestException", f"Invalid endpoint type: {endpoint_type}")


def principal_or_pool_needed() -> AwsError:
    """A test names nobody to test. Inferred."""
    return AwsError(
        "InvalidRequestException", "Specify principal, cognitoIdentityPoolId or policyNamesToAdd"
    )


def things_unknown(name: str) -> AwsError:
    """There is no such thing; keyfob has no thing registry yet."""
    return AwsError("ResourceNotFoundException", f"Thing {name} cannot be found.")
