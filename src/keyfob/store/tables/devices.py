"""Table of the devices that users sign in from."""

from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, Table, Text

from keyfob.store.tables.metadata import metadata

pool_devices = Table(
    "pool_devices",
    metadata,
    Column("pool_id", Text, primary_key=True),
    Column("sub", Text, primary_key=True),
    Column("device_key", Text, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["pool_id", "sub"], ["pool_users.pool_id", "pool_users.sub"], ondelete="CASCADE"
    ),
)
