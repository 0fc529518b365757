"""Peers that say nothing, half of something, or nonsense: a deadline or a refusal ends them."""

import base64
import os
import socket
import ssl
from contextlib import ExitStack

import pytest
from tests.security.raw import Wire, ask, good, root_key, signed, wire
from tests.security.raw import request as build_request

from keyfob.mqtt.codec import encode
from keyfob.mqtt.codec.packets import Connect, Version, WillMessage
from keyfob.store.data_directory import Endpoints

CONNECTS = {
    version: encode(
        Connect(
            version,
            "cut",
            keep_alive_s=30,
            will=WillMessage("a/b", b"gone"),
            user_name="u",
            password=b"p",
        ),
        version,
    )
    for version in Version
}


@pytest.mark.parametrize("version", Version)
def test_a_connect_cut_at_every_byte(endpoints: Endpoints, version: Version) -> None:
    whole = CONNECTS[version]
    for length in range(len(whole)):
        with wire(endpoints) as connection:
            connection.send(whole[:length])
            connection.socket.shutdown(socket.SHUT_WR)
            said = connection.rest()
        assert not said.startswith(b"\x20")  # no CONNACK to half a CONNECT


@pytest.mark.parametrize("version", Version)
def test_a_connect_without_credentials_is_refused(endpoints: Endpoints, version: Version) -> None:
    with wire(endpoints) as connection:
        connection.send(encode(Connect(version, f"unsigned-{version}"), version))
        said = connection.rest()
    assert said[0] == 0x20
    assert said[3] == (5 if version is Version.V3 else 0x87)


@pytest.mark.parametrize("version", Version)
def test_a_connect_with_any_byte_spoilt_is_never_accepted(
    endpoints: Endpoints, version: Version
) -> None:
    whole = CONNECTS[version]
    for position in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            spoilt = bytearray(whole)
            spoilt[position] ^= flip
            with wire(endpoints) as connection:
                connection.send(bytes(spoilt))
                connection.socket.shutdown(socket.SHUT_WR)
                said = connection.rest()
            assert not (said.startswith(b"\x20") and said[3] == 0)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 64,
        b"\xff" * 64,
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\xff\xff" + b"\x01" * 1000,
        b"\x10\xff\xff\xff\xff\x7f",
        b"\x10\xff\xff\xff\x7f" + b"\x00" * 100,
        b"\xe0\x00",
        b"\x30\x05\x00\x01a",
        b"SSH-2.0-nothing\r\n",
        b"\r\n\r\n\r\n",
    ],
    ids=lambda data: data[:12].hex(),
)
def test_nonsense_is_closed(endpoints: Endpoints, data: bytes) -> None:
    with wire(endpoints) as connection:
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        said = connection.rest()
    assert b"Traceback" not in said
    assert not said.startswith(b"HTTP/1.1 2")


def test_a_tls_client_that_goes_after_half_a_hello(endpoints: Endpoints) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    hello = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    data = outgoing.read()
    for length in range(1, len(data), 16):
        with wire(endpoints) as connection:
            connection.send(data[:length])
            connection.socket.shutdown(socket.SHUT_WR)
            connection.rest()


def test_tls_of_an_old_version_is_refused(endpoints: Endpoints) -> None:
    context = ssl.create_default_context(cafile=endpoints.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection((endpoints.mqtt_host, endpoints.mqtt_port)) as plain,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def upgraded(endpoints: Endpoints, connection: Wire) -> None:
    """Turn a connection into a WebSocket, signed with the root key."""
    unsigned = build_request(endpoints, "GET", "/mqtt")
    request = signed(unsigned, root_key(endpoints), "iotdevicegateway")
    lines = ["GET /mqtt HTTP/1.1"]
    lines += [f"{name}: {text}" for name, text in request.headers if name != "content-length"]
    lines += [
        "connection: Upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-protocol: mqtt",
        f"sec-websocket-key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    connection.send("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.socket.recv(1)
        assert part
        head += part
    assert head.startswith(b"HTTP/1.1 101")


def frame(payload: bytes, opcode: int = 2) -> bytes:
    """Return one masked WebSocket frame (mask of zeros)."""
    assert len(payload) < 126
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def test_half_a_websocket_frame(endpoints: Endpoints) -> None:
    whole = frame(CONNECTS[Version.V5])
    for length in range(0, len(whole), 3):
        with wire(endpoints) as connection:
            upgraded(endpoints, connection)
            connection.send(whole[:length])
            connection.socket.shutdown(socket.SHUT_WR)
            assert b"\x20" not in connection.rest()[2:3]


def test_a_connect_one_byte_per_frame_is_served(endpoints: Endpoints) -> None:
    packet = encode(Connect(Version.V5, "slow"), Version.V5)
    with wire(endpoints) as connection:
        upgraded(endpoints, connection)
        for byte in packet:
            connection.send(frame(bytes([byte])))
        said = connection.socket.recv(4096)
    assert said[2] == 0x20
    assert said[5] == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x05hello",
        b"\x81\x83\0\0\0\0abc",
        b"\xf2\x80\0\0\0\0",
        b"\x8f\x80\0\0\0\0",
        b"\x82\xff" + b"\xff" * 8 + b"\0\0\0\0",
        b"\x82\xff" + (2**40).to_bytes(8, "big") + b"\0\0\0\0",
        b"\x89\xfe\x10\x00\0\0\0\0" + b"p" * 4096,
        b"\x88\x81\0\0\0\0x",
        frame(b"\x00" * 100),
        frame(b"GET / HTTP/1.1\r\n\r\n"),
    ],
    ids=[
        "unmasked",
        "text",
        "reserved bits",
        "reserved opcode",
        "negative length",
        "a terabyte",
        "a long ping",
        "half a close code",
        "no MQTT",
        "HTTP inside",
    ],
)
def test_bad_websocket_frames_end_the_connection(endpoints: Endpoints, data: bytes) -> None:
    with wire(endpoints) as connection:
        upgraded(endpoints, connection)
        connection.send(data)
        said = connection.rest()
    assert b"Traceback" not in said


def test_peers_that_stay_silent_are_closed_while_others_are_served(endpoints: Endpoints) -> None:
    """The deadline is 10 s; all of them run down at once."""
    silent = {
        "says nothing": b"",
        "half a request line": b"POST / HT",
        "half a head": b"POST / HTTP/1.1\r\nhost: a\r\nx-a: ",
        "half a CONNECT": CONNECTS[Version.V5][:9],
        "the start of a TLS hello": b"\x16\x03\x01",
        "half a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 32,
    }
    with ExitStack() as stack:
        opened = {}
        for name, data in silent.items():
            connection = stack.enter_context(wire(endpoints))
            connection.send(data)
            opened[name] = connection
        handshaken = stack.enter_context(wire(endpoints, tls=True))
        opened["says nothing after the TLS handshake"] = handshaken
        assert ask(endpoints, good(endpoints)).status == 200
        for name, connection in opened.items():
            said = connection.rest()
            assert said == b"" or said.startswith((b"HTTP/1.1 408", b"\x15\x03")), name
