"""The table of the keys that sign identity pools' own tokens."""

from sqlalchemy import Column, Float, LargeBinary, String, Table

from keyfob.store.tables.metadata import metadata

open_id_keys = Table(
    "open_id_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("created_at_s", Float, nullable=False),
    Column("private_key", LargeBinary, nullable=False),
)
"""`private_key` is PEM, encrypted with a key that is not in the database."""
