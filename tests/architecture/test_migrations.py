"""The migrations lead to the very tables that an empty database gets at once."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from keyfob.store.schema import HEAD, MIGRATIONS, prepare_schema
from keyfob.store.tables import metadata


@pytest.fixture
def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


@pytest.fixture
def migrated(config: Config) -> Iterator[Connection]:
    """An empty database, migrated step by step."""
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        yield connection
    engine.dispose()


def shape(connection: Connection) -> dict[str, Any]:
    """Return what there is, in a form that compares."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], repr(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_the_newest_migration_is_the_schemas_head(config: Config) -> None:
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrating_makes_the_tables_that_are_declared(migrated: Connection) -> None:
    assert compare_metadata(MigrationContext.configure(migrated), metadata) == []


def test_migrating_and_creating_make_the_same(migrated: Connection) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        assert shape(connection) == shape(migrated)
    engine.dispose()


def test_an_empty_database_is_stamped_with_the_head(config: Config) -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    prepare_schema(engine)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == HEAD
        config.attributes["connection"] = connection
        command.upgrade(config, "head")  # nothing is left to do
    engine.dispose()
