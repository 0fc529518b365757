"""Signing oneself up: SignUp, ConfirmSignUp, ResendConfirmationCode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.codes import SIGN_UP
from keyfob.services.cognito_idp.domain.names import choose_username
from keyfob.services.cognito_idp.domain.passwords import check_password
from keyfob.services.cognito_idp.domain.permissions import check_writable
from keyfob.services.cognito_idp.domain.pools import only_admins_create
from keyfob.services.cognito_idp.domain.schema import check_required, check_values
from keyfob.services.cognito_idp.domain.users import (
    CONFIRMED,
    UNCONFIRMED,
    read_attributes,
    with_attributes,
)
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.triggers import Caller, Occasion, describe_user, fire
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.verification import choose_delivery, redeem_code, send_code
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.ports.users import NameTakenError, UserRecord


async def sign_up(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make an unconfirmed user and send a code if the pool verifies an address."""
    params = request.params
    pool, client = await service.require_client(params["ClientId"])
    service.check_hash(client, params.get("SecretHash"), params["Username"])
    if only_admins_create(pool):
        raise errors.sign_up_not_permitted()
    if "Password" not in params:
        raise errors.not_supported("Signing up without a password")
    caller = Caller(
        client.client_id,
        params.get("ClientMetadata", {}),
        read_attributes(params.get("ValidationData", ())),
    )
    user = await _build_user(service, request, pool, client, caller)
    await add_user(service, pool, user)
    is_confirmed = user.status == CONFIRMED
    if is_confirmed:
        await tell_confirmed(service, pool, user, caller, "PostConfirmation_ConfirmSignUp")
    answer: dict[str, Any] = {"UserConfirmed": is_confirmed, "UserSub": user.sub}
    delivery = None if is_confirmed else choose_delivery(pool, user)
    if delivery is not None:
        details = await send_code(
            service, pool, user, delivery, SIGN_UP, caller=caller, now_s=request.now_s
        )
        answer["CodeDeliveryDetails"] = details
    return answer


