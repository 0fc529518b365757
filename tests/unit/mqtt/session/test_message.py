from hypothesis import given
from hypothesis import strategies as st

from keyfob.mqtt.codec import Properties, PropertyId, decode
from keyfob.mqtt.codec.packets import Publish, Version
from keyfob.mqtt.session import Message


def _decode(frame: bytes, version: Version) -> Publish:
    header = next(index for index in range(1, 5) if frame[index] < 0x80) + 1
    packet = decode(frame[0], frame[header:], version)
    assert isinstance(packet, Publish)
    return packet


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200),
    st.binary(max_size=200),
    st.integers(0, 65_535),
    st.booleans(),
    st.sampled_from(Version),
)
def test_a_frame_is_the_publish_it_stands_for(
    topic: str, payload: bytes, packet_id: int, retain: bool, version: Version
) -> None:
    frame = Message(topic.encode(), payload).frame(version, packet_id=packet_id, retain=retain)
    expected = Publish(topic, payload, int(packet_id > 0), retain, packet_id=packet_id)
    assert _decode(frame, version) == expected


@given(st.binary(min_size=1, max_size=200), st.sampled_from(Version))
def test_the_parts_around_a_packet_id_make_the_frame(payload: bytes, version: Version) -> None:
    message = Message(b"\x05\x05", payload)
    head, tail = message.parts(version, 0.0)
    assert head + b"\x12\x34" + tail == message.frame(version, packet_id=0x1234)


def test_expiry_counts_down_to_zero_for_v5_alone() -> None:
    message = Message(b"t", b"x", 1, expires_at_s=100.0)
    remaining = [
        _decode(message.frame(Version.V5, packet_id=1, now_s=now_s), Version.V5).properties
        for now_s in (40.0, 90.5, 200.0)
    ]
    key = PropertyId.MESSAGE_EXPIRY_INTERVAL
    assert remaining == [Properties({key: 60}), Properties({key: 9}), Properties({key: 0})]
    head, tail = message.parts(Version.V5, 40.0)
    assert message.parts(Version.V5, 50.0) != (head, tail)
    assert _decode(message.frame(Version.V3), Version.V3) == Publish("t", b"x")
