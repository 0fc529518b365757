import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.tokens.errors import SealError
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.sealed import Sealer

OLD, NEW = b"\x01" * 32, b"\x02" * 32
SEALER = Sealer(Keyring([NEW]))


@given(st.binary(max_size=300))
def test_opens_what_was_sealed(data: bytes) -> None:
    assert SEALER.open("refresh token", SEALER.seal("refresh token", data)) == data


def test_text_fits_the_token_pattern_of_the_model() -> None:
    text = SEALER.seal("refresh token", bytes(range(256)))
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_another_purpose_does_not_open() -> None:
    with pytest.raises(SealError):
        SEALER.open("challenge", SEALER.seal("refresh token", b"facts"))


def test_another_context_does_not_open() -> None:
    blob = SEALER.encrypt("verifier", b"v", "pool/alice")
    assert SEALER.decrypt("verifier", blob, "pool/alice") == b"v"
    with pytest.raises(SealError):
        SEALER.decrypt("verifier", blob, "pool/bob")


def test_every_altered_byte_is_noticed() -> None:
    blob = SEALER.encrypt("verifier", b"secret")
    for position in range(len(blob)):
        altered = bytearray(blob)
        altered[position] ^= 1
        with pytest.raises(SealError):
            SEALER.decrypt("verifier", bytes(altered))


def test_every_truncation_is_noticed() -> None:
    blob = SEALER.encrypt("verifier", b"secret")
    for length in range(len(blob)):
        with pytest.raises(SealError):
            SEALER.decrypt("verifier", blob[:length])


@pytest.mark.parametrize("text", ["", "ä", "not base64!", "AAAA", "A" * 99, "a b"])
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(SealError):
        SEALER.open("refresh token", text)


def test_a_value_has_one_text() -> None:
    text = SEALER.seal("refresh token", b"ab")
    blob = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [text[:-1] + letter for letter in alphabet if letter != text[-1]]
    same = [other for other in others if base64.urlsafe_b64decode(other + "==") == blob]
    assert same
    for other in same:
        with pytest.raises(SealError):
            SEALER.open("refresh token", other)


def test_an_older_key_still_opens_and_the_newest_seals() -> None:
    before = Sealer(Keyring([OLD]))
    after = Sealer(Keyring([NEW, OLD]))
    assert after.open("p", before.seal("p", b"kept")) == b"kept"
    with pytest.raises(SealError):
        before.open("p", after.seal("p", b"new"))


def test_a_key_taken_off_the_ring_opens_nothing() -> None:
    with pytest.raises(SealError):
        Sealer(Keyring([NEW])).open("p", Sealer(Keyring([OLD])).seal("p", b"gone"))


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, NEW]])
def test_unusable_master_keys_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="master key"):
        Keyring(keys)