async def confirm_sign_up(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Confirm a user by the code that was sent, which also proves the address."""
    params = request.params
    pool, client = await service.require_client(params["ClientId"])
    service.check_hash(client, params.get("SecretHash"), params["Username"])
    user = await service.find_user(pool, params["Username"])
    if user is None:
        raise _unknown_user(client)
    if user.status != UNCONFIRMED:
        raise errors.cannot_confirm(user.status)

    def confirm(record: UserRecord, attribute: str) -> UserRecord:
        proven = {f"{attribute}_verified": "true"} if attribute else {}
        verified = with_attributes(pool, record, proven, request.now_s)
        return msgspec.structs.replace(verified, status=CONFIRMED)

    confirmed = await redeem_code(
        service,
        user,
        SIGN_UP,
        params["ConfirmationCode"],
        change=confirm,
        now_s=request.now_s,
        displace=bool(params.get("ForceAliasCreation")),
    )
    caller = Caller(client.client_id, params.get("ClientMetadata", {}))
    await tell_confirmed(service, pool, confirmed, caller, "PostConfirmation_ConfirmSignUp")
    return {}


async def resend_confirmation_code(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Send a new code; the one before is then worth nothing."""
    params = request.params
    pool, client = await service.require_client(params["ClientId"])
    service.check_hash(client, params.get("SecretHash"), params["Username"])
    user = await service.find_user(pool, params["Username"])
    if user is None and client.prevents_existence_errors:
        return {"CodeDeliveryDetails": simulated_delivery(service, pool, params["Username"])}
    if user is None:
        raise errors.user_not_found()
    if user.status != UNCONFIRMED:
        raise errors.already_confirmed()
    delivery = choose_delivery(pool, user)
    if delivery is None:
        raise errors.invalid_parameter("Auto verification not turned on.")
    caller = Caller(client.client_id, params.get("ClientMetadata", {}))
    details = await send_code(
        service,
        pool,
        user,
        delivery,
        SIGN_UP,
        caller=caller,
        now_s=request.now_s,
        source="ResendCode",
    )
    return {"CodeDeliveryDetails": details}


async def add_user(
    service: UserPools, pool: UserPoolRecord, user: UserRecord, *, displace: bool = False
) -> None:
    """Keep a new user.

    Raises:
        AwsError: the user name, or an address that serves as one, is taken.
    """
    try:
        await service.users.add(user, displace=displace)
    except NameTakenError as error:
        kind = error.name.partition(":")[0]
        if kind in pool.username_attributes:
            raise errors.account_exists(kind) from error
        if kind in pool.alias_attributes:
            raise errors.alias_exists(kind) from error
        raise errors.username_exists() from error


@dataclass(frozen=True, slots=True)
class SignUpVerdict:
    """What the pre sign-up trigger decided."""

    is_confirmed: bool
    verified: Mapping[str, str]
    """Flags of addresses that count as proven."""


async def ask_before_sign_up(
    service: UserPools,
    pool: UserPoolRecord,
    username: str,
    attributes: Mapping[str, str],
    caller: Caller,
    source: str,
) -> SignUpVerdict:
    """Let the pre sign-up trigger refuse a new user, confirm it, or vouch for its addresses.

    Raises:
        AwsError: it refuses.
    """
    response = await fire(
        service.functions,
        pool,
        Occasion("PreSignUp", source),
        username=username,
        caller=caller,
        request={"userAttributes": dict(attributes), "validationData": dict(caller.validation)},
        response={"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    )
    flags = (("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number"))
    verified = {
        f"{attribute}_verified": "true"
        for member, attribute in flags
        if response[member] is True and attributes.get(attribute)
    }
    return SignUpVerdict(response["autoConfirmUser"] is True, verified)


async def tell_confirmed(
    service: UserPools, pool: UserPoolRecord, user: UserRecord, caller: Caller, source: str
) -> None:
    """Tell the post confirmation trigger."""
    await fire(
        service.functions,
        pool,
        Occasion("PostConfirmation", source),
        username=user.username,
        caller=caller,
        request={"userAttributes": describe_user(user)},
        response={},
    )


def simulated_delivery(service: UserPools, pool: UserPoolRecord, name: str) -> dict[str, str]:
    """Return the `CodeDeliveryDetails` of a user who does not exist, the same for every call."""
    letters = f"{service.vault.phantom(pool.pool_id, name).salt:032x}"
    return Delivery("email", f"{letters[4]}@{letters[5]}").render()


def _unknown_user(client: ClientRecord) -> Exception:
    """Documented: where existence is hidden, confirming answers as if no code had been sent."""
    return errors.expired_code() if client.prevents_existence_errors else errors.user_not_found()


async def _build_user(
    service: UserPools,
    request: AuthorizedRequest,
    pool: UserPoolRecord,
    client: ClientRecord,
    caller: Caller,
) -> UserRecord:
    params = request.params
    attributes = read_attributes(params.get("UserAttributes", ()))
    check_password(pool.password_policy, params["Password"])
    check_values(pool.schema, attributes)
    check_writable(pool, client, attributes)
    sub = new_uuid(service.randomness)
    username, attributes = choose_username(pool, params["Username"], sub, attributes)
    check_values(pool.schema, attributes)
    check_required(pool.schema, attributes)
    verdict = await ask_before_sign_up(
        service, pool, username, attributes, caller, "PreSignUp_SignUp"
    )
    attributes |= verdict.verified
    password = service.vault.store(
        params["Password"],
        pool_id=pool.pool_id,
        sub=sub,
        username=username,
        now_s=request.now_s,
        is_temporary=False,
    )
    user = UserRecord(
        pool_id=pool.pool_id,
        sub=sub,
        username=username,
        status=CONFIRMED if verdict.is_confirmed else UNCONFIRMED,
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
        password=password,
    )
    return with_attributes(pool, user, attributes, request.now_s)
