"""The local certificate authority, the server's certificate, and the TLS context.

    DIR/tls/ca.pem        the CA's certificate; clients are told to trust it
    DIR/tls/ca-key.pem    its key
    DIR/tls/server.pem    the server's key and certificate, in one file so that they never part

The CA stays for as long as its files do. The server certificate is made anew when it runs out
within `RENEW_BEFORE`, when the names change, or when the CA did. Its form is what Node, OpenSSL,
Apple's clients and s2n (awscrt) all accept: SHA-256, P-256, serverAuth, at most 825 days.
"""

import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from keyfob.core.errors import ConfigError
from keyfob.server.reception import ALPN_NAMES

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

RENEW_BEFORE = timedelta(days=30)
_SERVER_LIFE = timedelta(days=397)
_CA_LIFE = timedelta(days=3650)
_BACKDATE = timedelta(hours=1)
"""Clients whose clocks are a little behind must not refuse a new certificate."""

_BASE_NAMES = ("localhost", "*.localhost", "*.auth.localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the certificates lie."""

    ca: Path
    """CA certificate, PEM."""
    server: Path
    """Server key and certificate, PEM."""


@dataclass(frozen=True, slots=True)
class _Authority:
    key: "ec.EllipticCurvePrivateKey"
    certificate: "x509.Certificate"


def server_names(hosts: Iterable[str]) -> tuple[str, ...]:
    """Return the names a server certificate should carry.

    Args:
        hosts: what the listeners are bound to; unspecified addresses (`0.0.0.0`) name nobody.

    Returns:
        The loopback names, the machine's host name and `hosts`, each once.
    """
    names = dict.fromkeys(_BASE_NAMES)
    for name in (socket.gethostname(), *hosts):
        if _is_nameable(name):
            names[name.lower()] = None
    return tuple(names)


def _is_nameable(name: str) -> bool:
    address = _address(name)
    if address is not None:
        return not address.is_unspecified
    # A DNS name of a certificate is ASCII; labels are bounded by RFC 1035.
    return name.isascii() and 0 < len(name) <= 253 and all(0 < len(x) < 64 for x in name.split("."))


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def ensure_certificates(directory: Path, names: tuple[str, ...], now_s: float) -> TlsFiles:
    """Make what is missing or worn out under `directory`, and return the files.

    Args:
        directory: `DIR/tls`; made with mode 0700.
        names: DNS names and IP addresses of the server, as from `server_names`.
        now_s: the time in epoch seconds, as the clients' clocks have it.

    Raises:
        ConfigError: the directory cannot be written.
    """
    files = TlsFiles(ca=directory / "ca.pem", server=directory / "server.pem")
    now = datetime.fromtimestamp(now_s, UTC)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = _load_authority(directory, now) or _make_authority(directory, now)
        if not _is_current(files.server, authority, names, now):
            _write(files.server, _make_server_pem(authority, names, now))
    except OSError as error:
        raise ConfigError(f"cannot use `{directory}`: {error.strerror}") from error
    return files


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the context of every TLS listener: TLS 1.2 and 1.3, ALPN as IoT Core has it.

    Client certificates would be requested here: `verify_mode = CERT_OPTIONAL`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.server)
    context.set_alpn_protocols(ALPN_NAMES)
    return context


def _load_authority(directory: Path, now: datetime) -> _Authority | None:
    """Return the CA on disk, or None when a part is missing, damaged, not its own, or over."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key((directory / "ca-key.pem").read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != (
        key.public_key()
    ):
        return None
    if certificate.not_valid_after_utc - now < _SERVER_LIFE:
        return None
    return _Authority(key, certificate)


def _make_authority(directory: Path, now: datetime) -> _Authority:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    # The serial in the name keeps two CAs of one machine apart in a trust store.
    serial = x509.random_serial_number()
    name = _name(f"keyfob local CA {serial:x}"[:64])
    certificate = (
        _builder(key.public_key(), now, _CA_LIFE, serial)
        .subject_name(name)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_ca=True), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    _write(directory / "ca-key.pem", _key_pem(key))
    _write(directory / "ca.pem", _certificate_pem(certificate))
    return _Authority(key, certificate)


def _make_server_pem(authority: _Authority, names: tuple[str, ...], now: datetime) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = []
    for name in names:
        address = _address(name)
        alternatives.append(x509.DNSName(name) if address is None else x509.IPAddress(address))
    certificate = (
        _builder(key.public_key(), now, _SERVER_LIFE, x509.random_serial_number())
        .subject_name(_name("keyfob"))
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    return _key_pem(key) + _certificate_pem(certificate)


def _builder(
    public_key: "ec.EllipticCurvePublicKey", now: datetime, life: timedelta, serial: int
) -> "x509.CertificateBuilder":
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, is_ca: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_current(path: Path, authority: _Authority, names: tuple[str, ...], now: datetime) -> bool:
    """Whether the server certificate can stay: this CA's, these names, and time left."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = path.read_bytes()
        key = load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificate(pem)
        certificate.verify_directly_issued_by(authority.certificate)
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    present = {str(name.value) for name in extension.value}
    return (
        certificate.public_key() == key.public_key()
        and present == set(names)
        and certificate.not_valid_before_utc <= now
        and certificate.not_valid_after_utc - now > RENEW_BEFORE
    )


def _name(text: str) -> "x509.Name":
    from cryptography import x509

    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "keyfob"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, text),
        ]
    )


def _key_pem(key: "ec.EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _certificate_pem(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once, readable by its owner only."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
