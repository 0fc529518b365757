import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import KeySet as JoseKeySet

from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    MalformedTokenError,
    NotYetValidError,
    UnexpectedClaimError,
    UnknownKeyError,
)
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.jwks import parse_jwks, public_key_set, render_jwks
from keyfob.tokens.keys import ExecutorKeyFactory, generate_signing_key, load_signing_key
from keyfob.tokens.verify import Expectation, decode_token, verify_token

KEY = generate_signing_key()
OTHER_KEY = generate_signing_key()
KEYS = public_key_set([KEY])
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI"
NOW_S = 1_000_000.0
CLAIMS = {"iss": ISSUER, "aud": "client", "token_use": "id", "exp": 1_000_100, "sub": "s"}
EXPECTED = Expectation(ISSUER, "client", "id")


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _token(**changes: Any) -> str:
    claims = {**CLAIMS, **changes}
    return sign_jwt({name: value for name, value in claims.items() if value is not None}, KEY)


def test_a_genuine_token_gives_its_claims() -> None:
    assert verify_token(_token(), KEYS, EXPECTED, NOW_S).values == CLAIMS


def test_the_header_is_cognitos() -> None:
    header = _token().partition(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"kid": KEY.kid, "alg": "RS256"}


def test_another_library_verifies_it_from_the_published_set() -> None:
    published = JoseKeySet.import_key_set(json.loads(json.dumps(render_jwks(KEYS))))
    assert jwt.decode(_token(), published, algorithms=["RS256"]).claims == CLAIMS


def test_the_published_set_reads_back() -> None:
    keys = parse_jwks(render_jwks(KEYS))
    assert verify_token(_token(), keys, EXPECTED, NOW_S).text("sub") == "s"
    assert render_jwks(KEYS)["keys"][0].keys() == {"alg", "e", "kid", "kty", "n", "use"}


@pytest.mark.parametrize(
    "document", [{}, {"keys": "no"}, {"keys": [1]}, {"keys": [{"kty": "RSA", "kid": "k"}]}]
)
def test_a_broken_key_set_is_refused(document: Mapping[str, Any]) -> None:
    with pytest.raises(MalformedTokenError):
        parse_jwks(document)


def test_every_altered_character_is_noticed() -> None:
    token = _token()
    for position in range(0, len(token), 7):
        letter = "A" if token[position] != "A" else "B"
        altered = token[:position] + letter + token[position + 1 :]
        with pytest.raises((MalformedTokenError, BadSignatureError, UnknownKeyError)):
            verify_token(altered, KEYS, EXPECTED, NOW_S)


def test_a_strangers_key_under_our_name_is_refused() -> None:
    forged = jwt.encode({"alg": "RS256", "kid": KEY.kid}, dict(CLAIMS), OTHER_KEY.jose)
    with pytest.raises(BadSignatureError):
        verify_token(forged, KEYS, EXPECTED, NOW_S)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(UnknownKeyError):
        verify_token(sign_jwt(CLAIMS, OTHER_KEY), KEYS, EXPECTED, NOW_S)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", "RS384", None, 5])
def test_another_algorithm_is_refused(alg: object) -> None:
    signature = _token().rpartition(".")[2]
    for end in ("", signature):
        token = f"{_part({'alg': alg, 'kid': KEY.kid})}.{_part(CLAIMS)}.{end}"
        with pytest.raises(MalformedTokenError):
            verify_token(token, KEYS, EXPECTED, NOW_S)


def test_an_hmac_keyed_with_the_public_key_is_refused() -> None:
    public = KEY.private_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = f"{_part({'alg': 'HS256', 'kid': KEY.kid})}.{_part(CLAIMS)}"
    mac = hmac.new(pem, head.encode(), hashlib.sha256).digest()
    token = f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(MalformedTokenError):
        verify_token(token, KEYS, EXPECTED, NOW_S)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "ä.b.c",
        _token() + ".",
        _token() + "\n",
        " " + _token(),
    ],
)
def test_garbage_is_malformed(token: str) -> None:
    with pytest.raises(MalformedTokenError):
        verify_token(token, KEYS, EXPECTED, NOW_S)


@pytest.mark.parametrize("header", [{"alg": "RS256"}, {"alg": "RS256", "kid": 3}])
def test_a_token_must_name_its_key(header: object) -> None:
    with pytest.raises(MalformedTokenError):
        decode_token(f"{_part(header)}.{_part(CLAIMS)}.AAAA")


@pytest.mark.parametrize("payload", [[1], "text", None, 7])
def test_the_payload_is_an_object(payload: object) -> None:
    with pytest.raises(MalformedTokenError):
        decode_token(f"{_part({'alg': 'RS256', 'kid': KEY.kid})}.{_part(payload)}.AAAA")


def test_deep_nesting_is_malformed() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 20_000).rstrip(b"=").decode()
    with pytest.raises(MalformedTokenError):
        decode_token(f"{_part({'alg': 'RS256', 'kid': KEY.kid})}.{deep}.AAAA")


