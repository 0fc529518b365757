"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # one statement per table and index, written by `make migration`
    """Make every table."""
    op.create_table(
        "iam_access_key_uses",
        sa.Column("access_key_id", sa.String(length=128), nullable=False),
        sa.Column("used_at_s", sa.Float(), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("access_key_id", name=op.f("pk_iam_access_key_uses")),
    )
    op.create_table(
        "iam_access_keys",
        sa.Column("access_key_id", sa.String(length=128), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("access_key_id", name=op.f("pk_iam_access_keys")),
    )
    op.create_index(
        "ix_iam_access_keys_name_key", "iam_access_keys", ["account", "name_key"], unique=False
    )
    op.create_table(
        "iam_account_aliases",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("alias", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_iam_account_aliases")),
        sa.UniqueConstraint("alias", name=op.f("uq_iam_account_aliases_alias")),
    )
    op.create_table(
        "iam_group_members",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("group_key", sa.String(length=128), nullable=False),
        sa.Column("user_key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "group_key", "user_key", name=op.f("pk_iam_group_members")
        ),
    )
    op.create_index(
        "ix_iam_group_members_user_key", "iam_group_members", ["account", "user_key"], unique=False
    )
    op.create_table(
        "iam_groups",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name_key", name=op.f("pk_iam_groups")),
    )
    op.create_table(
        "iam_instance_profiles",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("role_key", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("account", "name_key", name=op.f("pk_iam_instance_profiles")),
    )
    op.create_index(
        op.f("ix_iam_instance_profiles_role_key"),
        "iam_instance_profiles",
        ["role_key"],
        unique=False,
    )
    op.create_table(
        "iam_open_id_providers",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name_key", name=op.f("pk_iam_open_id_providers")),
    )
    op.create_table(
        "iam_policies",
        sa.Column("arn", sa.String(length=2048), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("arn", name=op.f("pk_iam_policies")),
        sa.UniqueConstraint("account", "name_key", name=op.f("uq_iam_policies_account_name_key")),
    )
    op.create_table(
        "iam_policy_uses",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("name_key", sa.String(length=128), nullable=False),
        sa.Column("policy_arn", sa.String(length=2048), nullable=False),
        sa.Column("usage", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "kind", "name_key", "policy_arn", "usage", name=op.f("pk_iam_policy_uses")
        ),
    )
    op.create_index(
        "ix_iam_policy_uses_policy_arn", "iam_policy_uses", ["policy_arn", "account"], unique=False
    )
    op.create_table(
        "iam_roles",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name_key", name=op.f("pk_iam_roles")),
    )
    op.create_table(
        "iam_saml_providers",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name_key", name=op.f("pk_iam_saml_providers")),
    )
    op.create_table(
        "iam_users",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name_key", name=op.f("pk_iam_users")),
    )
    op.create_table(
        "identities",
        sa.Column("identity_id", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_pool_id", "identities", ["pool_id", "identity_id"], unique=False)
    op.create_table(
        "identity_pools",
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_identity_pools")),
    )
    op.create_index(
        "ix_identity_pools_account_region",
        "identity_pools",
        ["account", "region", "pool_id"],
        unique=False,
    )
    op.create_table(
        "iot_policies",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_iot_policies")),
    )
    op.create_table(
        "iot_policy_attachments",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=2048), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "region", "target", "name", name=op.f("pk_iot_policy_attachments")
        ),
    )
    op.create_index(
        "ix_iot_policy_attachments_name",
        "iot_policy_attachments",
        ["account", "region", "name"],
        unique=False,
    )
    op.create_table(
        "mqtt_messages",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("body", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "body", name=op.f("pk_mqtt_messages")),
    )
    op.create_table(
        "mqtt_queue",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.BigInteger(), nullable=False),
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("is_received", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "region", "client_id", "number", name=op.f("pk_mqtt_queue")
        ),
    )
    op.create_index(
        op.f("ix_mqtt_queue_account_region_body"),
        "mqtt_queue",
        ["account", "region", "body"],
        unique=False,
    )
    op.create_table(
        "mqtt_received",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("packet_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "region", "client_id", "packet_id", name=op.f("pk_mqtt_received")
        ),
    )
    op.create_table(
        "mqtt_retained",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "topic", name=op.f("pk_mqtt_retained")),
    )
    op.create_table(
        "mqtt_sessions",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("expires_at_s", sa.Float(), nullable=True),
        sa.Column("expiry_interval_s", sa.BigInteger(), nullable=False),
        sa.Column("sent_up_to", sa.BigInteger(), nullable=False),
        sa.Column("will", sa.LargeBinary(), nullable=True),
        sa.Column("will_at_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("account", "region", "client_id", name=op.f("pk_mqtt_sessions")),
    )
    op.create_table(
        "mqtt_subscriptions",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("topic_filter", sa.String(), nullable=False),
        sa.Column("qos", sa.Integer(), nullable=False),
        sa.Column("options", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.Integer(), nullable=False),
        sa.Column("matches_parent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "region", "client_id", "topic_filter", name=op.f("pk_mqtt_subscriptions")
        ),
    )
    op.create_table(
        "open_id_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("created_at_s", sa.Float(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_open_id_keys")),
    )
    op.create_table(
        "user_pools",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_user_pools")),
    )
    op.create_index(
        op.f("ix_user_pools_account_region_pool_id"),
        "user_pools",
        ["account", "region", "pool_id"],
        unique=False,
    )
    op.create_table(
        "identity_logins",
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("identity_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["identities.identity_id"],
            name=op.f("fk_identity_logins_identity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "provider", "subject", name=op.f("pk_identity_logins")),
    )
    op.create_index(
        op.f("ix_identity_logins_identity_id"), "identity_logins", ["identity_id"], unique=False
    )
    op.create_index("ix_identity_logins_subject", "identity_logins", ["subject"], unique=False)
    op.create_table(
        "identity_providers",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_identity_providers_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_identity_providers")),
    )
    op.create_table(
        "messages",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_messages_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_messages")),
    )
    op.create_index(
        op.f("ix_messages_pool_id_number"), "messages", ["pool_id", "number"], unique=False
    )
    op.create_table(
        "pool_groups",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_pool_groups_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_pool_groups")),
    )
    op.create_table(
        "pool_users",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_pool_users_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "sub", name=op.f("pk_pool_users")),
    )
    op.create_table(
        "resource_servers",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_resource_servers_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_resource_servers")),
    )
    op.create_table(
        "revoked_origins",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("origin_jti", sa.Text(), nullable=False),
        sa.Column("until_s", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_revoked_origins_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "origin_jti", name=op.f("pk_revoked_origins")),
    )
    op.create_index(
        op.f("ix_revoked_origins_until_s"), "revoked_origins", ["until_s"], unique=False
    )
    op.create_table(
        "rotated_tokens",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("used_at_s", sa.Float(), nullable=False),
        sa.Column("until_s", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_rotated_tokens_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "token_id", name=op.f("pk_rotated_tokens")),
    )
    op.create_index(op.f("ix_rotated_tokens_until_s"), "rotated_tokens", ["until_s"], unique=False)
    op.create_table(
        "user_pool_clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_user_pool_clients_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_user_pool_clients")),
    )
    op.create_index(
        op.f("ix_user_pool_clients_pool_id_client_id"),
        "user_pool_clients",
        ["pool_id", "client_id"],
        unique=False,
    )
    op.create_table(
        "user_pool_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["user_pools.pool_id"],
            name=op.f("fk_user_pool_domains_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_user_pool_domains")),
    )
    op.create_index(
        op.f("ix_user_pool_domains_pool_id"), "user_pool_domains", ["pool_id"], unique=False
    )
    op.create_table(
        "pool_devices",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("device_key", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["pool_users.pool_id", "pool_users.sub"],
            name=op.f("fk_pool_devices_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "sub", "device_key", name=op.f("pk_pool_devices")),
    )
    op.create_table(
        "pool_group_members",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "name"],
            ["pool_groups.pool_id", "pool_groups.name"],
            name=op.f("fk_pool_group_members_pool_id_name"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["pool_users.pool_id", "pool_users.sub"],
            name=op.f("fk_pool_group_members_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", "sub", name=op.f("pk_pool_group_members")),
    )
    op.create_index(
        op.f("ix_pool_group_members_pool_id_sub"),
        "pool_group_members",
        ["pool_id", "sub"],
        unique=False,
    )
    op.create_table(
        "pool_user_names",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["pool_users.pool_id", "pool_users.sub"],
            name=op.f("fk_pool_user_names_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_pool_user_names")),
    )
    op.create_index(op.f("ix_pool_user_names_name"), "pool_user_names", ["name"], unique=False)
    op.create_index(
        op.f("ix_pool_user_names_pool_id_sub"), "pool_user_names", ["pool_id", "sub"], unique=False
    )
    op.create_table(
        "pool_user_search",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["pool_users.pool_id", "pool_users.sub"],
            name=op.f("fk_pool_user_search_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "sub", "attribute", name=op.f("pk_pool_user_search")),
    )
    op.create_index(
        op.f("ix_pool_user_search_pool_id_attribute_value_sub"),
        "pool_user_search",
        ["pool_id", "attribute", "value", "sub"],
        unique=False,
    )
