import json

import pytest

from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.signin.identity_pools import ISSUER, IdentityPoolDiscovery
from keyfob.tokens.jwks import KeySet, public_key_set, render_jwks
from keyfob.tokens.keys import generate_signing_key

KEYS = public_key_set([generate_signing_key()])
HOST = "cognito-identity.eu-central-1.amazonaws.com"
JWKS = "/.well-known/jwks_uri"
CONFIGURATION = "/.well-known/openid-configuration"


class Keys:
    async def public_keys(self) -> KeySet:
        return KEYS


async def ask(path: str, host: str = HOST, method: str = "GET") -> HttpResponse | None:
    request = HttpRequest(method, path, "", (("host", host),), b"", "127.0.0.1")
    return await IdentityPoolDiscovery(Keys()).handle(request)


@pytest.mark.parametrize(("prefix", "host"), [("", HOST), ("/cognito-identity", "localhost:4566")])
async def test_both_documents_are_published(prefix: str, host: str) -> None:
    keys = await ask(prefix + JWKS, host)
    configuration = await ask(prefix + CONFIGURATION, host)
    assert keys is not None
    assert configuration is not None
    assert json.loads(keys.body) == render_jwks(KEYS)
    document = json.loads(configuration.body)
    assert (document["issuer"], document["jwks_uri"]) == (ISSUER, ISSUER + JWKS)
    assert keys.headers["cache-control"] == "public, max-age=2592000"


async def test_other_hosts_paths_and_methods() -> None:
    assert await ask(JWKS, "localhost") is None
    assert await ask(CONFIGURATION, "cognito-idp.eu-central-1.amazonaws.com") is None
    assert await ask("/.well-known/other") is None
    assert await ask("/eu-central-1_AbCdEfGhI/.well-known/openid-configuration") is None
    refused = await ask(JWKS, method="POST")
    assert refused is not None
    assert refused.status == 405
