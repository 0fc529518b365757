"""Counters named after AWS IoT's metrics: `PublishIn.Success` is `publish_in_success`."""

from dataclasses import dataclass


@dataclass(slots=True)
class BrokerMetrics:
    """Plain counts since the broker started."""

    connect_success: int = 0
    connect_auth_error: int = 0
    connect_client_error: int = 0
    connect_server_error: int = 0
    connect_client_id_throttle: int = 0
    ping_success: int = 0
    publish_in_success: int = 0
    publish_in_auth_error: int = 0
    publish_in_client_error: int = 0
    publish_in_server_error: int = 0
    publish_in_throttle: int = 0
    publish_out_success: int = 0
    publish_out_auth_error: int = 0
    publish_out_throttle: int = 0
    """QoS 0 messages dropped for slow receivers."""
    publish_retained_success: int = 0
    publish_retained_auth_error: int = 0
    publish_retained_throttle: int = 0
    publish_retained_server_error: int = 0
    queued_success: int = 0
    queued_throttle: int = 0
    """QoS 1 messages dropped because a session's queue was full."""
    queued_server_error: int = 0
    subscribe_success: int = 0
    subscribe_auth_error: int = 0
    subscribe_client_error: int = 0
    subscribe_throttle: int = 0
    subscribe_server_error: int = 0
    unsubscribe_success: int = 0
    unsubscribe_client_error: int = 0
    throttle_exceeded: int = 0
    """Messages beyond a connection's publish rate."""
