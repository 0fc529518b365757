"""Every error identity pools answer with, in one table.

Evidence labels: *documented* (API reference or service model), *observed* (quoted from AWS's
answers by users of it), *inferred* (no source has the wording).
"""

from keyfob.core.errors import AwsError


def unsupported_provider() -> AwsError:
    """Refuse a token whose provider, or client, the pool does not list. Observed."""
    return _not_authorized("Token is not from a supported provider of this identity pool.")


def token_expired(now_s: float, expires_at_s: float) -> AwsError:
    """Refuse an expired login token. Observed; both numbers are epoch seconds."""
    return _not_authorized(
        f"Invalid login token. Token expired: {int(now_s)} >= {int(expires_at_s)}"
    )


def issuer_mismatch() -> AwsError:
    """Refuse a token under the key of a provider that did not issue it. Observed."""
    return _not_authorized("Invalid login token. Issuer doesn't match providerName")


def signature_not_verified() -> AwsError:
    """Refuse a forged token. Observed."""
    return _not_authorized("Invalid login token. Couldn't verify signed token.")


def not_an_id_token() -> AwsError:
    """Refuse what is no ID token at all. Observed."""
    return _not_authorized("Invalid login token. Not a valid OpenId Connect identity token.")


def missing_claim(name: str) -> AwsError:
    """Refuse a token without a claim that is needed. Observed for `aud` of an access token."""
    return _not_authorized(f"Invalid login token. Missing a required claim: {name}")


def token_no_longer_valid() -> AwsError:
    """Refuse a token of a user signed out, disabled or deleted. Inferred."""
    return _not_authorized("Invalid login token. Token is not valid.")


def logins_do_not_match() -> AwsError:
    """Refuse logins that do not lead to the identity. Observed."""
    return _not_authorized(
        "Logins don't match. Please include at least one valid login for this identity or"
        " identity pool."
    )


def guests_not_supported() -> AwsError:
    """Refuse a guest where the pool allows none. Observed."""
    return _not_authorized("Unauthenticated access is not supported for this identity pool.")


def identity_forbidden(identity_id: str) -> AwsError:
    """Refuse an authenticated identity without logins, or a disabled one. Observed."""
    return _not_authorized(f"Access to Identity '{identity_id}' is forbidden.")


def no_role_for_token() -> AwsError:
    """Refuse where role mappings choose no role and say Deny. Inferred."""
    return _not_authorized("Ambiguous role mapping rules: no role can be chosen for the token.")


def custom_role_not_in_token(role_arn: str) -> AwsError:
    """Refuse a `CustomRoleArn` that the token does not list. Inferred."""
    return _not_authorized(f"The token does not allow the role {role_arn[:200]}.")


def invalid_configuration() -> AwsError:
    """Say that no role can be assumed: absent, or its trust policy refuses. Observed."""
    return AwsError(
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    )


def tags_too_large(size_bytes: int, limit_bytes: int) -> AwsError:
    """Refuse principal tags above the aggregate limit. Limit documented, text inferred."""
    return invalid_parameter(
        f"Principal tags take {size_bytes} bytes, more than the {limit_bytes} allowed."
    )


def illegal_tags(reason: str) -> AwsError:
    """Refuse principal tags that STS does not take. Inferred."""
    return invalid_parameter(f"Invalid principal tags: {reason}")


def classic_flow_off() -> AwsError:
    """Refuse `GetOpenIdToken` where the pool has not enabled it. Inferred."""
    return invalid_parameter("Basic (classic) flow is not enabled, please use enhanced flow.")


def classic_flow_with_mappings() -> AwsError:
    """Refuse `GetOpenIdToken` in a pool with role mappings. Documented text, inferred code."""
    return invalid_parameter(
        "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow."
    )


def not_a_cognito_token() -> AwsError:
    """Refuse a developer's token that is forged, expired, or of another identity. Observed."""
    return _not_authorized("Invalid login token. Not a Cognito token.")


def developer_provider_in_public_call() -> AwsError:
    """Refuse the developer provider's name where nobody signs. Rule documented, text inferred."""
    return _not_authorized(
        "The developer provider can only be used with GetOpenIdTokenForDeveloperIdentity."
    )


