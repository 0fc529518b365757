import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from keyfob.core.errors import ConfigError
from keyfob.server import tls

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = ("localhost", "*.localhost", "127.0.0.1", "::1", "box")


def make(directory: Path, names: tuple[str, ...] = NAMES, at: datetime = NOW) -> tls.TlsFiles:
    return tls.ensure_certificates(directory, names, at.timestamp())


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    make(tmp_path / "tls")
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    names = {path.name for path in (tmp_path / "tls").iterdir()}
    assert names == {"ca.pem", "ca-key.pem", "server.pem"}
    for path in (tmp_path / "tls").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_server_certificate_is_what_clients_ask_for(tmp_path: Path) -> None:
    files = make(tmp_path)
    ca, server = load(files.ca), load(files.server)
    server.verify_directly_issued_by(ca)
    extensions = server.extensions
    alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["localhost", "*.localhost", "box"]
    assert alternatives.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    key_usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert key_usage.critical
    assert key_usage.value.digital_signature
    assert not key_usage.value.key_cert_sign
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca) == (True, False)
    authority = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    ca_key = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert authority.key_identifier == ca_key.digest
    extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=825)
    assert server.serial_number.bit_length() > 64
    assert isinstance(server.public_key(), ec.EllipticCurvePublicKey)


def test_the_ca_may_sign_servers_and_nothing_below_them(tmp_path: Path) -> None:
    ca = load(make(tmp_path).ca)
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature


def test_openssl_verifies_the_chain_strictly(tmp_path: Path) -> None:
    # The handshakes in test_reception verify it too, with the machine's own clock.
    files = make(tmp_path, at=datetime.now(UTC))
    context = ssl.create_default_context(cafile=str(files.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = tls.server_context(files).wrap_bio(server_in, server_out, server_side=True)
    client = context.wrap_bio(server_out, server_in, server_hostname="127.0.0.1")
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"


def test_nothing_changes_while_all_is_well(tmp_path: Path) -> None:
    files = make(tmp_path)
    before = files.server.read_bytes(), files.ca.read_bytes()
    make(tmp_path, at=NOW + timedelta(days=300))
    assert (files.server.read_bytes(), files.ca.read_bytes()) == before


@pytest.mark.parametrize(
    ("names", "later"), [(NAMES, timedelta(days=370)), ((*NAMES, "10.0.0.7"), timedelta(0))]
)
def test_the_server_certificate_is_renewed_and_the_ca_stays(
    tmp_path: Path, names: tuple[str, ...], later: timedelta
) -> None:
    files = make(tmp_path)
    ca, server = files.ca.read_bytes(), load(files.server)
    make(tmp_path, names, NOW + later)
    assert files.ca.read_bytes() == ca
    assert load(files.server).serial_number != server.serial_number
    load(files.server).verify_directly_issued_by(load(files.ca))


@pytest.mark.parametrize("damaged", ["ca.pem", "ca-key.pem"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_a_lost_or_damaged_ca_is_made_anew_with_its_server(
    tmp_path: Path, damaged: str, content: bytes | None
) -> None:
    files = make(tmp_path)
    old = files.ca.read_bytes()
    if content is None:
        (tmp_path / damaged).unlink()
    else:
        (tmp_path / damaged).write_bytes(content)
    make(tmp_path)
    assert files.ca.read_bytes() != old
    load(files.server).verify_directly_issued_by(load(files.ca))


def test_a_damaged_server_file_is_made_anew(tmp_path: Path) -> None:
    files = make(tmp_path)
    files.server.write_bytes(files.server.read_bytes()[:100])
    make(tmp_path)
    assert load(files.server).subject == load(files.server).subject
    tls.server_context(files)


def test_a_directory_that_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot use"):
        make(tmp_path / "file" / "tls")


def test_names_leave_out_what_names_nobody() -> None:
    names = tls.server_names(["0.0.0.0", "::", "Example.TEST", "10.1.2.3", "bad..name"])
    assert names[:5] == ("localhost", "*.localhost", "*.auth.localhost", "127.0.0.1", "::1")
    assert {"example.test", "10.1.2.3"} < set(names)
    assert not {"0.0.0.0", "::", "bad..name"} & set(names)


def test_old_tls_versions_are_not_spoken(tmp_path: Path) -> None:
    context = tls.server_context(make(tmp_path))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
