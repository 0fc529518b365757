"""SUBSCRIBE and UNSUBSCRIBE.

A v3 client that may not subscribe is disconnected without a SUBACK in the `aws` profile (observed
and confirmed by AWS in its device SDK issues); in `oasis` its SUBACK says 0x80. A v5 client gets
0x87 and stays (inferred for AWS).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.broker.shared import is_shared
from keyfob.mqtt.codec import PropertyId, ProtocolError
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import (
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Unsubscribe,
    Version,
)
from keyfob.mqtt.codec.reason import ReasonCode
from keyfob.mqtt.ports import StoredSubscription, Subscribed, Unsubscribed
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import Subscription
from keyfob.mqtt.topics import TopicError, check_topic_filter

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection


@dataclass(slots=True)
class _Change:
    """What one SUBSCRIBE did, to answer it or to take it back."""

    packet_id: int
    codes: list[int]
    new: list[tuple[str, Subscription]] = field(default_factory=list)
    former: dict[str, Subscription | None] = field(default_factory=dict)
    """The subscriptions that stood before under the same filters."""


def subscribe(connection: Connection, packet: Subscribe) -> None:
    """Handle a SUBSCRIBE: judge all filters first, then take those that are allowed."""
    broker, session, settings = connection.broker, connection.session, connection.settings
    identifier = packet.properties.integer(PropertyId.SUBSCRIPTION_IDENTIFIER, 0)
    if identifier and not settings.has_subscription_identifiers:
        raise ProtocolError(
            "subscription identifiers are not supported",
            ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
        )
    codes = _judge_filters(connection, packet.requests)
    if codes is None:
        return
    change = _Change(packet.packet_id, codes)
    for request, code in zip(packet.requests, codes, strict=True):
        if code >= ReasonCode.UNSPECIFIED_ERROR:
            continue
        matches_parent = settings.profile is Profile.OASIS
        subscription = Subscription(code, request.options, identifier, matches_parent)
        change.former.setdefault(
            request.topic_filter, session.subscriptions.get(request.topic_filter)
        )
        broker.router.subscribe(session, request.topic_filter, subscription)
        change.new.append((request.topic_filter, subscription))
    broker.metrics.subscribe_success += len(change.new)
    if not session.is_persistent or not change.new:
        _subscribed(connection, change, True)
        return
    for name, taken in change.new:
        stored = StoredSubscription(
            name, taken.qos, taken.options, taken.identifier, taken.matches_parent
        )
        broker.durable.add(Subscribed(session.client_id, stored))
    broker.durable.when_durable(lambda is_durable: _subscribed(connection, change, is_durable))


def _judge_filters(
    connection: Connection, requests: tuple[SubscriptionRequest, ...]
) -> list[int] | None:
    """Return a SUBACK code per filter; None when the connection was closed instead."""
    broker, settings = connection.broker, connection.settings
    closes = settings.profile is Profile.AWS and connection.version is Version.V3
    wanted = set(connection.session.subscriptions)
    codes: list[int] = []
    for index, request in enumerate(requests):
        code, why = _judge_filter(connection, request, wanted, index)
        if code in (ReasonCode.NOT_AUTHORIZED, ReasonCode.TOPIC_FILTER_INVALID) and closes:
            reason = DisconnectReason.CLIENT_ERROR
            if code == ReasonCode.NOT_AUTHORIZED:
                reason = DisconnectReason.AUTH_ERROR
            connection.close(reason, ReasonCode(code), why)
            return None
        if code >= ReasonCode.UNSPECIFIED_ERROR and connection.version is Version.V3:
            code = ReasonCode.UNSPECIFIED_ERROR  # the only failure 3.1.1 knows
        codes.append(code)
    broker.metrics.subscribe_client_error += sum(
        code == ReasonCode.TOPIC_FILTER_INVALID for code in codes
    )
    return codes


def _judge_filter(
    connection: Connection, request: SubscriptionRequest, wanted: set[str], index: int
) -> tuple[int, str]:
    broker, settings = connection.broker, connection.settings
    topic_filter = request.topic_filter
    if is_shared(topic_filter) and Subscription(0, request.options).is_no_local:
        raise ProtocolError("no local on a shared subscription")  # [MQTT-3.8.3-4]
    if request.qos > settings.max_qos:
        raise ProtocolError("QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
    try:
        is_allowed = broker.router.may_subscribe(connection, topic_filter)
    except TopicError as error:
        return ReasonCode.TOPIC_FILTER_INVALID, str(error)
    if not is_allowed:
        broker.metrics.subscribe_auth_error += 1
        why = connection.authorizer.reason()
        broker.log.subscribe_refused(connection, topic_filter, why)
        return ReasonCode.NOT_AUTHORIZED, why
    is_new = topic_filter not in wanted
    wanted.add(topic_filter)
    is_bounded = is_new and is_shared(topic_filter) and settings.profile is Profile.AWS
    if is_bounded and not broker.router.shared.has_room_for(topic_filter):
        broker.metrics.subscribe_throttle += 1
        return ReasonCode.QUOTA_EXCEEDED, "too many shared subscriptions"
    if index >= settings.max_filters_per_subscribe or len(wanted) > settings.max_subscriptions:
        wanted.discard(topic_filter)
        broker.metrics.subscribe_throttle += 1
        return ReasonCode.QUOTA_EXCEEDED, "too many subscriptions"
    return request.qos, ""


def _subscribed(connection: Connection, change: _Change, is_durable: bool) -> None:
    """Answer a SUBSCRIBE, then send the retained messages; take it back when it was not kept."""
    broker, session = connection.broker, connection.session
    if not is_durable:
        broker.metrics.subscribe_server_error += len(change.new)
        _take_back(connection, change)
    if session.connection is not connection:
        return
    why = connection.authorizer.reason() if ReasonCode.NOT_AUTHORIZED in change.codes else ""
    answer = SubAck(change.packet_id, tuple(change.codes), connection.explanation(why))
    connection.send(encode(answer, connection.version))
    for topic_filter, subscription in change.new:
        handling = subscription.retain_handling
        is_new = change.former[topic_filter] is None
        if not is_shared(topic_filter) and (handling == 0 or (handling == 1 and is_new)):
            broker.retained.send(connection, topic_filter, subscription)
    if change.new:
        names = [name for name, _ in change.new]
        broker.lifecycle.subscriptions_changed(connection, "subscribed", names)


def _take_back(connection: Connection, change: _Change) -> None:
    """Make the session's subscriptions what they were."""
    for topic_filter, former in change.former.items():
        if former is None:
            connection.broker.router.unsubscribe(connection.session, topic_filter)
        else:
            connection.broker.router.subscribe(connection.session, topic_filter, former)
    change.codes = [max(code, ReasonCode.UNSPECIFIED_ERROR) for code in change.codes]
    change.new = []


