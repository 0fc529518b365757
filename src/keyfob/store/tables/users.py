"""Tables of user pool users, the names they go by, and refresh tokens that are spent."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
)

from keyfob.store.tables.metadata import metadata

pool_users = Table(
    "pool_users",
    metadata,
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), primary_key=True),
    Column("sub", Text, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

pool_user_names = Table(
    "pool_user_names",
    metadata,
    Column("pool_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sub", Text, nullable=False),
    ForeignKeyConstraint(
        ["pool_id", "sub"], ["pool_users.pool_id", "pool_users.sub"], ondelete="CASCADE"
    ),
    Index(None, "pool_id", "sub"),
    Index(None, "name"),
)

pool_user_search = Table(
    "pool_user_search",
    metadata,
    Column("pool_id", Text, primary_key=True),
    Column("sub", Text, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("value", Text, nullable=False),
    ForeignKeyConstraint(
        ["pool_id", "sub"], ["pool_users.pool_id", "pool_users.sub"], ondelete="CASCADE"
    ),
    Index(None, "pool_id", "attribute", "value", "sub"),
)

rotated_tokens = Table(
    "rotated_tokens",
    metadata,
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), primary_key=True),
    Column("token_id", Text, primary_key=True),
    Column("used_at_s", Float, nullable=False),
    Column("until_s", Float, nullable=False, index=True),
)

revoked_origins = Table(
    "revoked_origins",
    metadata,
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), primary_key=True),
    Column("origin_jti", Text, primary_key=True),
    Column("until_s", Float, nullable=False, index=True),
)
