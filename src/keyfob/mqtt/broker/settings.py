"""The broker's settings, each bound with its fate."""

from dataclasses import dataclass, field

from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import QueueBounds


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Limits and choices of one broker; the defaults are AWS IoT Core's. See `oasis_settings`."""

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
        max_packet_bytes=268_435_460,
        max_payload_bytes=268_435_455,
        max_client_id_bytes=65_535,
        max_subscriptions=1_000_000,
        max_filters_per_subscribe=1_000_000,
        topic_alias_maximum=64,
        default_session_expiry_s=0xFFFF_FFFF,
        max_session_expiry_s=0xFFFF_FFFF,
        max_message_expiry_s=0xFFFF_FFFF,
    )
