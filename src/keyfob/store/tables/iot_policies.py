"""Tables of IoT policies and what they are attached to."""

from sqlalchemy import Column, Index, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata

iot_policies = Table(
    "iot_policies",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

iot_policy_attachments = Table(
    "iot_policy_attachments",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("target", String(2048), primary_key=True),
    Column("name", String(128), primary_key=True),
    Index("ix_iot_policy_attachments_name", "account", "region", "name"),
)
"""One row per policy (`name`) and identity id, certificate ARN or thing group ARN (`target`)."""
