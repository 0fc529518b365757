"""ForgotPassword and ConfirmForgotPassword."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.codes import PASSWORD
from keyfob.services.cognito_idp.domain.users import CONFIRMED, FORCE_CHANGE_PASSWORD
from keyfob.services.cognito_idp.new_passwords import replace_password, with_password
from keyfob.services.cognito_idp.operations.sign_up import simulated_delivery, tell_confirmed
from keyfob.services.cognito_idp.triggers import Caller
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.verification import redeem_code, send_code, verified_delivery
from keyfob.store.ports.users import Lockout, UserRecord


async def forgot_password(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Send a code that lets the user choose a new password."""
    params = request.params
    pool, client = await service.require_client(params["ClientId"])
    service.check_hash(client, params.get("SecretHash"), params["Username"])
    user = await service.find_user(pool, params["Username"])
    if user is None and client.prevents_existence_errors:
        return {"CodeDeliveryDetails": simulated_delivery(service, pool, params["Username"])}
    if user is None:
        raise errors.user_not_found()
    if not user.is_enabled:
        raise errors.user_disabled()
    if user.status == FORCE_CHANGE_PASSWORD:
        raise errors.password_not_resettable()
    delivery = verified_delivery(pool, user)
    if delivery is None:
        raise errors.no_verified_destination()
    caller = Caller(client.client_id, params.get("ClientMetadata", {}))
    details = await send_code(
        service, pool, user, delivery, PASSWORD, caller=caller, now_s=request.now_s
    )
    return {"CodeDeliveryDetails": details}


async def confirm_forgot_password(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Set a new password with the code that was sent."""
    params = request.params
    pool, client = await service.require_client(params["ClientId"])
    service.check_hash(client, params.get("SecretHash"), params["Username"])
    user = await service.find_user(pool, params["Username"])
    if user is None:
        if not client.prevents_existence_errors:
            raise errors.user_not_found()
        phantom = service.vault.phantom(pool.pool_id, params["Username"])
        service.vault.matches(
            params["Password"], phantom, pool_id=pool.pool_id, username=params["Username"]
        )  # the work that an existing user's new password makes
        raise errors.expired_code()
    stored = replace_password(service, pool, user, params["Password"], request.now_s)

    def change(record: UserRecord, _attribute: str) -> UserRecord:
        return with_password(
            pool,
            record,
            stored,
            status=CONFIRMED,
            lockout=Lockout(),
            modified_at_s=request.now_s,
        )

    code = params["ConfirmationCode"]
    confirmed = await redeem_code(service, user, PASSWORD, code, change=change, now_s=request.now_s)
    caller = Caller(client.client_id, params.get("ClientMetadata", {}))
    await tell_confirmed(service, pool, confirmed, caller, "PostConfirmation_ConfirmForgotPassword")
    return {}
