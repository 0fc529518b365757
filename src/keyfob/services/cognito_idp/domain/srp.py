"""SRP-6a as Cognito speaks it: group, padding, keys. Pure arithmetic.

Cognito's variant differs from RFC 5054: 3072-bit group with g = 2, SHA-256, integers padded as
Java's `BigInteger` prints them rather than to the group's length, x from a hash over pool name,
user id and password, and the session key run through an HKDF with the label `Caldera Derived Key`.

Source: pseudo-code in the Cognito Developer Guide, "Working with user devices in your user pool"
(documented); the rest observed from the clients, and checked in the tests against pycognito's
functions.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import gmpy2

from keyfob.core.errors import KeyfobError

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
"""The 3072-bit prime of RFC 3526, section 6."""

G = 2

SALT_BYTES = 16
PRIVATE_BYTES = 32
"""Length of the server's private b: twice the 128 bits of security the group offers."""

MAX_HEX_DIGITS = 770
"""Longest public value: 3072 bits and one padding byte."""

_DIGIT_BITS = 6
_DIGIT_MASK = (1 << _DIGIT_BITS) - 1

_LABEL = b"Caldera Derived Key\x01"


class SrpError(KeyfobError):
    """A public value that the protocol forbids."""


def pad(value: int) -> bytes:
    """Return a non-negative integer as Java's two's complement bytes: big-endian, top bit clear."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"\x00"


K = int.from_bytes(hashlib.sha256(b"\x00" + N.to_bytes(384, "big") + b"\x02").digest(), "big")
"""The multiplier k = SHA256(00 | N | 02)."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What the server keeps of a password."""

    salt: int = field(repr=False)
    value: int = field(repr=False)
    """v = g^x mod N."""


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The server's half of one exchange."""

    private: int = field(repr=False)
    """b, 256 bits."""
    public: int
    """B = k*v + g^b mod N."""


def derive_x(pool_name: str, user_id: str, password: str, salt: int) -> int:
    """Return the private exponent x that stands for a password.

    Args:
        pool_name: the pool id's part after the underscore.
        user_id: `USER_ID_FOR_SRP`.
        password: as typed.
        salt: the user's salt.
    """
    inner = hashlib.sha256(f"{pool_name}{user_id}:{password}".encode()).digest()
    return int.from_bytes(hashlib.sha256(pad(salt) + inner).digest(), "big")


def make_salt(random_bytes: bytes) -> int:
    """Return a salt from 16 random bytes.

    The first byte is never zero: some clients hash the salt's digits as they came, others as an
    integer, and the two differ only in leading zeros.
    """
    return int.from_bytes(random_bytes, "big") | 1 << (8 * SALT_BYTES - 7)


def compute_verifier(x: int) -> int:
    """Return v = g^x mod N for an x of at most 256 bits; about 0.2 ms."""
    return _power_of_g(x)


def start_exchange(verifier: int, random_bytes: bytes) -> ServerKeys:
    """Return b and B for one exchange; about 0.2 ms.

    Args:
        verifier: the user's v.
        random_bytes: 32 fresh random bytes, which become b.
    """
    private = int.from_bytes(random_bytes, "big")
    return ServerKeys(private, (K * verifier + _power_of_g(private)) % N)


def parse_public(text: str) -> int:
    """Return the client's A from its hexadecimal text.

    Raises:
        SrpError: it is no number, too long, or a multiple of N, with which any password would fit.
    """
    is_hex = 0 < len(text) <= MAX_HEX_DIGITS and all(c in "0123456789abcdefABCDEF" for c in text)
    if not is_hex or int(text, 16) % N == 0:
        raise SrpError("the public value A is not usable")
    return int(text, 16)


def derive_key(client_public: int, keys: ServerKeys, verifier: int) -> bytes:
    """Return the 16-byte key both sides share if the password was right.

    Two exponentiations of 1 ms each, during which other threads run.

    Raises:
        SrpError: u is zero.
    """
    u_hash = hashlib.sha256(pad(client_public) + pad(keys.public)).digest()
    u = int.from_bytes(u_hash, "big")
    if u == 0:
        raise SrpError("the scrambling value u is zero")
    shared = _power(client_public * _power(verifier, u), keys.private)
    prk = hmac.new(pad(u), pad(shared), hashlib.sha256).digest()
    return hmac.new(prk, _LABEL, hashlib.sha256).digest()[:16]


def sign_claim(
    key: bytes, *, pool_name: str, user_id: str, secret_block: bytes, timestamp: str
) -> bytes:
    """Return the signature a client that knows the password sends (PASSWORD_CLAIM_SIGNATURE)."""
    message = pool_name.encode() + user_id.encode() + secret_block + timestamp.encode()
    return hmac.new(key, message, hashlib.sha256).digest()


def _power(base: int, exponent: int) -> int:
    """Return base^exponent mod N, letting other threads run meanwhile."""
    with gmpy2.context(gmpy2.get_context(), allow_release_gil=True):
        return int(gmpy2.powmod(base, exponent, N))


def _power_of_g(exponent: int) -> int:
    """Return g^exponent mod N by one multiplication for each digit of the exponent.

    The base never changes, so what a general exponentiation squares its way to is kept in a
    table: a quarter of the time, and too little of it to hand to another thread.
    """
    product = gmpy2.mpz(1)
    for powers in _powers_of_g():
        product = product * powers[exponent & _DIGIT_MASK] % N
        exponent >>= _DIGIT_BITS
    return int(product)


@cache
def _powers_of_g() -> list[list[Any]]:
    """Return g^(digit * 64^place) mod N by place and digit; made at first use, 30 ms and 1 MB."""
    table = []
    base = gmpy2.mpz(G)
    for _place in range(-(-8 * PRIVATE_BYTES // _DIGIT_BITS)):
        powers = [gmpy2.mpz(1)]
        for _digit in range(_DIGIT_MASK):
            powers.append(powers[-1] * base % N)
        table.append(powers)
        base = powers[-1] * base % N
    return table
