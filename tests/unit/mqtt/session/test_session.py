from hypothesis import given
from hypothesis import strategies as st

from keyfob.mqtt.session import Message, Offer, QueueBounds, Session, silence_limit_s
from keyfob.mqtt.session.keepalive import clamp_for_aws

BOUNDS = QueueBounds(3, 1000)


def _message(payload: bytes = b"x", expires_at_s: float | None = None) -> Message:
    return Message(b"t", payload, 1, expires_at_s=expires_at_s)


def test_offer_fills_the_window_then_the_queue_then_drops() -> None:
    session = Session("c", 0, 2)
    outcomes = [session.offer(_message(), 0, BOUNDS, is_ready=True) for _ in range(6)]
    assert outcomes == [1, 2, Offer.WAITS, Offer.WAITS, Offer.WAITS, Offer.DROPPED]


def test_the_byte_bound_drops() -> None:
    session = Session("c", 60, 2)
    bounds = QueueBounds(10, 10)
    assert session.offer(_message(b"x" * 8), 1, bounds, is_ready=False) is Offer.WAITS
    assert session.offer(_message(b"x"), 2, bounds, is_ready=False) is Offer.DROPPED


def test_what_waits_goes_before_what_comes() -> None:
    session = Session("c", 0, 2)
    first, second = _message(b"1"), _message(b"2")
    session.offer(first, 0, BOUNDS, is_ready=False)
    assert session.offer(second, 0, BOUNDS, is_ready=True) is Offer.WAITS
    assert session.next_waiting(0, 0) == (1, first)
    assert session.next_waiting(0, 0) == (2, second)
    assert session.next_waiting(0, 0) is None


def test_expired_messages_are_dropped_with_their_number() -> None:
    session = Session("c", 60, 2)
    session.offer(_message(expires_at_s=10.0), 41, BOUNDS, is_ready=False)
    session.offer(_message(), 42, BOUNDS, is_ready=False)
    assert session.next_waiting(10.0, 0) == 41
    taken = session.next_waiting(10.0, 0)
    assert isinstance(taken, tuple)
    assert taken[0] == 2


def test_acknowledge() -> None:
    session = Session("c", 60, 2)
    session.offer(_message(), 7, BOUNDS, is_ready=True)
    assert session.acknowledge(9) is None
    assert session.acknowledge(1) == 7
    assert session.acknowledge(1) is None


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 65_535))
def test_packet_ids_in_flight_are_never_reused(acknowledges: list[bool], last: int) -> None:
    session = Session("c", 0, 5)
    session.last_packet_id = last
    held: list[int] = []
    for acknowledge in acknowledges:
        if acknowledge and held:
            session.acknowledge(held.pop(0))
        taken = session.offer(_message(), 0, QueueBounds(0, 0), is_ready=True)
        if isinstance(taken, int):
            assert 1 <= taken <= 65_535
            assert taken not in held
            held.append(taken)
    assert sorted(session.in_flight) == sorted(held)


def test_a_qos_2_message_is_not_sent_before_it_is_durable() -> None:
    session = Session("c", 60, 2)
    session.offer(Message(b"t", b"", 2), 7, BOUNDS, is_ready=False)
    assert session.next_waiting(0, 6) is None
    assert session.next_waiting(0, 7) is not None


def test_the_steps_of_qos_2() -> None:
    session = Session("c", 60, 2)
    session.offer(Message(b"t", b"", 2), 7, BOUNDS, is_ready=True)
    assert session.complete(1) is None  # not before PUBREC
    assert session.acknowledge(1) is None  # PUBACK is not its answer
    assert session.note_received(1) == 7
    assert session.in_flight == {1: (None, 7)}
    assert session.complete(1) == 7
    assert session.note_received(1) is None


def test_a_message_that_failed_is_forgotten() -> None:
    session = Session("c", 60, 2)
    session.offer(_message(), 7, BOUNDS, is_ready=False)
    session.offer(_message(), 8, BOUNDS, is_ready=False)
    session.discard(7)
    assert session.waiting is not None
    assert [number for _, number, _ in session.waiting] == [8]
    assert session.waiting_bytes == _message().size


def test_keep_alive_arithmetic() -> None:
    assert [clamp_for_aws(value) for value in (0, 1, 30, 60, 1200, 1201)] == [
        1200, 30, 30, 60, 1200, 1200
    ]  # fmt: skip
    assert silence_limit_s(60) == 90
    assert silence_limit_s(0) is None
