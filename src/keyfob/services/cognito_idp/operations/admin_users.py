"""What an administrator does with users."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.attributes import write_attributes
from keyfob.services.cognito_idp.domain.codes import PASSWORD
from keyfob.services.cognito_idp.domain.factors import render_choice
from keyfob.services.cognito_idp.domain.names import choose_username
from keyfob.services.cognito_idp.domain.passwords import check_password, generate_password
from keyfob.services.cognito_idp.domain.schema import check_required, check_values
from keyfob.services.cognito_idp.domain.users import (
    CONFIRMED,
    FORCE_CHANGE_PASSWORD,
    RESET_REQUIRED,
    UNCONFIRMED,
    read_attributes,
    render_user,
    with_attributes,
)
from keyfob.services.cognito_idp.mailbox import CODE_MARK, Delivery
from keyfob.services.cognito_idp.new_passwords import replace_password, with_password
from keyfob.services.cognito_idp.operations.account import sign_out_everywhere
from keyfob.services.cognito_idp.operations.sign_up import add_user, ask_before_sign_up
from keyfob.services.cognito_idp.triggers import Caller, Occasion, describe_user, fire
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.verification import send_code, verified_delivery
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import Lockout, UserRecord

_MEDIA = {"EMAIL": "email", "SMS": "phone_number"}


async def admin_create_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a user with a temporary password and, unless suppressed, invite them."""
    params = request.params
    pool = await service.pool_of_call(request)
    if params.get("MessageAction") == "RESEND":
        return await _invite_again(service, request, pool)
    attributes = read_attributes(params.get("UserAttributes", ()))
    check_values(pool.schema, attributes)
    sub = new_uuid(service.randomness)
    username, attributes = choose_username(pool, params["Username"], sub, attributes)
    check_values(pool.schema, attributes)
    check_required(pool.schema, attributes)
    password = params.get("TemporaryPassword") or generate_password(
        pool.password_policy, service.randomness
    )
    check_password(pool.password_policy, password)
    caller = Caller(
        metadata=params.get("ClientMetadata", {}),
        validation=read_attributes(params.get("ValidationData", ())),
    )
    verdict = await ask_before_sign_up(
        service, pool, username, attributes, caller, "PreSignUp_AdminCreateUser"
    )
    attributes |= verdict.verified
    bare = UserRecord(
        pool_id=pool.pool_id,
        sub=sub,
        username=username,
        status=FORCE_CHANGE_PASSWORD,
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
        password=service.vault.store(
            password,
            pool_id=pool.pool_id,
            sub=sub,
            username=username,
            now_s=request.now_s,
            is_temporary=True,
        ),
    )
    user = with_attributes(pool, bare, attributes, request.now_s)
    await add_user(service, pool, user, displace=bool(params.get("ForceAliasCreation")))
    if params.get("MessageAction") != "SUPPRESS":
        await _invite(service, request, pool, user, password)
    return {"User": render_user(user)}


async def admin_get_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Show a user."""
    user = await _user_of_call(service, request)
    rendered = render_user(user)
    attributes = rendered.pop("Attributes")
    return {**rendered, "UserAttributes": attributes, **render_choice(user)}


async def admin_set_user_password(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Set a password: temporary, to be replaced at the next sign-in, or permanent."""
    params = request.params
    pool = await service.pool_of_call(request)
    user = await service.require_user(pool, params["Username"])
    is_temporary = not params.get("Permanent", False)
    stored = replace_password(
        service, pool, user, params["Password"], request.now_s, is_temporary=is_temporary
    )

    def change(record: UserRecord) -> UserRecord:
        return with_password(
            pool,
            record,
            stored,
            status=FORCE_CHANGE_PASSWORD if is_temporary else CONFIRMED,
            lockout=Lockout(),
            modified_at_s=request.now_s,
        )

    if await service.users.update(pool.pool_id, user.sub, change) is None:
        raise errors.user_not_found()
    return {}


