"""Signing JWTs with RS256.

A signature is a quarter to one millisecond of one core during which OpenSSL lets other threads
run, so tokens are signed on an executor, several at once.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import msgspec
from joserfc import jws

from keyfob.tokens.keys import SigningKey

_REGISTRY = jws.JWSRegistry(algorithms=["RS256"])


def sign_jwt(claims: Mapping[str, Any], key: SigningKey) -> str:
    """Return a compact JWT with header `{"kid", "alg": "RS256"}` and the claims as they are."""
    header = {"kid": key.kid, "alg": "RS256"}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key.jose, registry=_REGISTRY)


async def sign_jwts(
    executor: Executor, *requests: tuple[Mapping[str, Any], SigningKey]
) -> list[str]:
    """Sign several sets of claims at the same time, in the order given."""
    loop = asyncio.get_running_loop()
    return await asyncio.gather(
        *(loop.run_in_executor(executor, sign_jwt, claims, key) for claims, key in requests)
    )
