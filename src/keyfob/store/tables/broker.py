"""Tables of the MQTT broker: sessions, subscriptions, queued messages, retained messages."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from keyfob.store.tables.metadata import metadata

mqtt_sessions = Table(
    "mqtt_sessions",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    Column("expires_at_s", Float),
    Column("expiry_interval_s", BigInteger, nullable=False),
    Column("sent_up_to", BigInteger, nullable=False),
    Column("will", LargeBinary),
    Column("will_at_s", Float),
)

mqtt_subscriptions = Table(
    "mqtt_subscriptions",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    Column("topic_filter", String, primary_key=True),
    Column("qos", Integer, nullable=False),
    Column("options", Integer, nullable=False),
    Column("identifier", Integer, nullable=False),
    Column("matches_parent", Boolean, nullable=False),
)

mqtt_received = Table(
    "mqtt_received",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    Column("packet_id", Integer, primary_key=True, autoincrement=False),
)

mqtt_messages = Table(
    "mqtt_messages",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("body", BigInteger, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
)

mqtt_queue = Table(
    "mqtt_queue",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("body", BigInteger, nullable=False),
    Column("packet_id", Integer, nullable=False),
    Column("is_received", Boolean, nullable=False),
    Index(None, "account", "region", "body"),
)

mqtt_retained = Table(
    "mqtt_retained",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)
