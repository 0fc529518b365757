"""DEVICE_SRP_AUTH and DEVICE_PASSWORD_VERIFIER."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer, challenged_user, open_step
from keyfob.services.cognito_idp.completion import complete
from keyfob.services.cognito_idp.devices import find_device, group_key, open_verifier
from keyfob.services.cognito_idp.domain.lockout import check_lockout, count_failure
from keyfob.services.cognito_idp.srp_exchange import (
    Subject,
    begin_exchange,
    is_proven,
    read_proof,
    take_challenge,
)
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import Lockout, UserRecord


async def begin_device(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Begin the exchange that proves a device's secret."""
    step = open_step(service, answer, "DEVICE_SRP_AUTH")
    user = await challenged_user(service, answer, step)
    device = await find_device(service, user, answer.require("DEVICE_KEY"))
    if device is None or not device.is_remembered:
        raise errors.device_not_found()
    service.used.use(step.challenge_id, step.expires_at_s, answer.attempt.now_s)
    verifier = open_verifier(service, user, device)
    subject = Subject(user.sub, user.username, verifier, device.device_key)
    parameters = await begin_exchange(service, answer.attempt, subject, answer.require("SRP_A"))
    return {
        "ChallengeName": "DEVICE_PASSWORD_VERIFIER",
        "ChallengeParameters": {
            **parameters,
            "USERNAME": user.username,
            "DEVICE_KEY": device.device_key,
        },
    }


async def verify_device(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Check a device's proof, which stands for a second factor."""
    attempt = answer.attempt
    proof = read_proof(answer)
    challenge = take_challenge(service, attempt, proof, is_for_device=True)
    named = await service.find_user(attempt.pool, answer.require("USERNAME"))
    if named is None or named.sub != challenge.sub:
        raise errors.incorrect_login()
    async with service.lanes.enter(named.pool_id, f"factor {named.sub}"):
        user = await service.users.get(named.pool_id, named.sub)
        if user is None:
            raise errors.user_not_found()
        check_lockout(user.factor_lockout, attempt.now_s)
        device = await find_device(service, user, challenge.device_key)
        if device is None or not device.is_remembered:
            raise errors.device_not_found()
        names = {"pool_name": group_key(service, user), "user_id": device.device_key}
        verifier = open_verifier(service, user, device)
        if not await is_proven(service, challenge, proof, verifier, names=names):
            lockout = count_failure(user.factor_lockout, attempt.now_s)
            await service.change_user(user, factor_lockout=lockout)
            raise errors.incorrect_login()
        if user.factor_lockout.failures:
            user = await service.change_user(user, factor_lockout=Lockout())
    return await _welcome(service, answer, user, challenge.device_key)


async def _welcome(
    service: UserPools, answer: Answer, user: UserRecord, device_key: str
) -> Mapping[str, Any]:
    attempt = replace(answer.attempt, device_key=device_key)
    now_s = attempt.now_s
    await service.devices.update(
        user.pool_id,
        user.sub,
        device_key,
        lambda device: msgspec.structs.replace(device, authenticated_at_s=now_s),
    )
    return await complete(
        service, attempt, user, has_second_factor=True, source="AuthenticateDevice"
    )
