import json
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycognito import aws_srp

from keyfob.services.cognito_idp.domain import srp

VECTORS = json.loads(
    (Path(__file__).parents[4] / "vectors/srp/exchanges.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_recorded_exchanges(vector: dict[str, str]) -> None:
    salt, client_public = int(vector["salt"], 16), int(vector["client_public"], 16)
    x = srp.derive_x(vector["pool_name"], vector["user_id"], vector["password"], salt)
    verifier = srp.compute_verifier(x)
    keys = srp.start_exchange(verifier, bytes.fromhex(vector["server_private"]))
    assert f"{keys.public:x}" == vector["server_public"]
    assert srp.derive_key(client_public, keys, verifier).hex() == vector["key"]


def test_group_and_multiplier_are_the_clients() -> None:
    person = aws_srp.AWSSRP("a", "b", "r_pool", "c", client=object())
    assert (person.big_n, person.val_g, person.val_k) == (srp.N, srp.G, srp.K)


def test_client_and_server_agree() -> None:
    for number in range(20):
        salt = srp.make_salt(secrets.token_bytes(16))
        verifier = srp.compute_verifier(srp.derive_x("pool", "älice", f"pass wörd {number}", salt))
        keys = srp.start_exchange(verifier, secrets.token_bytes(32))
        person = aws_srp.AWSSRP("x", f"pass wörd {number}", "r_pool", "c", client=object())
        theirs = person.get_password_authentication_key(
            "älice", person.password, keys.public, f"{salt:x}"
        )
        assert srp.derive_key(person.large_a_value, keys, verifier) == theirs


@given(st.integers(min_value=0, max_value=2**400))
def test_padding_is_the_clients(value: int) -> None:
    assert srp.pad(value) == bytes.fromhex(aws_srp.pad_hex(value))


@given(st.binary(min_size=16, max_size=16))
def test_a_salt_reads_the_same_as_digits_and_as_number(random_bytes: bytes) -> None:
    digits = f"{srp.make_salt(random_bytes):x}"
    assert bytes.fromhex(aws_srp.pad_hex(digits)) == srp.pad(int(digits, 16))
    assert len(srp.pad(int(digits, 16))) in (16, 17)


@pytest.mark.parametrize("multiple", [0, 1, 2])
def test_multiples_of_the_prime_are_refused(multiple: int) -> None:
    with pytest.raises(srp.SrpError):
        srp.parse_public(f"{multiple * srp.N:x}")
