"""Tables of user pool users, the names they go by, and revoked sign-ins."""

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

revoked_origins = Table(
    "revoked_origins",
    metadata,
    Column("pool_id", ForeignKey("user_pools.pool_id", ondelete="CASCADE"), primary_key=True),
    Column("origin_jti", Text, primary_key=True),
    Column("until_s", Float, nullable=False, index=True),
)
