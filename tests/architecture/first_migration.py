"""Writes the first migration anew from the tables: `make migration`.

Until the first release there is one migration, and it says what the tables are. Afterwards a
change of the tables is a new file beside it, and this one is deleted.
"""

import sys
from pathlib import Path

import sqlalchemy
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from keyfob.store.schema import HEAD, MIGRATIONS
from keyfob.store.tables import metadata

TARGET = MIGRATIONS / "versions" / "0001_first_tables.py"
HEADER = '''"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # one statement per table and index, written by `make migration`
    """Make every table."""
    {body}
'''


def render() -> str:
    """Return the migration's source, not yet formatted."""
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        script = produce_migrations(context, metadata)
    if script.upgrade_ops is None:
        raise SystemExit("Alembic found no tables")
    body = render_python_code(script.upgrade_ops)
    kept = [line for line in body.splitlines() if not line.lstrip().startswith("# ###")]
    return HEADER.format(body="\n".join(kept).strip())


def main(target: Path = TARGET) -> None:
    """Write the file."""
    if HEAD != "0001":
        raise SystemExit("released migrations are not rewritten: add one")
    target.write_text(render())
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main()
