"""The table of user pool operations: who may call each, and on what.

Source of actions and resources: Service Authorization Reference, "Amazon Cognito User Pools"
(documented). What the model marks `authtype: none` takes an access token or proves itself.
"""

from keyfob.authz.operation import Auth, Call, Handler, Operation
from keyfob.core.arn import user_pool_arn
from keyfob.services.cognito_idp.operations.account import (
    change_password,
    delete_user,
    delete_user_attributes,
    get_user,
    global_sign_out,
    revoke_token,
    update_user_attributes,
)
from keyfob.services.cognito_idp.operations.admin_users import (
    admin_confirm_sign_up,
    admin_create_user,
    admin_delete_user,
    admin_delete_user_attributes,
    admin_disable_user,
    admin_enable_user,
    admin_get_user,
    admin_reset_user_password,
    admin_set_user_password,
    admin_update_user_attributes,
    admin_user_global_sign_out,
)
from keyfob.services.cognito_idp.operations.attribute_codes import (
    get_user_attribute_verification_code,
    verify_user_attribute,
)
from keyfob.services.cognito_idp.operations.challenges import (
    admin_respond_to_auth_challenge,
    respond_to_auth_challenge,
)
from keyfob.services.cognito_idp.operations.client_secrets import (
    add_user_pool_client_secret,
    delete_user_pool_client_secret,
    list_user_pool_client_secrets,
)
from keyfob.services.cognito_idp.operations.clients import (
    create_user_pool_client,
    delete_user_pool_client,
    describe_user_pool_client,
    list_user_pool_clients,
    update_user_pool_client,
)
from keyfob.services.cognito_idp.operations.devices import (
    admin_forget_device,
    admin_get_device,
    admin_list_devices,
    admin_update_device_status,
    confirm_device,
    forget_device,
    get_device,
    list_devices,
    update_device_status,
)
from keyfob.services.cognito_idp.operations.domains import (
    create_user_pool_domain,
    delete_user_pool_domain,
    describe_user_pool_domain,
    update_user_pool_domain,
)
from keyfob.services.cognito_idp.operations.forgotten import (
    confirm_forgot_password,
    forgot_password,
)
from keyfob.services.cognito_idp.operations.groups import (
    admin_add_user_to_group,
    admin_list_groups_for_user,
    admin_remove_user_from_group,
    create_group,
    delete_group,
    get_group,
    list_groups,
    list_users_in_group,
    update_group,
)
from keyfob.services.cognito_idp.operations.identity_providers import (
    create_identity_provider,
    delete_identity_provider,
    describe_identity_provider,
    get_identity_provider_by_identifier,
    list_identity_providers,
    update_identity_provider,
)
from keyfob.services.cognito_idp.operations.list_users import list_users
from keyfob.services.cognito_idp.operations.pool_factors import (
    get_user_pool_mfa_config,
    set_user_pool_mfa_config,
)
from keyfob.services.cognito_idp.operations.pools import (
    add_custom_attributes,
    create_user_pool,
    delete_user_pool,
    describe_user_pool,
    list_user_pools,
    update_user_pool,
)
from keyfob.services.cognito_idp.operations.refresh import (
    get_tokens_from_refresh_token,
)
from keyfob.services.cognito_idp.operations.resource_servers import (
    create_resource_server,
    delete_resource_server,
    describe_resource_server,
    list_resource_servers,
    update_resource_server,
)
from keyfob.services.cognito_idp.operations.sign_in import admin_initiate_auth, initiate_auth
from keyfob.services.cognito_idp.operations.sign_up import (
    confirm_sign_up,
    resend_confirmation_code,
    sign_up,
)
from keyfob.services.cognito_idp.operations.tags import (
    list_tags_for_resource,
    tag_resource,
    untag_resource,
)
from keyfob.services.cognito_idp.operations.user_factors import (
    admin_delete_software_token,
    admin_get_user_auth_factors,
    admin_set_user_mfa_preference,
    associate_software_token,
    get_user_auth_factors,
    set_user_mfa_preference,
    verify_software_token,
)
from keyfob.services.cognito_idp.user_pools import UserPools


async def named_pool(_service: UserPools, call: Call) -> tuple[str, ...]:
    """Return the ARN of the pool a call names."""
    return (user_pool_arn(call.region, call.account, call.params["UserPoolId"]),)


