"""What user pools answer with when they refuse: the one table of messages.

Evidence labels: documented (AWS text), observed (seen from AWS by clients or matched on in their
code), inferred (worded here).
"""

from keyfob.core.errors import AwsError


def _not_authorized(message: str) -> AwsError:
    return AwsError("NotAuthorizedException", message)


def invalid_parameter(message: str) -> AwsError:
    """`InvalidParameterException` with a message of the caller's; inferred unless it says more."""
    return AwsError("InvalidParameterException", message)


def not_supported(what: str) -> AwsError:
    """A setting that would change what is enforced, and that is not implemented; inferred."""
    return invalid_parameter(f"{what} is not supported by keyfob yet.")


def incorrect_login() -> AwsError:
    """Wrong password, or no such user where that is hidden; documented."""
    return _not_authorized("Incorrect username or password.")


def user_not_found() -> AwsError:
    """Observed."""
    return AwsError("UserNotFoundException", "User does not exist.")


def user_not_confirmed() -> AwsError:
    """Observed."""
    return AwsError("UserNotConfirmedException", "User is not confirmed.")


def user_disabled() -> AwsError:
    """Observed."""
    return _not_authorized("User is disabled.")


def password_attempts_exceeded() -> AwsError:
    """Observed."""
    return _not_authorized("Password attempts exceeded")


def username_exists() -> AwsError:
    """Documented: answered whatever `PreventUserExistenceErrors` says."""
    return AwsError("UsernameExistsException", "User already exists")


def account_exists(attribute: str) -> AwsError:
    """Usernames are e-mail addresses or telephone numbers, and one is taken; observed."""
    noun = "email" if attribute == "email" else "phone number"
    return AwsError("UsernameExistsException", f"An account with the given {noun} already exists.")


def alias_exists(attribute: str) -> AwsError:
    """Observed."""
    return AwsError("AliasExistsException", f"An account with the {attribute} already exists.")


def password_reset_required() -> AwsError:
    """Observed."""
    return AwsError("PasswordResetRequiredException", "Password reset required for the user")


def temporary_password_expired() -> AwsError:
    """Observed."""
    return _not_authorized("Temporary password has expired and must be reset by an administrator.")


def password_flow_disabled() -> AwsError:
    """Observed."""
    return invalid_parameter("USER_PASSWORD_AUTH flow not enabled for this client")


def admin_flow_disabled() -> AwsError:
    """Observed."""
    return invalid_parameter("Auth flow not enabled for this client")


def srp_flow_disabled() -> AwsError:
    """Observed."""
    return invalid_parameter("USER_SRP_AUTH is not enabled for the client.")


def refresh_flow_disabled() -> AwsError:
    """Inferred from the password flow's."""
    return invalid_parameter("REFRESH_TOKEN_AUTH flow not enabled for this client")


def flow_not_for_operation() -> AwsError:
    """An admin-only flow in `InitiateAuth`, or the reverse; observed."""
    return invalid_parameter("Initiate Auth method not supported.")


def missing_auth_parameter(name: str) -> AwsError:
    """Observed."""
    return invalid_parameter(f"Missing required parameter {name}")


def client_not_found(client_id: str) -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", f"User pool client {client_id} does not exist.")


def pool_not_found(pool_id: str) -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", f"User pool {pool_id} does not exist.")


def secret_hash_missing(client_id: str) -> AwsError:
    """Observed."""
    return _not_authorized(
        f"Client {client_id} is configured with secret but SECRET_HASH was not received"
    )


def secret_hash_wrong(client_id: str) -> AwsError:
    """Documented."""
    return _not_authorized(f"Unable to verify secret hash for client {client_id}")


def client_secret_wrong(client_id: str) -> AwsError:
    """`RevokeToken` with a missing or wrong secret; inferred."""
    return AwsError("UnauthorizedException", f"Invalid client secret for client {client_id}")


def invalid_session() -> AwsError:
    """Observed."""
    return _not_authorized("Invalid session for the user.")


def used_session() -> AwsError:
    """Observed."""
    return _not_authorized("Invalid session for the user, session can only be used once.")


def expired_session() -> AwsError:
    """Observed."""
    return _not_authorized("Invalid session for the user, session is expired.")


def invalid_refresh_token() -> AwsError:
    """Observed."""
    return _not_authorized("Invalid Refresh Token")


def expired_refresh_token() -> AwsError:
    """Observed."""
    return _not_authorized("Refresh Token has expired")


def revoked_refresh_token() -> AwsError:
    """Observed."""
    return _not_authorized("Refresh Token has been revoked")


def invalid_access_token() -> AwsError:
    """Observed."""
    return _not_authorized("Invalid Access Token")


def expired_access_token() -> AwsError:
    """Observed."""
    return _not_authorized("Access Token has expired")


def revoked_access_token() -> AwsError:
    """Observed."""
    return _not_authorized("Access Token has been revoked")


def scope_missing() -> AwsError:
    """An access token without the scope that user operations ask for; observed."""
    return _not_authorized("Access Token does not have required scopes")


