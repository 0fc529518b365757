"""The tables of identities and of their logins."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata

identities = Table(
    "identities",
    metadata,
    Column("identity_id", String(64), primary_key=True),
    Column("pool_id", String(64), nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("ix_identities_pool_id", "pool_id", "identity_id"),
)

identity_logins = Table(
    "identity_logins",
    metadata,
    Column("pool_id", String(64), primary_key=True),
    Column("provider", String(255), primary_key=True),
    Column("subject", String(1024), primary_key=True),
    Column(
        "identity_id",
        String(64),
        ForeignKey("identities.identity_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Index("ix_identity_logins_subject", "subject"),
)
"""The primary key is what keeps a login from belonging to two identities of a pool."""
