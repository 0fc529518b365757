"""What IAM says when it refuses.

Codes and statuses are the service model's. Texts marked *observed* are quoted in many public
issue reports of the AWS CLI and Terraform; *recalled* ones have no source at hand; those marked
*inferred* are keyfob's own.
"""

from keyfob.core.errors import AwsError
from keyfob.policy import PolicyError


def entity_not_found(word: str, name: str) -> AwsError:
    """No role or user of that name. Observed."""
    return AwsError("NoSuchEntity", f"The {word} with name {name} cannot be found.")


def entity_exists(word: str, name: str) -> AwsError:
    """The name is taken. Observed."""
    return AwsError("EntityAlreadyExists", f"{word.title()} with name {name} already exists.")


def instance_profile_not_found(name: str) -> AwsError:
    """No instance profile of that name. Observed."""
    return AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.")


def instance_profile_exists(name: str) -> AwsError:
    """The name is taken. Observed."""
    return AwsError("EntityAlreadyExists", f"Instance Profile {name} already exists.")


def instance_profile_holds_a_role() -> AwsError:
    """A second role for an instance profile. Observed."""
    return quota_exceeded("InstanceSessionsPerInstanceProfile", 1)


def role_not_in_instance_profile(role: str, profile: str) -> AwsError:
    """The instance profile does not hold that role. Inferred text."""
    return AwsError("NoSuchEntity", f"Role {role} in Instance Profile {profile} cannot be found.")


def must_remove_role_first() -> AwsError:
    """The instance profile holds a role, or the role is held by one. Observed."""
    return AwsError(
        "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."
    )


def must_remove_users_first() -> AwsError:
    """The group has users, or the user is in a group. Observed for both."""
    return AwsError("DeleteConflict", "Cannot delete entity, must remove users from group first.")


def user_not_in_group(user: str, group: str) -> AwsError:
    """The user is to leave a group that it is not in. Inferred text."""
    return AwsError("NoSuchEntity", f"User {user} is not in group {group}.")


def open_id_provider_not_found(arn: str) -> AwsError:
    """No such OpenID Connect provider. Recalled."""
    return AwsError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")


def open_id_provider_exists(url: str) -> AwsError:
    """The issuer is registered already. Observed."""
    return AwsError("EntityAlreadyExists", f"Provider with url https://{url} already exists.")


def invalid_open_id_url() -> AwsError:
    """The issuer is no HTTPS URL without query and fragment. Observed."""
    return AwsError("ValidationError", "Invalid Open ID Connect Provider URL", status=400)


def invalid_thumbprint(thumbprint: str) -> AwsError:
    """A thumbprint is not 40 hexadecimal digits. Inferred text."""
    return AwsError("InvalidInput", f"Thumbprint {thumbprint} is not hexadecimal.")


def too_many_thumbprints() -> AwsError:
    """More than five thumbprints. Observed."""
    return AwsError("InvalidInput", "Thumbprint list must contain fewer than 5 entries.")


def saml_provider_not_found(arn: str) -> AwsError:
    """No such SAML provider. Recalled."""
    return AwsError("NoSuchEntity", f"Manifest not found for arn {arn}")


def saml_provider_exists(name: str) -> AwsError:
    """The name is taken. Observed."""
    return AwsError("EntityAlreadyExists", f"Provider with name {name} already exists.")


def saml_metadata_unreadable() -> AwsError:
    """The metadata document is no description of an identity provider. Recalled."""
    return AwsError("InvalidInput", "Could not parse metadata")


def saml_encryption_unsupported() -> AwsError:
    """Private keys for encrypted assertions are not kept here. keyfob's own."""
    return AwsError("InvalidInput", "Encrypted SAML assertions are not supported by keyfob.")


def alias_taken(alias: str) -> AwsError:
    """Another account has the alias. Observed."""
    return AwsError("EntityAlreadyExists", f"The account alias {alias} already exists.")


def alias_not_found(alias: str) -> AwsError:
    """The account has no such alias. Inferred text."""
    return AwsError("NoSuchEntity", f"The account alias {alias} cannot be found.")


def access_key_not_the_accounts(caller: str, access_key_id: str) -> AwsError:
    """Nobody in the account has the access key; whether another account does is not said.

    Recalled: AWS answers so instead of `NoSuchEntity`.
    """
    return AwsError(
        "AccessDenied",
        f"User: {caller} is not authorized to perform: iam:GetAccessKeyLastUsed on resource:"
        f" access key {access_key_id}",
        status=403,
    )


def report_not_present() -> AwsError:
    """No credential report was made. Observed code; inferred text."""
    return AwsError("ReportNotPresent", "No report is available; generate one first.")


def report_expired() -> AwsError:
    """The credential report is older than four hours. Observed code; inferred text."""
    return AwsError("ReportExpired", "The report has expired; generate a new one.")


def inline_policy_not_found(word: str, name: str) -> AwsError:
    """The role or user has no inline policy of that name. Observed."""
    return AwsError("NoSuchEntity", f"The {word} policy with name {name} cannot be found.")


def policy_not_found(arn: str) -> AwsError:
    """No such managed policy. Observed."""
    return AwsError("NoSuchEntity", f"Policy {arn} was not found.")


