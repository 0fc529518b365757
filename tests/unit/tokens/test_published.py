import asyncio
import json
from functools import cache

import pytest

from keyfob.core.clock import ManualClock
from keyfob.tokens.errors import KeysUnavailableError
from keyfob.tokens.jwks import public_key_set, render_jwks
from keyfob.tokens.keys import SigningKey, generate_signing_key
from keyfob.tokens.published import KEPT_S, MAX_ISSUERS, RETRY_S, STALE_S, PublishedKeys, may_ask

ISSUER = "https://idp.example.com/realm"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/keys"


@cache
def key(number: int) -> SigningKey:
    return generate_signing_key()


class Web:
    """An issuer's documents, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.documents: dict[str, bytes] = {
            DISCOVERY: json.dumps({"issuer": ISSUER, "jwks_uri": JWKS}).encode()
        }
        self.publish(0)

    def publish(self, *numbers: int) -> None:
        keys = public_key_set([key(number) for number in numbers])
        self.documents[JWKS] = json.dumps(render_jwks(keys)).encode()

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in self.documents:
            raise OSError("404")
        return self.documents[url]


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(at=1_000_000.0)


@pytest.fixture
def published(web: Web, clock: ManualClock) -> PublishedKeys:
    return PublishedKeys(web.fetch, clock)


async def test_a_set_is_fetched_once_and_kept(
    web: Web, clock: ManualClock, published: PublishedKeys
) -> None:
    found = await asyncio.gather(*(published.public_keys(ISSUER) for _ in range(5)))
    assert all(set(keys) == {key(0).kid} for keys in found)
    assert web.asked == [DISCOVERY, JWKS]
    clock.advance(KEPT_S)
    await published.public_keys(ISSUER)
    assert len(web.asked) == 4


async def test_a_new_key_is_found_but_made_up_ones_cost_nothing(
    web: Web, clock: ManualClock, published: PublishedKeys
) -> None:
    await published.public_keys(ISSUER, key(0).kid)
    clock.advance(RETRY_S)
    web.publish(0, 1)
    assert key(1).kid in await published.public_keys(ISSUER, key(1).kid)
    for number in range(10):
        await published.public_keys(ISSUER, f"made up {number}")
    assert len(web.asked) == 4


async def test_an_outage_is_bridged_for_a_day(
    web: Web, clock: ManualClock, published: PublishedKeys
) -> None:
    await published.public_keys(ISSUER)
    web.documents.clear()
    clock.advance(STALE_S)
    assert key(0).kid in await published.public_keys(ISSUER)
    clock.advance(1)
    with pytest.raises(KeysUnavailableError, match="404"):
        await published.public_keys(ISSUER)


@pytest.mark.parametrize(
    ("url", "document"),
    [
        (DISCOVERY, {"issuer": "https://other.example.com", "jwks_uri": JWKS}),
        (DISCOVERY, {"issuer": ISSUER, "jwks_uri": "http://10.0.0.1/keys"}),
        (DISCOVERY, {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}),
        (DISCOVERY, {"issuer": ISSUER}),
        (DISCOVERY, []),
        (JWKS, {"keys": [{"kty": "RSA", "kid": "k"}]}),
        (JWKS, {"keys": 5}),
        (JWKS, "text"),
    ],
)
async def test_a_broken_answer_is_no_key_set(
    web: Web, clock: ManualClock, published: PublishedKeys, url: str, document: object
) -> None:
    web.documents[url] = json.dumps(document).encode()
    for _ in range(3):
        with pytest.raises(KeysUnavailableError):
            await published.public_keys(ISSUER)
    assert len(web.asked) <= 2, "a failure is not tried again at once"
    clock.advance(RETRY_S)
    web.documents = Web().documents
    assert await published.public_keys(ISSUER)


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        (ISSUER, True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]:8080", True),
        ("http://idp.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://169.254.169.254/latest", False),
        ("https://user:password@idp.example.com", False),
        ("https://idp.example.com#x", False),
        ("https://", False),
        ("https://[", False),
        ("ftp://localhost", False),
        ("idp.example.com", False),
        ("", False),
    ],
)
def test_only_https_and_this_machine_are_asked(url: str, is_allowed: bool) -> None:
    assert may_ask(url) == is_allowed


async def test_other_urls_are_never_fetched(web: Web, published: PublishedKeys) -> None:
    with pytest.raises(KeysUnavailableError, match="no https"):
        await published.public_keys("http://idp.example.com")
    assert web.asked == []


async def test_memory_is_bounded(web: Web, published: PublishedKeys) -> None:
    await published.public_keys(ISSUER)
    for number in range(MAX_ISSUERS):
        with pytest.raises(KeysUnavailableError):
            await published.public_keys(f"https://{number}.example.com")
    web.asked.clear()
    await published.public_keys(ISSUER)
    assert web.asked == [DISCOVERY, JWKS], "the oldest was forgotten"