async def admin_reset_user_password(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make a password worthless and send the user a code to set another with.

    Tokens that were handed out stay good (documented).
    """
    pool = await service.pool_of_call(request)
    user = await service.require_user(pool, request.params["Username"])
    if user.status not in (CONFIRMED, RESET_REQUIRED):
        raise errors.password_not_resettable()
    delivery = verified_delivery(pool, user)
    if delivery is None:
        raise errors.no_verified_destination()
    reset = await service.change_user(user, status=RESET_REQUIRED, modified_at_s=request.now_s)
    caller = Caller(metadata=request.params.get("ClientMetadata", {}))
    await send_code(service, pool, reset, delivery, PASSWORD, caller=caller, now_s=request.now_s)
    return {}


async def admin_delete_user_attributes(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Remove attributes of a user."""
    pool = await service.pool_of_call(request)
    user = await service.require_user(pool, request.params["Username"])
    changes = dict.fromkeys(request.params["UserAttributeNames"], "")
    await write_attributes(service, pool, user, changes, request.now_s)
    return {}


async def admin_confirm_sign_up(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Confirm a user without a code; no address is proven by it."""

    def confirm(record: UserRecord) -> UserRecord:
        if record.status != UNCONFIRMED:
            raise errors.cannot_confirm(record.status)
        return msgspec.structs.replace(record, status=CONFIRMED, modified_at_s=request.now_s)

    user = await _user_of_call(service, request)
    if await service.users.update(user.pool_id, user.sub, confirm) is None:
        raise errors.user_not_found()
    return {}


async def admin_update_user_attributes(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Change attributes of a user, whatever clients may write."""
    pool = await service.pool_of_call(request)
    user = await service.require_user(pool, request.params["Username"])
    changes = read_attributes(request.params["UserAttributes"])
    await write_attributes(service, pool, user, changes, request.now_s)
    return {}


async def admin_delete_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a user."""
    user = await _user_of_call(service, request)
    await service.users.delete(user.pool_id, user.sub)
    return {}


async def admin_disable_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Lock a user out and end every sign-in (documented)."""
    user = await _user_of_call(service, request)
    await service.change_user(user, is_enabled=False, modified_at_s=request.now_s)
    await sign_out_everywhere(service, user)
    return {}


async def admin_enable_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Let a user in again."""
    user = await _user_of_call(service, request)
    await service.change_user(user, is_enabled=True, modified_at_s=request.now_s)
    return {}


async def admin_user_global_sign_out(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """End every sign-in of a user."""
    await sign_out_everywhere(service, await _user_of_call(service, request))
    return {}


async def _user_of_call(service: UserPools, request: AuthorizedRequest) -> UserRecord:
    pool = await service.pool_of_call(request)
    return await service.require_user(pool, request.params["Username"])


async def _invite_again(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord
) -> Mapping[str, Any]:
    """Give a user who has not signed in yet a new temporary password and send it."""
    user = await service.require_user(pool, request.params["Username"])
    if user.status != FORCE_CHANGE_PASSWORD:
        raise errors.cannot_resend(user.status)
    password = request.params.get("TemporaryPassword") or generate_password(
        pool.password_policy, service.randomness
    )
    check_password(pool.password_policy, password)
    stored = service.vault.store(
        password,
        pool_id=pool.pool_id,
        sub=user.sub,
        username=user.username,
        now_s=request.now_s,
        is_temporary=True,
    )
    changed = await service.change_user(user, password=stored, modified_at_s=request.now_s)
    await _invite(service, request, pool, changed, password)
    return {"User": render_user(changed)}


async def _invite(
    service: UserPools,
    request: AuthorizedRequest,
    pool: UserPoolRecord,
    user: UserRecord,
    password: str,
) -> None:
    """Send invitations over the media asked for, SMS by default (documented)."""
    wording = await fire(
        service.functions,
        pool,
        Occasion("CustomMessage", "CustomMessage_AdminCreateUser"),
        username=user.username,
        caller=Caller(metadata=request.params.get("ClientMetadata", {})),
        request={
            "userAttributes": describe_user(user),
            "codeParameter": CODE_MARK,
            "usernameParameter": "{username}",
        },
        response={"smsMessage": None, "emailMessage": None, "emailSubject": None},
    )
    for medium in request.params.get("DesiredDeliveryMediums") or ["SMS"]:
        attribute = _MEDIA[medium]
        if user.attributes.get(attribute):
            delivery = Delivery(attribute, user.attributes[attribute])
            await service.mailbox.send_invitation(
                pool, user, delivery, password=password, wording=wording, now_s=request.now_s
            )