def policy_not_attachable(arn: str) -> AwsError:
    """A managed policy that is to be attached does not exist. Observed."""
    return AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def policy_version_not_found(arn: str, version_id: str) -> AwsError:
    """The managed policy has no such version. Observed."""
    return AwsError(
        "NoSuchEntity", f"Policy {arn} version {version_id} does not exist or is not attachable."
    )


def policy_exists(name: str) -> AwsError:
    """The account has a managed policy of that name. Observed."""
    return AwsError(
        "EntityAlreadyExists",
        f"A policy called {name} already exists. Duplicate names are not allowed.",
    )


def access_key_not_found(access_key_id: str) -> AwsError:
    """The user has no such access key. Observed."""
    return AwsError("NoSuchEntity", f"The Access Key with id {access_key_id} cannot be found.")


def boundary_not_found(word: str, name: str) -> AwsError:
    """The role or user has no permissions boundary to delete. Inferred."""
    return AwsError("NoSuchEntity", f"The {word} with name {name} has no permissions boundary.")


def malformed_document(error: PolicyError) -> AwsError:
    """A policy document was refused; AWS says less, often just "Syntax errors in policy."."""
    where = f" (at {error.path})" if error.path else ""
    return AwsError("MalformedPolicyDocument", f"{error.message}{where}")


def cognito_trust_without_audience(path: str) -> AwsError:
    """A trust policy lets any identity pool of any account in. Inferred text.

    Source: Cognito Developer Guide, `iam-roles`: IAM does not save such a policy (documented).
    """
    return AwsError(
        "MalformedPolicyDocument",
        "A statement that trusts cognito-identity.amazonaws.com must have a condition on"
        f" cognito-identity.amazonaws.com:aud (at {path})",
    )


def quota_exceeded(quota: str, limit: int) -> AwsError:
    """A quota is used up, for instance `PoliciesPerRole`. Observed."""
    return AwsError("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}")


def inline_size_exceeded(word: str, name: str, limit: int) -> AwsError:
    """The inline policies of one role or user are too long together. Observed."""
    return AwsError(
        "LimitExceeded", f"Maximum policy size of {limit} bytes exceeded for {word} {name}"
    )


def too_many_versions() -> AwsError:
    """A sixth version. Observed."""
    return AwsError(
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must"
        " delete an existing version.",
    )


def must_detach_first() -> AwsError:
    """The role or user has attached policies. Observed."""
    return AwsError("DeleteConflict", "Cannot delete entity, must detach all policies first.")


def must_delete_policies_first() -> AwsError:
    """The role or user has inline policies. Observed."""
    return AwsError("DeleteConflict", "Cannot delete entity, must delete policies first.")


def must_delete_access_keys_first() -> AwsError:
    """The user has access keys. Observed."""
    return AwsError("DeleteConflict", "Cannot delete entity, must delete access keys first.")


def policy_in_use() -> AwsError:
    """The managed policy is attached. Observed."""
    return AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")


def policy_has_versions() -> AwsError:
    """The managed policy has versions besides the default. Observed."""
    return AwsError(
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the"
        " policy's versions. The default version is deleted with the policy.",
    )


def default_version_in_use() -> AwsError:
    """The default version cannot be deleted. Observed."""
    return AwsError("DeleteConflict", "Cannot delete the default version of a policy.")


def policy_not_attached(arn: str) -> AwsError:
    """The managed policy is not attached to the role or user. Observed."""
    return AwsError("NoSuchEntity", f"Policy {arn} was not found.")


def aws_policy_unchangeable(arn: str) -> AwsError:
    """One of AWS's own policies is to be changed. Inferred."""
    return AwsError("InvalidInput", f"Policy {arn} is managed by AWS and cannot be changed.")


def user_name_needed() -> AwsError:
    """The caller is no IAM user, and named none. Observed."""
    return AwsError(
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
        status=400,
    )


def invalid_marker(marker: str) -> AwsError:
    """A page marker that this listing did not give. Observed."""
    return AwsError("ValidationError", f"Invalid Marker: {marker[:80]}", status=400)


def duplicate_tag_keys() -> AwsError:
    """Two tags differ in nothing but case. Observed."""
    return AwsError(
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )


def reserved_tag_key(key: str) -> AwsError:
    """A tag key begins with `aws:`. Inferred text; documented in `id_tags`."""
    return AwsError("InvalidInput", f"The tag key {key} uses the reserved prefix aws:.")


def policy_not_simulated(policy_id: str, error: PolicyError) -> AwsError:
    """A document given to the simulator is no policy. Inferred text."""
    return AwsError("InvalidInput", f"{policy_id}: {error.message} (at {error.path})")


def invalid_action_name(name: str) -> AwsError:
    """The simulator takes `service:Action` without wildcards. Inferred text."""
    return AwsError("InvalidInput", f"Invalid action name: {name[:128]}")


def not_a_policy_source(arn: str) -> AwsError:
    """An ARN that is no user, group or role of the account. Inferred text."""
    return AwsError("InvalidInput", f"Invalid entity ARN: {arn[:256]}")


def caller_arn_needed() -> AwsError:
    """A resource policy came without anybody for its principals to name. Inferred text."""
    return AwsError("InvalidInput", "CallerArn is required when a ResourcePolicy is given.")


def simulation_input_not_supported(member: str) -> AwsError:
    """An input of the simulator that would change the answer and is not known here. Inferred."""
    return AwsError("InvalidInput", f"{member} is not supported.")
