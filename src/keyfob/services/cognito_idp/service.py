"""The table of user pool operations: who may call each, and on what.

Source of actions and resources: Service Authorization Reference, "Amazon Cognito User Pools"
(documented). What the model marks `authtype: none` takes an access token or proves itself.
"""

from keyfob.authz.operation import Auth, Call, Handler, Operation
from keyfob.core.arn import user_pool_arn
from keyfob.services.cognito_idp.operations.account import (
    change_password,
    delete_user,
    get_user,
    global_sign_out,
    revoke_token,
    update_user_attributes,
)
from keyfob.services.cognito_idp.operations.admin_users import (
    admin_confirm_sign_up,
    admin_create_user,
    admin_delete_user,
    admin_disable_user,
    admin_enable_user,
    admin_get_user,
    admin_set_user_password,
    admin_update_user_attributes,
    admin_user_global_sign_out,
)
from keyfob.services.cognito_idp.operations.challenges import (
    admin_respond_to_auth_challenge,
    respond_to_auth_challenge,
)
from keyfob.services.cognito_idp.operations.clients import (
    create_user_pool_client,
    delete_user_pool_client,
    describe_user_pool_client,
    list_user_pool_clients,
    update_user_pool_client,
)
from keyfob.services.cognito_idp.operations.forgotten import (
    confirm_forgot_password,
    forgot_password,
)
from keyfob.services.cognito_idp.operations.list_users import list_users
from keyfob.services.cognito_idp.operations.pools import (
    add_custom_attributes,
    create_user_pool,
    delete_user_pool,
    describe_user_pool,
    list_user_pools,
    update_user_pool,
)
from keyfob.services.cognito_idp.operations.sign_in import admin_initiate_auth, initiate_auth
from keyfob.services.cognito_idp.operations.sign_up import (
    confirm_sign_up,
    resend_confirmation_code,
    sign_up,
)
from keyfob.services.cognito_idp.user_pools import UserPools


async def named_pool(_service: UserPools, call: Call) -> tuple[str, ...]:
    """Return the ARN of the pool a call names."""
    return (user_pool_arn(call.region, call.account, call.params["UserPoolId"]),)


def _account_wide(name: str, handler: Handler[UserPools]) -> Operation[UserPools]:
    return Operation(name, Auth.SIGV4, handler, f"cognito-idp:{name}")


def _on_pool(name: str, handler: Handler[UserPools]) -> Operation[UserPools]:
    return Operation(name, Auth.SIGV4, handler, f"cognito-idp:{name}", named_pool)


def _signed_in(name: str, handler: Handler[UserPools]) -> Operation[UserPools]:
    return Operation(name, Auth.ACCESS_TOKEN, handler)


def _public(name: str, handler: Handler[UserPools]) -> Operation[UserPools]:
    return Operation(name, Auth.PUBLIC, handler)


OPERATIONS: tuple[Operation[UserPools], ...] = (
    _account_wide("CreateUserPool", create_user_pool),
    _account_wide("ListUserPools", list_user_pools),
    _on_pool("DescribeUserPool", describe_user_pool),
    _on_pool("UpdateUserPool", update_user_pool),
    _on_pool("DeleteUserPool", delete_user_pool),
    _on_pool("AddCustomAttributes", add_custom_attributes),
    _on_pool("CreateUserPoolClient", create_user_pool_client),
    _on_pool("DescribeUserPoolClient", describe_user_pool_client),
    _on_pool("UpdateUserPoolClient", update_user_pool_client),
    _on_pool("ListUserPoolClients", list_user_pool_clients),
    _on_pool("DeleteUserPoolClient", delete_user_pool_client),
    _on_pool("AdminCreateUser", admin_create_user),
    _on_pool("AdminGetUser", admin_get_user),
    _on_pool("AdminSetUserPassword", admin_set_user_password),
    _on_pool("AdminConfirmSignUp", admin_confirm_sign_up),
    _on_pool("AdminUpdateUserAttributes", admin_update_user_attributes),
    _on_pool("AdminDeleteUser", admin_delete_user),
    _on_pool("AdminDisableUser", admin_disable_user),
    _on_pool("AdminEnableUser", admin_enable_user),
    _on_pool("AdminUserGlobalSignOut", admin_user_global_sign_out),
    _on_pool("ListUsers", list_users),
    _on_pool("AdminInitiateAuth", admin_initiate_auth),
    _on_pool("AdminRespondToAuthChallenge", admin_respond_to_auth_challenge),
    _public("SignUp", sign_up),
    _public("ConfirmSignUp", confirm_sign_up),
    _public("ResendConfirmationCode", resend_confirmation_code),
    _public("ForgotPassword", forgot_password),
    _public("ConfirmForgotPassword", confirm_forgot_password),
    _public("InitiateAuth", initiate_auth),
    _public("RespondToAuthChallenge", respond_to_auth_challenge),
    _public("RevokeToken", revoke_token),
    _signed_in("GetUser", get_user),
    _signed_in("UpdateUserAttributes", update_user_attributes),
    _signed_in("ChangePassword", change_password),
    _signed_in("GlobalSignOut", global_sign_out),
    _signed_in("DeleteUser", delete_user),
)
"""Operations without a row are answered by the pipeline as not implemented."""
