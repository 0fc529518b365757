"""Brings a database to the newest schema before anything uses it."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from keyfob.core.errors import ConfigError
from keyfob.store.tables import metadata

HEAD = "0001"
"""The newest migration; a test keeps it equal to Alembic's head."""

MIGRATIONS = Path(__file__).with_name("migrations")


def prepare_schema(engine: Engine) -> None:
    """Create the tables of an empty database, or migrate an older one.

    An empty database gets the newest tables directly and is stamped with `HEAD`: it spares every
    start the cost of Alembic. A test sees that the migrations lead to the same tables.

    Raises:
        ConfigError: the database was written by a newer keyfob.
    """
    with engine.begin() as connection:
        revision = _revision(connection)
        if revision is None:
            metadata.create_all(connection, checkfirst=False)
            connection.execute(
                text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
            )
            connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
        elif revision != HEAD:
            _upgrade(connection, revision)


def _revision(connection: Connection) -> str | None:
    """Return the schema's revision; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def _upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations that are missing."""
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigError(
            f"the database is at revision `{revision}`, which this keyfob does not know: {error}"
        ) from error