def unsupported_token_type() -> AwsError:
    """Documented: only refresh tokens are revoked."""
    return AwsError("UnsupportedTokenTypeException", "Unsupported token type")


def revocation_disabled() -> AwsError:
    """Inferred."""
    return AwsError("UnsupportedOperationException", "Token revocation is disabled for this client")


def code_mismatch() -> AwsError:
    """Observed."""
    return AwsError(
        "CodeMismatchException", "Invalid verification code provided, please try again."
    )


def expired_code() -> AwsError:
    """Observed."""
    return AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")


def attempt_limit_exceeded() -> AwsError:
    """Observed."""
    return AwsError("LimitExceededException", "Attempt limit exceeded, please try after some time.")


def cannot_confirm(status: str) -> AwsError:
    """Observed."""
    return _not_authorized(f"User cannot be confirmed. Current status is {status}")


def already_confirmed() -> AwsError:
    """Observed."""
    return invalid_parameter("User is already confirmed.")


def cannot_resend(status: str) -> AwsError:
    """`AdminCreateUser` with `RESEND` for a user who needs no invitation; inferred."""
    return AwsError(
        "UnsupportedUserStateException", f"Resend not possible. {status} is not a valid state"
    )


def sign_up_not_permitted() -> AwsError:
    """`AllowAdminCreateUserOnly`; observed."""
    return _not_authorized("SignUp is not permitted for this user pool")


def no_verified_destination() -> AwsError:
    """`ForgotPassword` for a user nothing can be sent to; observed."""
    return invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email or "
        "phone_number"
    )


def password_policy(problem: str) -> AwsError:
    """Observed."""
    return AwsError("InvalidPasswordException", f"Password did not conform with policy: {problem}")


def schema_violation(attribute: str, problem: str) -> AwsError:
    """Observed."""
    return invalid_parameter(f"Attributes did not conform to the schema: {attribute}: {problem}")


def unauthorized_attribute() -> AwsError:
    """Observed."""
    return _not_authorized("A client attempted to write unauthorized attribute")


def immutable_attribute(name: str) -> AwsError:
    """Observed."""
    return invalid_parameter(f"user.{name}: Attribute cannot be updated.")


def username_must_be(attributes: tuple[str, ...]) -> AwsError:
    """Usernames are e-mail addresses or telephone numbers, and this is neither; observed."""
    noun = " or a ".join("email" if name == "email" else "phone number" for name in attributes)
    article = "an" if noun.startswith("email") else "a"
    return invalid_parameter(f"Username should be {article} {noun}.")


def username_is_email() -> AwsError:
    """Observed."""
    return invalid_parameter(
        "Username cannot be of email format, since user pool is configured for email alias."
    )


def delete_protected() -> AwsError:
    """Observed."""
    return invalid_parameter(
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first."
    )


def bad_page_token() -> AwsError:
    """Inferred."""
    return invalid_parameter("Invalid pagination token.")


def too_many_requests() -> AwsError:
    """Observed."""
    return AwsError("TooManyRequestsException", "Rate exceeded")


def limit_exceeded(message: str) -> AwsError:
    """A quota is used up; inferred."""
    return AwsError("LimitExceededException", message)


def password_not_resettable() -> AwsError:
    """`ForgotPassword` for a user who still has a temporary password; observed."""
    return _not_authorized("User password cannot be reset in the current state.")


def flow_disabled(flow: str) -> AwsError:
    """Inferred from the SRP flow's."""
    return invalid_parameter(f"{flow} is not enabled for the client.")


def refresh_token_reused() -> AwsError:
    """The exception is documented; the text is inferred."""
    return AwsError("RefreshTokenReuseException", "Refresh token has been reused.")


def rotation_with_refresh_flow() -> AwsError:
    """The rule is documented, the text inferred."""
    return invalid_parameter(
        "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH."
    )


def password_used_before() -> AwsError:
    """The exception is documented; the text is inferred."""
    return AwsError("PasswordHistoryPolicyViolationException", "Password has previously been used.")


def wrong_factor_code() -> AwsError:
    """Observed."""
    return AwsError("CodeMismatchException", "Invalid code or auth state for the user.")


def software_token_used() -> AwsError:
    """Observed."""
    return AwsError("ExpiredCodeException", "Your software token has already been used once.")


def software_token_not_found() -> AwsError:
    """The exception is documented; the text is inferred."""
    return AwsError(
        "SoftwareTokenMFANotFoundException", "Software Token MFA has not been set up by the user."
    )


def software_token_not_verified() -> AwsError:
    """Observed."""
    return invalid_parameter("User has not verified software token mfa")


def software_token_not_enabled() -> AwsError:
    """`AssociateSoftwareToken` in a pool without; observed."""
    return AwsError(
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool.",
    )


def software_token_mismatch() -> AwsError:
    """`VerifySoftwareToken` with another code; observed."""
    return AwsError("EnableSoftwareTokenMFAException", "Code mismatch")


