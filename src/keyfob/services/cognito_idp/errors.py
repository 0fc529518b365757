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


def limit_exceeded(message: str) -> AwsError:
    """A quota is used up; inferred."""
    return AwsError("LimitExceededException", message)


def password_not_resettable() -> AwsError:
    """`ForgotPassword` for a user who still has a temporary password; observed."""
    return _not_authorized("User password cannot be reset in the current state.")
