"""Tables of what OAuth2 and federation are set up with: resource servers, providers, domains."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text

from keyfob.store.tables.metadata import metadata


def _pool_items(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), primary_key=True),
        Column("name", Text, primary_key=True),
        Column("document", LargeBinary, nullable=False),
    )


resource_servers = _pool_items("resource_servers")

identity_providers = _pool_items("identity_providers")

user_pool_domains = Table(
    "user_pool_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index(None, "pool_id"),
)