def unsubscribe(connection: Connection, packet: Unsubscribe) -> None:
    """Handle an UNSUBSCRIBE."""
    broker, session = connection.broker, connection.session
    codes: list[int] = []
    dropped: list[str] = []
    for topic_filter in packet.topic_filters:
        if broker.router.unsubscribe(session, topic_filter):
            dropped.append(topic_filter)
            codes.append(ReasonCode.SUCCESS)
        else:
            codes.append(_code_of_unknown(topic_filter, connection.settings.profile))
    broker.metrics.unsubscribe_success += len(dropped)
    answer = encode(UnsubAck(packet.packet_id, tuple(codes)), connection.version)

    def answer_it(is_durable: bool) -> None:
        if session.connection is connection and is_durable:
            connection.send(answer)
            if dropped:
                broker.lifecycle.subscriptions_changed(connection, "unsubscribed", dropped)
        elif session.connection is connection:
            connection.close(DisconnectReason.SERVER_ERROR, ReasonCode.UNSPECIFIED_ERROR)

    if session.is_persistent and dropped:
        broker.durable.add(*(Unsubscribed(session.client_id, name) for name in dropped))
        broker.durable.when_durable(answer_it)
    else:
        answer_it(True)


def _code_of_unknown(topic_filter: str, profile: Profile) -> int:
    """AWS's table has no 0x11: dropping what was not there succeeds (documented table)."""
    try:
        check_topic_filter(topic_filter, profile)
    except TopicError:
        return ReasonCode.TOPIC_FILTER_INVALID
    is_aws = profile is Profile.AWS
    return ReasonCode.SUCCESS if is_aws else ReasonCode.NO_SUBSCRIPTION_EXISTED
