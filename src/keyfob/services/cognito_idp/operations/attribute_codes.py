"""Proving an address of one's own: GetUserAttributeVerificationCode, VerifyUserAttribute."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.codes import ATTRIBUTE
from keyfob.services.cognito_idp.domain.users import with_attributes
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.triggers import Caller
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.verification import redeem_code, send_code
from keyfob.store.ports.users import UserRecord

_VERIFIABLE = frozenset({"email", "phone_number"})


async def get_user_attribute_verification_code(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Send a code to an address of the user's."""
    pool, client, user = await service.signed_in(request)
    name = request.params["AttributeName"]
    value = user.attributes.get(name)
    if name not in _VERIFIABLE or not value:
        raise errors.no_code_for(name)
    details = await send_code(
        service,
        pool,
        user,
        Delivery(name, value),
        ATTRIBUTE,
        caller=Caller(client.client_id, request.params.get("ClientMetadata", {})),
        now_s=request.now_s,
        source="VerifyUserAttribute",
    )
    return {"CodeDeliveryDetails": details}


async def verify_user_attribute(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take the code that was sent to an address, which is then proven."""
    pool, _, user = await service.signed_in(request)
    name = request.params["AttributeName"]
    if name not in _VERIFIABLE:
        raise errors.no_code_for(name)

    def verify(record: UserRecord, attribute: str) -> UserRecord:
        return with_attributes(pool, record, {f"{attribute}_verified": "true"}, request.now_s)

    await redeem_code(
        service,
        user,
        ATTRIBUTE,
        request.params["Code"],
        change=verify,
        now_s=request.now_s,
        attribute=name,
    )
    return {}
