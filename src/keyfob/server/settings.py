"""Bounds and deadlines of the listeners, with their units and reasons."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """How long a peer may take, and how much it may send, before it is known."""

    undecided_deadline_s: float = 10.0
    """From accept to the first application byte, a TLS handshake included."""
    max_undecided: int = 4096
    """Peers that have not said what they speak; one more ends the one that waits longest."""
    accepts_per_tick: int = 64
    """Sockets accepted before the loop serves anyone else."""
    exhausted_pause_s: float = 0.1
    """How long accepting rests when the process is out of file descriptors or memory."""
    head_deadline_s: float = 10.0
    """From the first byte of an HTTP request to the end of its head."""
    body_deadline_s: float = 30.0
    """From the end of an HTTP request's head to the end of its body."""
    max_head_bytes: int = 65_536
    """An HTTP request's line and fields; a session token of some KB travels in one of them."""
    keep_alive_s: float = 60.0
    """How long an HTTP connection may rest between requests; SDKs keep theirs for a minute."""
    max_http_connections: int = 4096
    """HTTP connections open at once; one more is answered 503."""
    max_websocket_message_bytes: int = 1_048_576
    """One WebSocket message: several MQTT packets, each of at most 146 KB with AWS's quota."""
    websocket_life_s: float = 86_400.0
    """Source: AWS General Reference, "AWS IoT Core endpoints and quotas": 86,400 s."""
    close_deadline_s: float = 2.0
    """How long a TLS closing handshake may take, and MQTT clients when the server stops."""
    websocket_close_deadline_s: float = 0.3
    """How long a client may take to answer a Close frame; the AWS device SDKs never do (observed
    with awscrt 0.36), and a denied client should learn of it at once."""
    drain_deadline_s: float = 5.0
    """How long answers in flight may take when the server stops."""
