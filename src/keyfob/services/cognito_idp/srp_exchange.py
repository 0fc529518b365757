"""The secure remote password exchange as challenges: for passwords, and for devices' secrets."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.domain.sessions import SrpChallenge
from keyfob.services.cognito_idp.user_pools import UserPools

_TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[1-9][0-9]? [0-9]{2}:[0-9]{2}:[0-9]{2} UTC [0-9]{4}"
)
"""`EEE MMM d HH:mm:ss UTC yyyy` in English, the day without a leading zero (observed)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose secret is to be proven."""

    sub: str
    """The user's key; empty: nobody, and no proof will do."""
    username: str
    verifier: srp.Verifier
    device_key: str = ""
    custom_session: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client sends to prove that it knows the secret."""

    secret_block: str
    timestamp: str
    signature: bytes


async def begin_exchange(
    service: UserPools, attempt: Attempt, subject: Subject, srp_a: str
) -> dict[str, str]:
    """Return SALT, SRP_B and SECRET_BLOCK of a new exchange.

    Raises:
        AwsError: A is not usable.
    """
    try:
        client_public = srp.parse_public(srp_a)
    except srp.SrpError:
        raise errors.invalid_parameter("SRP_A is not valid.") from None
    private = service.randomness.token_bytes(srp.PRIVATE_BYTES)
    keys = await service.vault.run(lambda: srp.start_exchange(subject.verifier.value, private))
    challenge = SrpChallenge(
        challenge_id=new_uuid(service.randomness),
        pool_id=attempt.pool.pool_id,
        client_id=attempt.client.client_id,
        sub=subject.sub,
        username=subject.username,
        expires_at_s=attempt.expires_at_s,
        client_public=srp.pad(client_public),
        server_private=private,
        server_public=srp.pad(keys.public),
        device_key=subject.device_key,
        custom_session=subject.custom_session,
    )
    return {
        "SALT": f"{subject.verifier.salt:x}",
        "SECRET_BLOCK": service.sessions.seal_srp(challenge),
        "SRP_B": f"{keys.public:x}",
    }


def read_proof(answer: Answer) -> Proof:
    """Return the proof in an answer.

    Raises:
        AwsError: a part is missing or malformed.
    """
    secret_block = answer.require("PASSWORD_CLAIM_SECRET_BLOCK")
    timestamp = answer.require("TIMESTAMP")
    signature = _decode_signature(answer.require("PASSWORD_CLAIM_SIGNATURE"))
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise errors.invalid_parameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy")
    return Proof(secret_block, timestamp, signature)


def take_challenge(
    service: UserPools, attempt: Attempt, proof: Proof, *, is_for_device: bool
) -> SrpChallenge:
    """Return the challenge a proof is for, which takes no second one.

    Raises:
        AwsError: it is not ours, of another client or kind, over, or answered.
    """
    challenge = service.sessions.open_srp(proof.secret_block)
    is_here = (challenge.client_id, challenge.pool_id) == (
        attempt.client.client_id,
        attempt.pool.pool_id,
    )
    if not is_here or bool(challenge.device_key) != is_for_device:
        raise errors.invalid_session()
    service.used.use(challenge.challenge_id, challenge.expires_at_s, attempt.now_s)
    return challenge


async def is_proven(
    service: UserPools,
    challenge: SrpChallenge,
    proof: Proof,
    verifier: srp.Verifier,
    *,
    names: Mapping[str, str],
) -> bool:
    """Return whether a proof is right.

    Args:
        service: the user pools.
        challenge: what was put.
        proof: what was answered.
        verifier: of the secret.
        names: `pool_name` and `user_id` of `srp.sign_claim`.
    """
    client_public = int.from_bytes(challenge.client_public, "big")
    keys = srp.ServerKeys(
        int.from_bytes(challenge.server_private, "big"),
        int.from_bytes(challenge.server_public, "big"),
    )
    try:
        key = await service.vault.run(lambda: srp.derive_key(client_public, keys, verifier.value))
    except srp.SrpError:
        raise errors.incorrect_login() from None
    expected = srp.sign_claim(
        key,
        pool_name=names["pool_name"],
        user_id=names["user_id"],
        secret_block=base64.b64decode(proof.secret_block),
        timestamp=proof.timestamp,
    )
    return hmac.compare_digest(expected, proof.signature)


def _decode_signature(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise errors.incorrect_login() from None
