"""Makes forged tokens from the recipes in `tests/vectors/jose`, as an outsider could."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Recipe = Mapping[str, Any]

RECIPES: list[Recipe] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "jose" / "attacks.json").read_text()
)
NAMES = [recipe["name"] for recipe in RECIPES]


@cache
def stranger() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


@cache
def strange_curve() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def strangers_jwk() -> dict[str, str]:
    numbers = stranger().public_key().public_numbers()
    return {"kty": "RSA", "kid": "stranger", "e": "AQAB", "n": encode(numbers.n.to_bytes(256))}


@dataclass(frozen=True)
class Forger:
    """Somebody who has seen one genuine token and its signer's public key."""

    genuine: str
    public: rsa.RSAPublicKey

    def forge(self, recipe: Recipe) -> str:
        header_text, claims_text, _ = self.genuine.split(".")
        header, claims = json.loads(decode(header_text)), json.loads(decode(claims_text))
        kid = header["kid"]
        header = _changed(header, recipe.get("header", {}))
        claims = _changed(claims, recipe.get("claims", {}))
        deep = "[" * 20_000 + "]" * 20_000
        raw = {
            name: text.replace("$KID", kid).replace("$DEEP", deep).encode()
            for name, text in recipe.items()
            if name.startswith("raw_") and not name.endswith("_hex")
        }
        if "raw_claims_hex" in recipe:
            raw["raw_claims"] = bytes.fromhex(recipe["raw_claims_hex"])
        head = encode(raw.get("raw_header", json.dumps(header).encode()))
        is_same = "raw_claims" not in raw and not recipe.get("claims")
        body = claims_text if is_same else encode(
            raw.get("raw_claims", json.dumps(claims).encode())
        )  # fmt: skip
        signature = self._sign(recipe, f"{head}.{body}".encode(), str(header.get("alg")))
        return _shape(recipe.get("shape", ""), head, body, encode(signature))

    def _sign(self, recipe: Recipe, data: bytes, algorithm: str) -> bytes:
        old = decode(self.genuine.rpartition(".")[2])
        digest = "sha384" if algorithm == "HS384" else "sha256"
        ways: dict[str, Callable[[], bytes]] = {
            "nothing": lambda: b"",
            "keep": lambda: old,
            "flipped": lambda: bytes([old[0] ^ 1]) + old[1:],
            "short": lambda: old[:-1],
            "zeros-64": lambda: bytes(64),
            "zeros-256": lambda: bytes(256),
            "hmac": lambda: hmac.digest(self._secret(recipe["secret"]), data, digest),
            "stranger-rsa": lambda: stranger().sign(
                data, padding.PKCS1v15(), SHA512() if algorithm == "RS512" else SHA256()
            ),
            "stranger-pss": lambda: stranger().sign(
                data, padding.PSS(padding.MGF1(SHA256()), 32), SHA256()
            ),
            "stranger-ec": lambda: _sign_on_curve(data),
        }
        return ways[recipe["sign"]]()

    def _secret(self, name: str) -> bytes:
        pem = self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {
            "pem": pem,
            "pem-stripped": pem.strip(),
            "der": self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "modulus": encode(self.public.public_numbers().n.to_bytes(256)).encode(),
            "empty": b"",
        }[name]


def _changed(members: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    special = {"$STRANGER": strangers_jwk(), "$HUGE": "x" * 200_000}
    changed = {**members, **changes}
    return {
        name: special.get(value, value) if isinstance(value, str) else value
        for name, value in changed.items()
        if value is not None
    }


def _sign_on_curve(data: bytes) -> bytes:
    r, s = decode_dss_signature(strange_curve().sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def _shape(shape: str, head: str, body: str, signature: str) -> str:
    token = f"{head}.{body}.{signature}"
    match shape:
        case "five parts":
            return f"{head}.{body}.{signature}.{hashlib.sha256(b'').hexdigest()}.{signature}"
        case "json":
            return json.dumps({"protected": head, "payload": body, "signature": signature})
        case "space":
            return f"{head}. {body}.{signature}"
        case "padded":
            return f"{head}==.{body}==.{signature}=="
        case _:
            return token
