import json

import pytest

from keyfob.core.http import HttpRequest
from keyfob.signin.discovery import Discovery
from keyfob.tokens.jwks import KeySet, public_key_set, render_jwks
from keyfob.tokens.keys import generate_signing_key

KEYS = public_key_set([generate_signing_key()])
POOL = "eu-central-1_AbCdEfGhI"


class OnePool:
    async def published_keys(self, pool_id: str) -> KeySet | None:
        return KEYS if pool_id == POOL else None


def request(path: str, method: str = "GET") -> HttpRequest:
    return HttpRequest(method, path, "", (), b"", "127.0.0.1")


async def test_the_key_set_is_published() -> None:
    answer = await Discovery(OnePool()).handle(request(f"/{POOL}/.well-known/jwks.json"))
    assert answer is not None
    assert answer.status == 200
    assert json.loads(answer.body) == render_jwks(KEYS)
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_the_configuration_names_issuer_and_keys() -> None:
    answer = await Discovery(OnePool()).handle(request(f"/{POOL}/.well-known/openid-configuration"))
    assert answer is not None
    document = json.loads(answer.body)
    assert document["issuer"] == f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}"
    assert document["jwks_uri"] == f"{document['issuer']}/.well-known/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/eu-central-1_Other/.well-known/jwks.json", "GET", 404),
        (f"/{POOL}/.well-known/jwks.json", "POST", 405),
    ],
)
async def test_refusals(path: str, method: str, status: int) -> None:
    answer = await Discovery(OnePool()).handle(request(path, method))
    assert answer is not None
    assert answer.status == status


@pytest.mark.parametrize("path", ["/", "/mqtt", f"/{POOL}", f"/a/{POOL}/.well-known/jwks.json"])
async def test_other_paths_are_left_alone(path: str) -> None:
    assert await Discovery(OnePool()).handle(request(path)) is None
