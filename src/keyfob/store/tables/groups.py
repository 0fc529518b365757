"""Tables of groups and of who is in them."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Table, Text

from keyfob.store.tables.metadata import metadata

pool_groups = Table(
    "pool_groups",
    metadata,
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

pool_group_members = Table(
    "pool_group_members",
    metadata,
    Column("pool_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sub", Text, primary_key=True),
    ForeignKeyConstraint(
        ["pool_id", "name"], ["pool_groups.pool_id", "pool_groups.name"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["pool_id", "sub"], ["pool_users.pool_id", "pool_users.sub"], ondelete="CASCADE"
    ),
    Index(None, "pool_id", "sub"),
)
