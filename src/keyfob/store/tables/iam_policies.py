"""Table of customer managed policies."""

from sqlalchemy import Column, LargeBinary, String, Table, UniqueConstraint

from keyfob.store.tables.metadata import metadata

iam_policies = Table(
    "iam_policies",
    metadata,
    Column("arn", String(2048), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name_key", String(128), nullable=False),
    Column("path", String(512), nullable=False),
    Column("document", LargeBinary, nullable=False),
    UniqueConstraint("account", "name_key"),
)
"""`name_key` is the name in lower case: unique within the account whatever the path."""