def factor_not_allowed(name: str) -> AwsError:
    """A second factor that the pool does not have; inferred."""
    return invalid_parameter(f"{name} is not enabled for the user pool.")


def factor_not_verified(attribute: str) -> AwsError:
    """Inferred."""
    noun = "email" if attribute == "email" else "phone number"
    return invalid_parameter(f"User does not have a verified {noun}.")


def several_preferred() -> AwsError:
    """Observed."""
    return invalid_parameter("Only one MFA method can be preferred.")


def preferred_not_enabled(name: str) -> AwsError:
    """Inferred."""
    return invalid_parameter(f"{name} must be enabled to be preferred.")


def off_and_configured() -> AwsError:
    """Observed."""
    return invalid_parameter(
        "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
    )


def no_factor_in_pool() -> AwsError:
    """MFA is required and no kind of it is set up; inferred."""
    return invalid_parameter("MFA cannot be turned on without an MFA configuration.")


def no_factor_to_set_up() -> AwsError:
    """MFA is required, and a user has no way to set one up; inferred."""
    return AwsError(
        "InvalidUserPoolConfigurationException", "The user has no MFA method that can be set up."
    )


def setup_not_finished() -> AwsError:
    """`MFA_SETUP` answered before the software token was verified; inferred."""
    return invalid_parameter("The software token has not been verified.")


def session_or_token() -> AwsError:
    """Observed."""
    return invalid_parameter("Either AccessToken or Session must be provided.")


def challenge_not_available(name: str) -> AwsError:
    """An answer to SELECT_CHALLENGE that was not offered; inferred."""
    return invalid_parameter(f"{name} is not available for the user.")


def no_custom_triggers() -> AwsError:
    """Observed."""
    return invalid_parameter("Custom auth lambda trigger is not configured for the user pool.")


def user_lambda_refused(trigger: str, message: str) -> AwsError:
    """Observed."""
    return AwsError("UserLambdaValidationException", f"{trigger} failed with error {message}.")


def unexpected_lambda(trigger: str) -> AwsError:
    """Observed."""
    return AwsError(
        "UnexpectedLambdaException", f"{trigger} invocation failed due to configuration."
    )


def invalid_lambda_response() -> AwsError:
    """Observed."""
    return AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")


def device_not_found() -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", "Device does not exist.")


def device_exists() -> AwsError:
    """The exception is documented; the text is inferred."""
    return AwsError("DeviceKeyExistsException", "Device already exists.")


def invalid_device(problem: str) -> AwsError:
    """Inferred."""
    return invalid_parameter(problem)


def devices_not_tracked() -> AwsError:
    """The exception is documented; the text is inferred."""
    return AwsError(
        "InvalidUserPoolConfigurationException",
        "The user pool is not configured to remember devices.",
    )


def group_exists() -> AwsError:
    """Observed."""
    return AwsError("GroupExistsException", "A group with the name already exists.")


def group_not_found() -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", "Group not found.")


def no_code_for(attribute: str) -> AwsError:
    """`GetUserAttributeVerificationCode` for what cannot be verified; inferred."""
    return invalid_parameter(f"User does not have a value for {attribute} that can be verified.")


def resource_server_exists(identifier: str) -> AwsError:
    """Observed."""
    return invalid_parameter(f"{identifier} already exists in user pool.")


def resource_server_not_found() -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", "Resource server does not exist.")


def provider_exists(name: str) -> AwsError:
    """Observed."""
    return AwsError(
        "DuplicateProviderException", f"A provider with the name {name} already exists."
    )


def provider_not_found(name: str) -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", f"Identity provider {name} does not exist.")


def identifier_taken(identifier: str) -> AwsError:
    """Two providers of a pool with one identifier; inferred."""
    return AwsError("DuplicateProviderException", f"The identifier {identifier} is in use.")


def domain_taken() -> AwsError:
    """Observed."""
    return invalid_parameter("Domain already associated with another user pool.")


def pool_has_domain() -> AwsError:
    """Observed."""
    return invalid_parameter("User pool already has a domain configured.")


def domain_not_found() -> AwsError:
    """Observed."""
    return AwsError("ResourceNotFoundException", "No such domain or user pool exists.")


def secret_not_found() -> AwsError:
    """Inferred."""
    return AwsError("ResourceNotFoundException", "Client secret does not exist.")


def client_without_secret() -> AwsError:
    """Rotating the secret of a public client; inferred."""
    return invalid_parameter("The client was not created with a secret.")


def last_secret() -> AwsError:
    """Documented: a client keeps at least one secret; the text is inferred."""
    return invalid_parameter("The only secret of a client cannot be deleted.")


def resource_not_found(arn: str) -> AwsError:
    """Tags of something that does not exist; inferred."""
    return AwsError("ResourceNotFoundException", f"Resource {arn} does not exist.")


def wrong_client_secret() -> AwsError:
    """`GetTokensFromRefreshToken` with a missing or wrong secret; inferred."""
    return _not_authorized("Client secret is missing or does not match.")
