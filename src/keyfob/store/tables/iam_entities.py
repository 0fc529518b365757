"""Tables of IAM roles and users, and what they refer to.

`name_key` is the name in lower case: IAM names are unique regardless of case.
"""

from sqlalchemy import Column, Index, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata


def _entity_table(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("account", String(12), primary_key=True),
        Column("name_key", String(64), primary_key=True),
        Column("path", String(512), nullable=False),
        Column("document", LargeBinary, nullable=False),
    )


iam_roles = _entity_table("iam_roles")
iam_users = _entity_table("iam_users")

iam_policy_uses = Table(
    "iam_policy_uses",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("kind", String(4), primary_key=True),
    Column("name_key", String(64), primary_key=True),
    Column("policy_arn", String(2048), primary_key=True),
    Column("usage", String(8), primary_key=True),
    Index("ix_iam_policy_uses_policy_arn", "policy_arn", "account"),
)
"""One row per managed policy that an entity has: `kind` is `role` or `user`, `usage` is
`attached` or `boundary`. Kept in step with the entities' documents by their adapter."""

iam_access_keys = Table(
    "iam_access_keys",
    metadata,
    Column("access_key_id", String(128), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name_key", String(64), nullable=False),
    Index("ix_iam_access_keys_name_key", "account", "name_key"),
)
"""Which user an access key belongs to; the key itself is in the user's document, sealed."""
