"""The broker's settings, each bound with its fate."""

from dataclasses import dataclass, field

from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import QueueBounds


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, and so many at once after a pause."""

    per_s: float
    burst: float


@dataclass(frozen=True, slots=True)
class RateQuotas:
    """Rates of AWS IoT Core. Documented: AWS General Reference, IoT Core quotas.

    AWS documents no bursts: one second's worth, and for the rates of one a second ten (inferred).
    """

    publishes: Rate = Rate(100, 100)
    """Messages in and out of one connection. QoS 0 beyond is dropped; QoS 1 in gets no PUBACK (v5:
    0x97), QoS 1 out waits. `Throttle.Exceeded`."""
    throughput: Rate = Rate(512 * 1024, 512 * 1024)
    """Bytes from one connection; beyond it reading pauses."""
    connects: Rate = Rate(1, 10)
    """CONNECTs with one client id; more are refused (v3 code 3, v5 0x97), `ClientIDThrottle`."""
    retained_per_topic: Rate = Rate(1, 10)
    """Retained messages of one topic; more are discarded, `PublishRetained.Throttle`."""
    retained: Rate = Rate(500, 500)
    """Retained messages of the account; likewise."""
    shared_drain_per_s: int = 20
    """Messages a second that a member takes from its group's queue."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Limits and choices; the defaults are AWS IoT Core's. See `oasis_settings`.

    A broker has one, and a listener may give its connections another: what is said of a packet, a
    connection or a session then follows the listener's, while `queue`, `max_retained` and the
    receiver bounds are the broker's.
    """

    profile: Profile = Profile.AWS
    explain_to_clients: bool = False
    """Put the reason of a refusal into reason strings for v5 clients that ask for them."""
    refused_return_code: int = 5
    """3.1.1 CONNACK code of a CONNECT that is not allowed: 5 (standard) or 7 (old AWS guides)."""
    max_packet_bytes: int = 146 * 1024
    """Largest packet accepted; a larger one ends the connection. Documented: IoT Core quotas."""
    max_payload_bytes: int = 128 * 1024
    """Largest payload; a larger one ends the connection. Documented: IoT Core quotas."""
    max_client_id_bytes: int = 128
    """Longest client id; a longer one is refused (v3 code 2, v5 0x85). Documented."""
    max_subscriptions: int = 50
    """Subscriptions of one session; SUBACK says 0x80 (v5 0x97) to more. Documented."""
    max_filters_per_subscribe: int = 8
    """Filters in one SUBSCRIBE; the surplus is refused in the SUBACK. Documented count, inferred
    fate."""
    max_qos: int = 1
    """Highest QoS of a publish or subscription: 1 in AWS (documented), 2 in the standard."""
    has_subscription_identifiers: bool = False
    """Whether subscription identifiers are taken; AWS refuses them, 0xA1 (documented)."""
    quotas: RateQuotas | None = None
    """Rates to hold a connection to."""
    window: int = 100
    """QoS 1 messages unacknowledged in each direction. Documented. To a client: more wait. From a
    v5 client: more end the connection (0x93); from a v3 client: reading pauses."""
    topic_alias_maximum: int = 8
    """Topic aliases a v5 client may set; a higher one ends the connection (0x94). Documented."""
    default_session_expiry_s: int = 3600
    """Life of a persistent v3 session after its client left. Documented."""
    max_session_expiry_s: int = 7 * 86_400
    """Longest session expiry interval; CONNACK tells a v5 client the shorter one. Documented."""
    max_message_expiry_s: int = 604_800
    """Longest message expiry interval; longer ones are shortened. Documented."""
    queue: QueueBounds = field(default=QueueBounds(messages=10_000, size=32 * 1024 * 1024))
    """What may wait per session; newer messages are dropped and counted (`Queued.Throttle`)."""
    max_retained: int = 500_000
    """Retained messages; a new topic beyond is not kept and counted. Documented count."""
    receiver_high_water_bytes: int = 1024 * 1024
    """From here on a receiver is slow: its publishers' reading pauses. The listener sets it on
    the transport."""
    receiver_max_bytes: int = 8 * 1024 * 1024
    """QoS 0 messages for a receiver with more than this unsent are dropped and counted."""
    stall_s: float = 1.0
    """A slow receiver holds publishers back no longer than this; then it only loses QoS 0."""
    connect_deadline_s: float = 10.0
    """A connection whose CONNECT is not there by then is closed."""


def oasis_settings() -> BrokerSettings:
    """Return the standard's settings: no quotas but the ones that bound memory."""
    return BrokerSettings(
        profile=Profile.OASIS,
        max_qos=2,
        has_subscription_identifiers=True,
        max_packet_bytes=268_435_455,
        max_payload_bytes=268_435_455,
        max_client_id_bytes=65_535,
        max_subscriptions=1_000_000,
        max_filters_per_subscribe=1_000_000,
        topic_alias_maximum=64,
        default_session_expiry_s=0xFFFF_FFFF,
        max_session_expiry_s=0xFFFF_FFFF,
        max_message_expiry_s=0xFFFF_FFFF,
    )
