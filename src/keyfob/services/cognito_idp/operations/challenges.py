"""RespondToAuthChallenge and AdminRespondToAuthChallenge."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import complete, reject
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.domain.lockout import check_lockout
from keyfob.services.cognito_idp.domain.passwords import check_password
from keyfob.services.cognito_idp.domain.permissions import check_writable
from keyfob.services.cognito_idp.domain.schema import check_required, check_values
from keyfob.services.cognito_idp.domain.sessions import SrpChallenge
from keyfob.services.cognito_idp.domain.users import (
    CONFIRMED,
    FORCE_CHANGE_PASSWORD,
    with_attributes,
)
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.ports.users import NameTakenError, UserRecord

_TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[1-9][0-9]? [0-9]{2}:[0-9]{2}:[0-9]{2} UTC [0-9]{4}"
)
"""`EEE MMM d HH:mm:ss UTC yyyy` in English, the day without a leading zero (observed)."""

_ATTRIBUTE_PREFIX = "userAttributes."


async def respond_to_auth_challenge(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Answer a challenge from an application."""
    pool, client = await service.require_client(request.params["ClientId"])
    return await _respond(service, request, pool, client)


async def admin_respond_to_auth_challenge(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Answer a challenge from a server that signs its requests."""
    pool = await service.pool_of_call(request)
    _, client = await service.require_client(request.params["ClientId"], pool.pool_id)
    return await _respond(service, request, pool, client)


async def _respond(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    username = _response(request, "USERNAME")
    given_hash = request.params.get("ChallengeResponses", {}).get("SECRET_HASH")
    service.check_hash(client, given_hash, username)
    name = request.params["ChallengeName"]
    if name == "PASSWORD_VERIFIER":
        return await _verify_password(service, request, pool, client)
    if name == "NEW_PASSWORD_REQUIRED":
        return await _set_new_password(service, request, pool, client)
    raise errors.not_supported(f"ChallengeName {name}")


async def _verify_password(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    """Check the proof of an SRP exchange; a challenge takes one answer, right or wrong."""
    secret_block = _response(request, "PASSWORD_CLAIM_SECRET_BLOCK")
    timestamp = _response(request, "TIMESTAMP")
    claimed = _decode_signature(_response(request, "PASSWORD_CLAIM_SIGNATURE"))
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise errors.invalid_parameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy")
    challenge = service.sessions.open_srp(secret_block)
    if challenge.client_id != client.client_id or challenge.pool_id != pool.pool_id:
        raise errors.invalid_session()
    user = await _challenged_user(service, request, pool, challenge)
    service.used.use(challenge.challenge_id, challenge.expires_at_s, request.now_s)
    if user is None or user.password is None:
        service.phantoms.check(pool.pool_id, challenge.username, request.now_s)
        verifier = service.vault.phantom(pool.pool_id, challenge.username)
    else:
        check_lockout(user.lockout, request.now_s)
        verifier = service.vault.open(user.password, pool_id=pool.pool_id, sub=user.sub)
    key = await _shared_key(service, challenge, verifier)
    expected = srp.sign_claim(
        key,
        pool_name=pool.pool_id.partition("_")[2],
        user_id=challenge.username,
        secret_block=base64.b64decode(secret_block),
        timestamp=timestamp,
    )
    if user is None or not hmac.compare_digest(expected, claimed):
        raise await reject(service, pool.pool_id, user, challenge.username, request.now_s)
    return await complete(service, pool, client, user, request.now_s)


async def _challenged_user(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, challenge: SrpChallenge
) -> UserRecord | None:
    """Return the user a challenge was put to, None for nobody; the answer must name the same."""
    named = await service.find_user(pool, _response(request, "USERNAME"))
    if challenge.sub and (named is None or named.sub != challenge.sub):
        raise errors.incorrect_login()
    return named if challenge.sub else None


async def _shared_key(service: UserPools, challenge: SrpChallenge, verifier: srp.Verifier) -> bytes:
    client_public = int.from_bytes(challenge.client_public, "big")
    keys = srp.ServerKeys(
        int.from_bytes(challenge.server_private, "big"),
        int.from_bytes(challenge.server_public, "big"),
    )
    try:
        return await service.vault.run(lambda: srp.derive_key(client_public, keys, verifier.value))
    except srp.SrpError:
        raise errors.incorrect_login() from None


async def _set_new_password(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    """Replace a temporary password, and sign in."""
    challenge = service.sessions.open_password(request.params.get("Session", ""))
    if challenge.client_id != client.client_id or challenge.pool_id != pool.pool_id:
        raise errors.invalid_session()
    user = await service.find_user(pool, _response(request, "USERNAME"))
    if user is None or user.sub != challenge.sub:
        raise errors.invalid_session()
    if request.now_s >= challenge.expires_at_s:
        raise errors.expired_session()
    if not _awaits_password(user, challenge.password_set_at_s):
        raise errors.used_session()
    new_password = _response(request, "NEW_PASSWORD")
    check_password(pool.password_policy, new_password)
    attributes = _new_attributes(request, pool, client, user)
    stored = await service.vault.store(
        new_password,
        pool_id=pool.pool_id,
        sub=user.sub,
        username=user.username,
        now_s=request.now_s,
        is_temporary=False,
    )

    def change(record: UserRecord) -> UserRecord:
        if not _awaits_password(record, challenge.password_set_at_s):
            raise errors.used_session()
        changed = with_attributes(pool, record, attributes, request.now_s)
        return msgspec.structs.replace(changed, password=stored, status=CONFIRMED)

    try:
        confirmed = await service.users.update(pool.pool_id, user.sub, change)
    except NameTakenError as error:
        raise errors.alias_exists(error.name.partition(":")[0]) from error
    if confirmed is None:
        raise errors.user_not_found()
    return await complete(service, pool, client, confirmed, request.now_s)


def _awaits_password(user: UserRecord, set_at_s: float) -> bool:
    """Return whether the temporary password that was given is still the one to replace."""
    is_same = user.password is not None and user.password.set_at_s == set_at_s
    return is_same and user.status == FORCE_CHANGE_PASSWORD


def _new_attributes(
    request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord, user: UserRecord
) -> dict[str, str]:
    """Return the attributes sent along; required ones that have a value stay (documented)."""
    responses = request.params.get("ChallengeResponses", {})
    attributes = {
        name.removeprefix(_ATTRIBUTE_PREFIX): value
        for name, value in responses.items()
        if name.startswith(_ATTRIBUTE_PREFIX)
    }
    required = {each.name for each in pool.schema if each.is_required}
    if any(name in required and user.attributes.get(name) for name in attributes):
        raise errors.invalid_parameter("Cannot modify an already provided attribute")
    check_values(pool.schema, attributes)
    check_writable(pool, client, attributes)
    check_required(pool.schema, {**user.attributes, **attributes})
    return attributes


def _response(request: AuthorizedRequest, name: str) -> str:
    value = request.params.get("ChallengeResponses", {}).get(name)
    if not value:
        raise errors.missing_auth_parameter(name)
    return str(value)


def _decode_signature(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise errors.incorrect_login() from None
