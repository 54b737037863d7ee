"""A migrated database is the one that ``engine.tables`` describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from engine import migrations
from engine.tables import metadata
from tests import rows
from tests.conftest import _count


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh(request, tmp_path) -> Callable[[str], str]:
    """Make an empty database of that name and return its URL."""
    if request.param == "sqlite":
        return lambda name: f"sqlite:///{tmp_path}/new/{name}.db"
    server = request.getfixturevalue("server")
    return lambda name: server.create(f"{name}_{next(_count)}")


def shape(url: str) -> dict[str, Any]:
    """Return the columns, keys and indexes of every table but Alembic's."""
    engine = sa.create_engine(url)
    looking = sa.inspect(engine)
    found = {
        name: {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"], one["default"])
                for one in looking.get_columns(name)
            ],
            "options": looking.get_table_options(name),
            "key": looking.get_pk_constraint(name),
            "indexes": sorted(_index(one) for one in looking.get_indexes(name)),
            "unique": looking.get_unique_constraints(name),
            "foreign": looking.get_foreign_keys(name),
        }
        for name in sorted(looking.get_table_names())
        if name != "alembic_version"
    }
    engine.dispose()
    return found


def _index(one: Any) -> str:
    options = {key: str(value) for key, value in one["dialect_options"].items()}
    return repr((one["name"], one["column_names"], one["unique"], options))


def test_the_migrated_schema_is_that_of_the_tables(fresh):
    migrated, described = fresh("migrated"), fresh("described")
    migrations.upgrade(migrated)
    migrations.upgrade(described)
    engine = sa.create_engine(described)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    engine.dispose()

    assert shape(migrated) == shape(described)
    assert sorted(shape(migrated)) == sorted(metadata.tables)


def test_alembic_finds_nothing_left_to_migrate(fresh):
    url = fresh("left")
    migrations.upgrade(url)
    engine = sa.create_engine(url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        left = compare_metadata(context, metadata)
    engine.dispose()

    assert left == []


def test_a_new_database_is_at_the_newest_revision(fresh):
    url = fresh("newest")

    assert migrations.upgrade(url) == (None, migrations.newest())
    assert migrations.revision(url) == migrations.newest()


def test_upgrading_again_changes_nothing(any_app):
    before = rows.everything(any_app)
    url = any_app.database.url.render_as_string(hide_password=False)

    assert migrations.upgrade(url) == (migrations.newest(), migrations.newest())
    assert rows.everything(any_app) == before
