"""Tables of user pools and app clients."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text

from keyfob.store.tables.metadata import metadata

user_pools = Table(
    "user_pools",
    metadata,
    Column("pool_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index(None, "account", "region", "pool_id"),
)

user_pool_clients = Table(
    "user_pool_clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index(None, "pool_id", "client_id"),
)
