"""The table of identity pools."""

from sqlalchemy import Column, Index, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata

identity_pools = Table(
    "identity_pools",
    metadata,
    Column("pool_id", String(64), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("ix_identity_pools_account_region", "account", "region", "pool_id"),
)
