"""Table of messages."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table

from keyfob.store.tables.metadata import metadata

messages = Table(
    "messages",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index(None, "pool_id", "number"),
)
