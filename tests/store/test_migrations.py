"""The schema that the migrations build, and how they run."""

import asyncio
import os
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

import store.tables  # noqa: F401 - declares the tables
from domain.errors import Unavailable
from store.addresses import read_url
from store.migrations import run

sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"])


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, SQLModel.metadata))


def _tables(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


def _downgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "store/migrations")
    config.attributes["connection"] = connection
    command.downgrade(config, "base")


def _is_of_a_later_version(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


class TestMigrating:
    async def test_builds_exactly_the_tables_that_the_program_declares(self, bare_url: str) -> None:
        await run.migrate(bare_url)

        assert await run.in_transaction(read_url(bare_url), _differences) == []

    @sqlite_alone
    async def test_creates_the_folder_of_the_database(self, bare_url: str, tmp_path: Path) -> None:
        await run.migrate(bare_url)

        assert (tmp_path / "data" / "dormouse.db").is_file()

    async def test_twice_changes_nothing(self, bare_url: str) -> None:
        await run.migrate(bare_url)

        await run.migrate(bare_url)

        assert await run.current_revision(bare_url) == run.newest_revision()

    async def test_leaves_the_schema_of_a_later_version_as_it_is(self, bare_url: str) -> None:
        await run.migrate(bare_url)
        await run.in_transaction(read_url(bare_url), _is_of_a_later_version)

        await run.migrate(bare_url)

        assert await run.current_revision(bare_url) == "9999"

    async def test_by_several_at_once_lets_one_do_it(self, bare_url: str) -> None:
        await asyncio.gather(*(run.migrate(bare_url) for _ in range(4)))

        assert await run.is_current(bare_url)

    async def test_back_to_the_beginning_leaves_no_table(self, bare_url: str) -> None:
        await run.migrate(bare_url)

        await run.one_at_a_time(read_url(bare_url), _downgrade)

        assert await run.in_transaction(read_url(bare_url), _tables) == ["alembic_version"]

    async def test_says_so_when_the_folder_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")

        with pytest.raises(Unavailable, match="cannot be created"):
            await run.migrate(f"sqlite:///{tmp_path}/file/dormouse.db")

    async def test_says_so_when_the_file_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "dormouse.db").write_text("this is a shopping list " * 100)

        with pytest.raises(Unavailable, match=r"dormouse\.db is not a database; move that file"):
            await run.migrate(f"sqlite:///{tmp_path}/dormouse.db")


class TestTheRevision:
    @sqlite_alone
    async def test_of_a_database_that_is_not_there_is_none(
        self, bare_url: str, tmp_path: Path
    ) -> None:
        revision = await run.current_revision(bare_url)

        assert revision is None
        assert [*os.scandir(tmp_path)] == []

    async def test_of_a_new_database_is_not_current(self, bare_url: str) -> None:
        assert not await run.is_current(bare_url)

    async def test_of_a_migrated_database_is_current(self, bare_url: str) -> None:
        await run.migrate(bare_url)

        assert await run.is_current(bare_url)