async def named_resource(_service: UserPools, call: Call) -> tuple[str, ...]:
    """Return the ARN a call names."""
    return (str(call.params["ResourceArn"]),)


def _on_resource(name: str, handler: Handler[UserPools]) -> Operation[UserPools]:
    return Operation(name, Auth.SIGV4, handler, f"cognito-idp:{name}", named_resource)


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
    _on_pool("AdminDeleteUserAttributes", admin_delete_user_attributes),
    _on_pool("AdminResetUserPassword", admin_reset_user_password),
    _on_pool("AddUserPoolClientSecret", add_user_pool_client_secret),
    _on_pool("DeleteUserPoolClientSecret", delete_user_pool_client_secret),
    _on_pool("ListUserPoolClientSecrets", list_user_pool_client_secrets),
    _on_pool("AdminForgetDevice", admin_forget_device),
    _on_pool("AdminGetDevice", admin_get_device),
    _on_pool("AdminListDevices", admin_list_devices),
    _on_pool("AdminUpdateDeviceStatus", admin_update_device_status),
    _on_pool("CreateUserPoolDomain", create_user_pool_domain),
    _on_pool("DeleteUserPoolDomain", delete_user_pool_domain),
    _on_pool("UpdateUserPoolDomain", update_user_pool_domain),
    _on_pool("AdminAddUserToGroup", admin_add_user_to_group),
    _on_pool("AdminListGroupsForUser", admin_list_groups_for_user),
    _on_pool("AdminRemoveUserFromGroup", admin_remove_user_from_group),
    _on_pool("CreateGroup", create_group),
    _on_pool("DeleteGroup", delete_group),
    _on_pool("GetGroup", get_group),
    _on_pool("ListGroups", list_groups),
    _on_pool("ListUsersInGroup", list_users_in_group),
    _on_pool("UpdateGroup", update_group),
    _on_pool("CreateIdentityProvider", create_identity_provider),
    _on_pool("DeleteIdentityProvider", delete_identity_provider),
    _on_pool("DescribeIdentityProvider", describe_identity_provider),
    _on_pool("GetIdentityProviderByIdentifier", get_identity_provider_by_identifier),
    _on_pool("ListIdentityProviders", list_identity_providers),
    _on_pool("UpdateIdentityProvider", update_identity_provider),
    _on_pool("GetUserPoolMfaConfig", get_user_pool_mfa_config),
    _on_pool("SetUserPoolMfaConfig", set_user_pool_mfa_config),
    _on_pool("CreateResourceServer", create_resource_server),
    _on_pool("DeleteResourceServer", delete_resource_server),
    _on_pool("DescribeResourceServer", describe_resource_server),
    _on_pool("ListResourceServers", list_resource_servers),
    _on_pool("UpdateResourceServer", update_resource_server),
    _on_pool("AdminDeleteSoftwareToken", admin_delete_software_token),
    _on_pool("AdminGetUserAuthFactors", admin_get_user_auth_factors),
    _on_pool("AdminSetUserMFAPreference", admin_set_user_mfa_preference),
    _on_resource("ListTagsForResource", list_tags_for_resource),
    _on_resource("TagResource", tag_resource),
    _on_resource("UntagResource", untag_resource),
    _account_wide("DescribeUserPoolDomain", describe_user_pool_domain),
    _public("ForgetDevice", forget_device),
    _public("GetDevice", get_device),
    _public("GetTokensFromRefreshToken", get_tokens_from_refresh_token),
    _public("AssociateSoftwareToken", associate_software_token),
    _public("VerifySoftwareToken", verify_software_token),
    _signed_in("DeleteUserAttributes", delete_user_attributes),
    _signed_in("GetUserAttributeVerificationCode", get_user_attribute_verification_code),
    _signed_in("VerifyUserAttribute", verify_user_attribute),
    _signed_in("ConfirmDevice", confirm_device),
    _signed_in("ListDevices", list_devices),
    _signed_in("UpdateDeviceStatus", update_device_status),
    _signed_in("GetUserAuthFactors", get_user_auth_factors),
    _signed_in("SetUserMFAPreference", set_user_mfa_preference),
)
"""Operations without a row are answered by the pipeline as not implemented."""