@pytest.mark.parametrize("header", [{"crit": ["b64"], "b64": False}, {"b64": False}, {"crit": []}])
def test_jws_extensions_are_refused(header: dict[str, object]) -> None:
    head = _part({"alg": "RS256", "kid": KEY.kid, **header})
    with pytest.raises(MalformedTokenError):
        verify_token(f"{head}.{_part(CLAIMS)}.AAAA", KEYS, EXPECTED, NOW_S)


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ({"iss": ISSUER + "x"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": None}, "aud"),
        ({"token_use": "access"}, "token_use"),
    ],
)
def test_a_token_for_something_else_is_refused(change: dict[str, object], claim: str) -> None:
    with pytest.raises(UnexpectedClaimError) as caught:
        verify_token(_token(**change), KEYS, EXPECTED, NOW_S)
    assert caught.value.claim == claim


def test_audience_may_be_one_of_several() -> None:
    assert verify_token(_token(aud=["x", "client"]), KEYS, EXPECTED, NOW_S).texts("aud")


def test_a_token_expires_the_moment_exp_is_reached() -> None:
    verify_token(_token(), KEYS, EXPECTED, 1_000_099.9)
    with pytest.raises(ExpiredTokenError):
        verify_token(_token(), KEYS, EXPECTED, 1_000_100.0)


def test_a_token_is_not_valid_before_nbf() -> None:
    with pytest.raises(NotYetValidError):
        verify_token(_token(nbf=1_000_001), KEYS, EXPECTED, NOW_S)


@pytest.mark.parametrize("exp", [None, "1000100", True, [1]])
def test_a_token_without_a_usable_exp_is_malformed(exp: object) -> None:
    with pytest.raises(ClaimError):
        verify_token(_token(exp=exp), KEYS, EXPECTED, NOW_S)


def test_the_signature_is_checked_before_the_claims() -> None:
    forged = jwt.encode({"alg": "RS256", "kid": KEY.kid}, {"exp": 1}, OTHER_KEY.jose)
    with pytest.raises(BadSignatureError):
        verify_token(forged, KEYS, EXPECTED, NOW_S)


def test_a_key_survives_storage() -> None:
    assert load_signing_key(KEY.to_pem()).kid == KEY.kid
    with pytest.raises(ValueError, match=r"(?i)pem"):
        load_signing_key(b"nothing")


def test_a_key_does_not_show_itself() -> None:
    assert "PRIVATE" not in repr(KEY)
    assert KEY.kid in repr(KEY)


async def test_a_key_made_on_a_thread_signs() -> None:
    with ThreadPoolExecutor(1) as executor:
        key = await ExecutorKeyFactory(executor).new_signing_key()
    token = decode_token(sign_jwt({"n": 2}, key))
    assert (token.kid, token.claims.values) == (key.kid, {"n": 2})


def test_claims_are_typed() -> None:
    claims = Claims({"a": "x", "n": 5, "list": ["x"], "mixed": ["x", 1]})
    assert claims.optional_text("missing") is None
    assert claims.texts("list") == claims.texts("a") == ("x",)
    assert claims.texts("missing") == ()
    for name in ("n", "missing"):
        with pytest.raises(ClaimError):
            claims.text(name)
    for name in ("mixed", "n"):
        with pytest.raises(ClaimError):
            claims.texts(name)


def test_a_token_seen_before_is_held_to_key_claims_and_time_again() -> None:
    token = _token()
    verify_token(token, KEYS, EXPECTED, NOW_S)
    same_name = {KEY.kid: OTHER_KEY.public}
    with pytest.raises(BadSignatureError):
        verify_token(token, same_name, EXPECTED, NOW_S)
    with pytest.raises(UnknownKeyError):
        verify_token(token, {}, EXPECTED, NOW_S)
    with pytest.raises(UnexpectedClaimError):
        verify_token(token, KEYS, Expectation(ISSUER, "another", "id"), NOW_S)
    with pytest.raises(ExpiredTokenError):
        verify_token(token, KEYS, EXPECTED, 1_000_100.0)
    assert verify_token(token, KEYS, EXPECTED, NOW_S).values == CLAIMS


def test_only_genuine_tokens_are_kept() -> None:
    token = sign_jwt(CLAIMS, OTHER_KEY)
    with pytest.raises(UnknownKeyError):
        verify_token(token, KEYS, EXPECTED, NOW_S)
    assert decode_token(token) is not decode_token(token)
    verify_token(token, public_key_set([OTHER_KEY]), EXPECTED, NOW_S)
    assert decode_token(token) is decode_token(token)


def test_the_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyfob.tokens.verify.MAX_KEPT", 1)
    first, second = _token(sub="1"), _token(sub="2")
    for token in (first, second):
        verify_token(token, KEYS, EXPECTED, NOW_S)
    assert decode_token(first) is not decode_token(first)
    assert decode_token(second) is decode_token(second)
