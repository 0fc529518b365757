import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.mqtt.codec import MalformedError, ProtocolError, decode, encode, frame_length
from keyfob.mqtt.codec.packets import Publish, Version

VECTORS = Path(__file__).parents[3] / "vectors" / "mqtt" / "packets.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())
GOOD = [case for case in CASES if "refusal" not in case]
BAD = [case for case in CASES if "refusal" in case]


def _split(data: bytes) -> tuple[int, bytes]:
    length = frame_length(data)
    assert length == len(data)
    header = next(index for index in range(1, 5) if data[index] < 0x80) + 1
    return data[0], data[header:]


def _name(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", GOOD, ids=_name)
def test_good_packets_decode_and_encode_to_the_same_bytes(case: dict[str, Any]) -> None:
    data, version = bytes.fromhex(case["hex"]), Version(case["version"])
    assert encode(decode(*_split(data), version), version) == data


@pytest.mark.parametrize("case", BAD, ids=_name)
def test_bad_packets_are_refused_with_their_code(case: dict[str, Any]) -> None:
    first, body = _split(bytes.fromhex(case["hex"]))
    with pytest.raises(ProtocolError) as refusal:
        decode(first, body, Version(case["version"]))
    assert refusal.value.code == case["refusal"]


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_frame_cut_short_is_not_whole(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    for cut in range(len(data)):
        length = frame_length(data[:cut])
        assert length is None or length > cut


@pytest.mark.parametrize("case", GOOD, ids=_name)
def test_a_body_cut_short_is_another_packet_or_refused(case: dict[str, Any]) -> None:
    version = Version(case["version"])
    first, body = _split(bytes.fromhex(case["hex"]))
    for cut in range(len(body)):
        try:
            packet = decode(first, body[:cut], version)
        except ProtocolError:
            continue
        whole = _split(encode(packet, version))
        assert decode(*whole, version) == packet


@given(st.integers(0, 255), st.binary(max_size=80), st.sampled_from(Version))
def test_any_bytes_are_a_packet_or_refused(first: int, body: bytes, version: Version) -> None:
    try:
        packet = decode(first, body, version)
    except ProtocolError:
        return
    speaks = getattr(packet, "version", version)
    assert decode(*_split(encode(packet, speaks)), speaks) == packet


_topics = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(
    st.builds(
        Publish,
        topic=_topics,
        payload=st.binary(max_size=300),
        qos=st.just(1),
        retain=st.booleans(),
        dup=st.booleans(),
        packet_id=st.integers(1, 65_535),
    ),
    st.sampled_from(Version),
)
def test_publish_survives_the_wire(packet: Publish, version: Version) -> None:
    assert decode(*_split(encode(packet, version)), version) == packet


def test_a_remaining_length_of_five_bytes_is_malformed() -> None:
    assert frame_length(b"\x30\xff\xff\xff") is None
    assert frame_length(b"\x30\xff\xff\xff\x7f") == 268_435_460
    with pytest.raises(MalformedError):
        frame_length(b"\x30\xff\xff\xff\xff")
