"""Tables of IAM's named resources, and what they refer to.

`name_key` is the name in lower case: IAM names are unique regardless of case.
"""

from sqlalchemy import Column, Float, Index, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata


def resource_table(name: str, *further: Column[str]) -> Table:
    """Return a table of named resources: what `SqlResourceStore` needs, and further columns."""
    return Table(
        name,
        metadata,
        Column("account", String(12), primary_key=True),
        Column("name_key", String(255), primary_key=True),
        Column("path", String(512), nullable=False),
        Column("document", LargeBinary, nullable=False),
        *further,
    )


iam_roles = resource_table("iam_roles")
iam_users = resource_table("iam_users")
iam_groups = resource_table("iam_groups")

iam_instance_profiles = resource_table(
    "iam_instance_profiles", Column("role_key", String(64), index=True)
)
"""`role_key` is the lower-case name of the role it holds."""

iam_open_id_providers = resource_table("iam_open_id_providers")
iam_saml_providers = resource_table("iam_saml_providers")

iam_account_aliases = Table(
    "iam_account_aliases",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("alias", String(63), nullable=False, unique=True),
)

iam_group_members = Table(
    "iam_group_members",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("group_key", String(128), primary_key=True),
    Column("user_key", String(64), primary_key=True),
    Index("ix_iam_group_members_user_key", "account", "user_key"),
)
"""Who is in which group, by their `name_key`; renaming either rewrites its rows."""

iam_policy_uses = Table(
    "iam_policy_uses",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("kind", String(5), primary_key=True),
    Column("name_key", String(128), primary_key=True),
    Column("policy_arn", String(2048), primary_key=True),
    Column("usage", String(8), primary_key=True),
    Index("ix_iam_policy_uses_policy_arn", "policy_arn", "account"),
)
"""One row per managed policy that an entity has: `kind` is `role`, `user` or `group`,
`usage` is `attached` or `boundary`. Kept in step with the entities' documents by their adapter."""

iam_access_keys = Table(
    "iam_access_keys",
    metadata,
    Column("access_key_id", String(128), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name_key", String(64), nullable=False),
    Index("ix_iam_access_keys_name_key", "account", "name_key"),
)
"""Which user an access key belongs to; the key itself is in the user's document, sealed."""

iam_access_key_uses = Table(
    "iam_access_key_uses",
    metadata,
    Column("access_key_id", String(128), primary_key=True),
    Column("used_at_s", Float, nullable=False),
    Column("region", String(64), nullable=False),
    Column("service", String(64), nullable=False),
)
"""When an access key last signed, for which region and service; written now and then."""
