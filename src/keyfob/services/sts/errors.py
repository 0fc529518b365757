"""Every error STS answers with, in one table.

Evidence labels: *documented* (API reference or service model), *observed* (quoted from AWS's
answers by users of it), *inferred* (no source has the wording).
"""

from keyfob.core.errors import AwsError


def not_authorized(caller_arn: str, action: str, resource: str) -> AwsError:
    """Refuse a signed caller. Observed wording."""
    return AwsError(
        "AccessDenied",
        f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}",
        status=403,
    )


def root_may_not_assume() -> AwsError:
    """Refuse the root user, who cannot assume roles. Observed wording."""
    return AwsError("AccessDenied", "Roles may not be assumed by root accounts.", status=403)


def web_identity_not_authorized() -> AwsError:
    """Refuse a web identity that the trust policy does not let in. Observed wording."""
    return AwsError(
        "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403
    )


def web_identity_may_not_tag(role_arn: str) -> AwsError:
    """Refuse session tags that the trust policy does not let a web identity pass. Inferred."""
    return AwsError(
        "AccessDenied",
        f"Not authorized to perform sts:TagSession on resource: {role_arn}",
        status=403,
    )


def mfa_failed() -> AwsError:
    """Refuse an MFA code: no principal here has an MFA device. Observed wording."""
    return AwsError(
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        status=403,
    )


def duration_over_maximum() -> AwsError:
    """Refuse a duration above the role's own maximum. Observed wording."""
    return validation_error(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def duration_over_chaining_limit() -> AwsError:
    """Refuse more than an hour where a role session assumes a role. Observed wording."""
    return validation_error(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by"
        " role chaining."
    )


def validation_error(message: str) -> AwsError:
    """Refuse input that the model's constraints let through."""
    return AwsError("ValidationError", message, status=400)


def invalid_tag_key(key: str) -> AwsError:
    """Refuse a session tag key. Inferred, in the form of the model's constraint messages."""
    return validation_error(
        f"1 validation error detected: Value '{key[:200]}' at 'tags.member.key' failed to satisfy"
        r" constraint: Member must satisfy regular expression pattern:"
        r" [\p{L}\p{Z}\p{N}_.:/=+\-@]+ and have length between 1 and 128"
    )


def invalid_tag_value(key: str, value: str) -> AwsError:
    """Refuse a session tag value. Inferred, in the form of the model's constraint messages."""
    return validation_error(
        f"1 validation error detected: Value '{value[:200]}' at 'tags.{key[:128]}.member.value'"
        r" failed to satisfy constraint: Member must satisfy regular expression pattern:"
        r" [\p{L}\p{Z}\p{N}_.:/=+\-@]* and have length between 0 and 256"
    )


def reserved_tag_key(key: str) -> AwsError:
    """Refuse a tag key that starts with `aws:`. Inferred."""
    return validation_error(f"Tag keys that start with `aws:` are reserved for AWS: `{key[:128]}`.")


def too_many_tags(limit: int) -> AwsError:
    """Refuse more tags than a session may have. Inferred."""
    return validation_error(f"A session can have at most {limit} tags.")


def duplicate_tag_keys() -> AwsError:
    """Refuse tag keys that differ in case only. Observed wording (IAM's)."""
    return AwsError(
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        status=400,
    )


def transitive_key_without_tag() -> AwsError:
    """Refuse a transitive key that no tag was passed for. Observed wording."""
    return AwsError(
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
        status=400,
    )


def transitive_tag_conflict() -> AwsError:
    """Refuse to override a tag inherited as transitive. Observed wording."""
    return AwsError(
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a"
        " transitive tag key from the calling session.",
        status=400,
    )


def source_identity_conflict() -> AwsError:
    """Refuse to change a source identity, which stays through role chaining. Inferred."""
    return AwsError(
        "AccessDenied",
        "The source identity of the calling session cannot be changed.",
        status=403,
    )


def malformed_policy(reason: str) -> AwsError:
    """Refuse a session policy that cannot be understood. Code documented, text inferred."""
    return AwsError("MalformedPolicyDocument", reason, status=400)


def session_policies_too_long() -> AwsError:
    """Refuse session policies above the plaintext limit. Code documented, text inferred."""
    return AwsError(
        "PackedPolicyTooLarge",
        "The session policies exceed 2048 characters.",
        status=400,
    )


def packed_policy_too_large(percent: int) -> AwsError:
    """Refuse policies and tags above the packed limit. Observed wording."""
    return AwsError(
        "PackedPolicyTooLarge",
        f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
        status=400,
    )


def no_such_managed_policy(policy_arn: str) -> AwsError:
    """Refuse a `PolicyArns` member that names no policy. Inferred."""
    return validation_error(f"Policy {policy_arn} does not exist or is not attachable.")


def invalid_identity_token(message: str) -> AwsError:
    """Refuse a token that no trusted provider issued. Code documented."""
    return AwsError("InvalidIdentityToken", message, status=400)


def unverifiable_identity_token() -> AwsError:
    """Refuse a token that is forged, of another issuer, or of a deleted identity. Inferred."""
    return invalid_identity_token("The web identity token that was passed is not valid.")


def wrong_audience() -> AwsError:
    """Refuse a token for a client that the provider does not list. Observed wording."""
    return invalid_identity_token("Incorrect token audience")


def no_such_provider(issuer: str) -> AwsError:
    """Refuse a token of an issuer that the account has not registered. Observed wording."""
    return invalid_identity_token(f"No OpenIDConnect provider found in your account for {issuer}")


def keys_unavailable() -> AwsError:
    """Say that a provider's keys cannot be had. Code documented, observed wording."""
    return AwsError(
        "IDPCommunicationError",
        "Couldn't retrieve verification key from your identity provider, please reference"
        " AssumeRoleWithWebIdentity documentation for requirements",
        status=400,
    )


def web_identity_may_not_set_source_identity(role_arn: str) -> AwsError:
    """Refuse a source identity that the trust policy does not let a web identity set. Inferred."""
    return AwsError(
        "AccessDenied",
        f"Not authorized to perform sts:SetSourceIdentity on resource: {role_arn}",
        status=403,
    )


def long_term_credentials_needed(operation: str) -> AwsError:
    """Refuse temporary credentials. Observed wording, for both operations."""
    return AwsError("AccessDenied", f"Cannot call {operation} with session credentials", status=403)


def unknown_access_key(access_key_id: str) -> AwsError:
    """Say that an access key is of no account here. Inferred."""
    return validation_error(f"The access key {access_key_id[:128]} does not exist.")


def invalid_authorization_message() -> AwsError:
    """Refuse to decode a message that was not encoded here. Code documented, text observed."""
    return AwsError(
        "InvalidAuthorizationMessageException",
        "Message is not valid, please check that it is an encoded authorization message",
        status=400,
    )


def expired_identity_token() -> AwsError:
    """Refuse an expired web identity token. Code documented, text inferred."""
    return AwsError("ExpiredTokenException", "Token must not be expired.", status=400)


def contexts_not_supported() -> AwsError:
    """Refuse `ProvidedContexts`: no trusted context provider exists here. Inferred."""
    return validation_error("ProvidedContexts names a context provider that is not trusted.")
