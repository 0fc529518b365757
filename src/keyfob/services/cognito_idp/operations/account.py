"""What a signed-in user does with an access token, and revoking refresh tokens."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.first_proof import as_candidate, prove_plain
from keyfob.services.cognito_idp.attributes import write_attributes
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.codes import ATTRIBUTE
from keyfob.services.cognito_idp.domain.factors import render_choice
from keyfob.services.cognito_idp.domain.permissions import check_writable, readable_attributes
from keyfob.services.cognito_idp.domain.users import read_attributes, render_attributes
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.new_passwords import replace_password, with_password
from keyfob.services.cognito_idp.triggers import Caller
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.verification import send_code
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.errors import TokenError
from keyfob.tokens.verify import decode_token

_LONGEST_ACCESS_S = 86_400
"""No access token lives longer; documented."""


async def get_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Show the user the attributes that the client may read."""
    _, client, user = await service.signed_in(request)
    return {
        "Username": user.username,
        "UserAttributes": render_attributes(user, readable_attributes(client)),
        **render_choice(user),
    }


async def update_user_attributes(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Change the user's own attributes; a new address that the pool verifies is sent a code."""
    pool, client, user = await service.signed_in(request)
    changes = read_attributes(request.params["UserAttributes"])
    check_writable(pool, client, changes)
    changed = await write_attributes(service, pool, user, changes, request.now_s)
    caller = Caller(client.client_id, request.params.get("ClientMetadata", {}))
    deliveries = [
        await send_code(
            service,
            pool,
            changed,
            Delivery(name, value),
            ATTRIBUTE,
            caller=caller,
            now_s=request.now_s,
        )
        for name, value in changes.items()
        if name in pool.auto_verified_attributes and value and value != user.attributes.get(name)
    ]
    return {"CodeDeliveryDetailsList": deliveries}


async def delete_user_attributes(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Remove attributes of the user's own."""
    pool, client, user = await service.signed_in(request)
    names = request.params["UserAttributeNames"]
    check_writable(pool, client, names)
    await write_attributes(service, pool, user, dict.fromkeys(names, ""), request.now_s)
    return {}


async def change_password(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Replace the user's password, given the one before."""
    pool, client, user = await service.signed_in(request)
    attempt = Attempt(pool, client, request.now_s)
    candidate = as_candidate(service, pool, user)
    proven = await prove_plain(
        service, attempt, candidate, request.params.get("PreviousPassword", "")
    )
    stored = replace_password(
        service, pool, proven, request.params["ProposedPassword"], request.now_s
    )

    def change(record: UserRecord) -> UserRecord:
        return with_password(pool, record, stored, modified_at_s=request.now_s)

    if await service.users.update(pool.pool_id, user.sub, change) is None:
        raise errors.user_not_found()
    return {}


async def global_sign_out(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """End every sign-in of the user."""
    _, _, user = await service.signed_in(request)
    await sign_out_everywhere(service, user)
    return {}


async def delete_user(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete the user's own account."""
    _, _, user = await service.signed_in(request)
    await service.users.delete(user.pool_id, user.sub)
    return {}


async def revoke_token(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Revoke a refresh token and what was made with it; one that is no longer good is no error.

    Source: Cognito Developer Guide, "Ending user sessions with token revocation" (documented).
    """
    params = request.params
    _, client = await service.require_client(params["ClientId"])
    if not service.check_client_secret(client, params.get("ClientSecret")):
        raise errors.client_secret_wrong(client.client_id)
    if not client.can_revoke_tokens:
        raise errors.revocation_disabled()
    if _is_jwt(params["Token"]):
        raise errors.unsupported_token_type()
    token = service.sessions.find_refresh(params["Token"])
    if token is None or (token.client_id, token.pool_id) != (client.client_id, client.pool_id):
        return {}
    until_s = max(token.expires_at_s, request.now_s + _LONGEST_ACCESS_S)
    await service.users.revoke_origin(token.pool_id, token.origin_jti, until_s)
    return {}


async def sign_out_everywhere(service: UserPools, user: UserRecord) -> None:
    """Make all tokens of a user worthless for the user pool."""
    await service.users.update(
        user.pool_id,
        user.sub,
        lambda record: msgspec.structs.replace(record, epoch=record.epoch + 1),
    )


def _is_jwt(text: str) -> bool:
    try:
        decode_token(text)
    except TokenError:
        return False
    return True