def keys_unavailable(issuer: str) -> AwsError:
    """Say that a provider's keys cannot be had. Code documented, text inferred."""
    return AwsError(
        "ExternalServiceException", f"The keys of {issuer[:200]} could not be retrieved."
    )


def no_developer_provider() -> AwsError:
    """Refuse a developer's call in a pool without such a provider. Inferred."""
    return invalid_parameter("The identity pool has no developer provider.")


def wrong_developer_provider(name: str) -> AwsError:
    """Refuse a developer provider that is not the pool's. Inferred."""
    return invalid_parameter(f"'{name[:128]}' is not the identity pool's developer provider.")


def developer_login_missing(name: str) -> AwsError:
    """Refuse `Logins` without the developer's user. Rule documented, text inferred."""
    return invalid_parameter(f"Logins must have the developer provider '{name}'.")


def developer_user_already_registered() -> AwsError:
    """Refuse a developer's user that another identity has. Code documented, text inferred."""
    return AwsError(
        "DeveloperUserAlreadyRegisteredException",
        "The developer user identifier is already registered with another identity.",
    )


def developer_user_not_found() -> AwsError:
    """Say that no identity has a developer's user. Inferred."""
    return AwsError("ResourceNotFoundException", "Developer user identifier not found.")


def developer_user_of_other_identity() -> AwsError:
    """Refuse a developer's user that another identity has. Code documented, text inferred."""
    return AwsError(
        "ResourceConflictException",
        "The developer user identifier is not linked to the identity.",
    )


def nothing_to_look_up() -> AwsError:
    """Refuse a look-up by nothing. Rule documented, text inferred."""
    return invalid_parameter("Either IdentityId or DeveloperUserIdentifier must be given.")


def reserved_developer_name(name: str) -> AwsError:
    """Refuse a developer provider that is called like a public one. Inferred."""
    return invalid_parameter(f"DeveloperProviderName '{name}' is the name of a public provider.")


def too_many_tags(limit: int) -> AwsError:
    """Refuse more tags than a pool may have. Limit documented, text inferred."""
    return invalid_parameter(f"An identity pool can have at most {limit} tags.")


def reserved_tag_key(key: str) -> AwsError:
    """Refuse a tag key that starts with `aws:`. Inferred."""
    return invalid_parameter(f"Tag keys that start with aws: are reserved: {key[:128]}")


def resource_not_found(resource_arn: str) -> AwsError:
    """Say that an ARN names no identity pool of the account. Inferred."""
    return AwsError("ResourceNotFoundException", f"Resource '{resource_arn[:200]}' not found.")


def pool_not_found(pool_id: str) -> AwsError:
    """Say that there is no such pool. Inferred."""
    return AwsError("ResourceNotFoundException", f"IdentityPool '{pool_id}' not found.")


def identity_not_found(identity_id: str) -> AwsError:
    """Say that there is no such identity. Inferred."""
    return AwsError("ResourceNotFoundException", f"Identity '{identity_id}' not found.")


def tag_map_not_found(provider_name: str) -> AwsError:
    """Say that a provider has no principal tag map. Code observed at second hand, text inferred."""
    return AwsError(
        "ResourceNotFoundException",
        f"No principal tag attribute map for the provider '{provider_name}'.",
    )


def login_already_linked() -> AwsError:
    """Refuse a second login of one provider for an identity. Code documented, text inferred."""
    return AwsError(
        "ResourceConflictException",
        "The identity already has a different login of this provider.",
    )


def too_many_logins(limit: int) -> AwsError:
    """Refuse more linked logins than an identity may have. Inferred."""
    return AwsError("ResourceConflictException", f"An identity has at most {limit} logins.")


def developer_name_is_fixed() -> AwsError:
    """Refuse to change the developer provider's name. Rule documented, text inferred."""
    return invalid_parameter("DeveloperProviderName cannot be changed once it is set.")


def invalid_page_token() -> AwsError:
    """Refuse a `NextToken` that was not given out for this listing. Inferred."""
    return invalid_parameter("Invalid NextToken.")


def invalid_parameter(message: str) -> AwsError:
    """Refuse input that the model's constraints let through."""
    return AwsError("InvalidParameterException", message)


def _not_authorized(message: str) -> AwsError:
    return AwsError("NotAuthorizedException", message)
