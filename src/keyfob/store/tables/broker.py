"""Tables of the MQTT broker: sessions, subscriptions, queued messages, retained messages."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata

mqtt_sessions = Table(
    "mqtt_sessions",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    Column("expires_at_s", Float),
    Column("expiry_interval_s", BigInteger, nullable=False),
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
