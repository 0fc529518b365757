"""Every table, on one `metadata`: the same for SQLite and PostgreSQL.

A table has columns for what is looked up and a `document` column (msgspec JSON of the record)
for the rest, so a record's shape can grow without a migration.
"""

from keyfob.store.tables import (
    broker,
    devices,
    federation,
    groups,
    iam_entities,
    iam_policies,
    identities,
    identity_pools,
    iot_policies,
    mail,
    open_id_keys,
    user_pools,
    users,
)
from keyfob.store.tables.metadata import metadata

__all__ = [
    "broker",
    "devices",
    "federation",
    "groups",
    "iam_entities",
    "iam_policies",
    "identities",
    "identity_pools",
    "iot_policies",
    "mail",
    "metadata",
    "open_id_keys",
    "user_pools",
    "users",
]
