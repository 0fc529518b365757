"""Every table, on one `metadata`: the same for SQLite and PostgreSQL.

A table has columns for what is looked up and a `document` column (msgspec JSON of the record)
for the rest, so a record's shape can grow without a migration.
"""

from keyfob.store.tables.metadata import metadata

__all__ = ["metadata"]
