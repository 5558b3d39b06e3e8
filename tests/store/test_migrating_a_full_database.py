"""A database that has been in use: migrated while it is, without loss and without long locks."""

import asyncio
from time import monotonic
from typing import Any

import pytest
from alembic import op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, inspect, select, text

import store.tables as declared
from domain.errors import Unavailable
from store.addresses import read_url
from store.migrations import run
from store.migrations.online import beside_writers
from store.sessions import Database
from tests.store.dangers import dangers
from tests.store.full_database import MIGRATIONS, ROWS, at, content

postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])
#: The longest that a gateway may have to wait: one turn in the queue for a table, and a slow
#: machine.
A_MOMENT = 5.0


def revisions() -> list[str]:
    """From the first to the newest."""
    script = ScriptDirectory(MIGRATIONS)
    return [revision.revision for revision in script.walk_revisions()][::-1]


class TestAFullDatabase:
    async def test_keeps_every_value(self, full: str) -> None:
        before = await run.in_transaction(read_url(full), content)

        await run.migrate(full)

        after = await run.in_transaction(read_url(full), lambda c: content(c, like=before))
        assert after == before
        assert {len(rows) for rows in before.values()} == {ROWS}

    async def test_can_be_read_by_this_version(self, full: str) -> None:
        await run.migrate(full)

        database = Database.open(full)
        async with database.reading() as session:
            found = {
                name: len((await session.scalars(select(getattr(declared, name)))).all())
                for name in declared.__all__
            }
        await database.close()
        assert found["Event"] == found["Message"] == found["Customer"] == ROWS

    async def test_may_stop_at_any_revision_and_go_on_later(self, full: str) -> None:
        for revision in revisions():
            await at(full, revision)

        assert await run.is_current(full)


@postgresql_alone
class TestAShopThatIsOpen:
    async def test_is_never_kept_waiting_for_long(self, full: str) -> None:
        database, waits, is_over = Database.open(full), [0.0], asyncio.Event()

        async def works() -> None:
            number = 0
            while not is_over.is_set():
                began, number = monotonic(), number + 1
                async with database.writing() as session:
                    await session.execute(_SEEN, {"id": 10_000 + number, "name": f"new {number}"})
                    await session.execute(text("UPDATE run SET step = 's' WHERE id = 'run 1'"))
                async with database.reading() as session:
                    for table in ("customer", "product", "message", '"order"'):
                        await session.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - ours
                waits.append(monotonic() - began)

        working = asyncio.create_task(works())
        await run.migrate(full)
        is_over.set()
        await working
        await database.close()

        assert len(waits) > 1
        assert max(waits) < A_MOMENT

    async def test_is_not_kept_waiting_by_a_change_that_waits_itself(self, full: str) -> None:
        database = Database.open(full)
        async with database.reading() as report:
            await report.execute(text("SELECT count(*) FROM customer, run"))
            migrating = asyncio.create_task(run.migrate(full, asks_for=0))
            await asyncio.sleep(0.3)

            began = monotonic()
            async with database.reading() as session:
                await session.execute(text("SELECT count(*) FROM customer"))
            waited = monotonic() - began

            with pytest.raises(Unavailable, match=r"hold tables of the database .* for too long"):
                await migrating
        await run.migrate(full)
        await database.close()

        assert waited < A_MOMENT
        assert await run.is_current(full)

    async def test_lets_a_change_through_as_soon_as_it_can(self, full: str) -> None:
        database = Database.open(full)
        async with database.reading() as report:
            await report.execute(text("SELECT count(*) FROM customer, run"))
            migrating = asyncio.create_task(run.migrate(full))
            await asyncio.sleep(1.5)
        await migrating
        await database.close()

        assert await run.is_current(full)


_SEEN = text(
    "INSERT INTO event (id, message_id, customer_id, name, properties, happened_at, received_at,"
    " is_history) VALUES (:id, :name, 'custom 1', 'Seen', '{}', now(), now(), false)"
)


@postgresql_alone
class TestAnIndexThatIsBuiltConcurrently:
    async def test_waits_for_no_other_migration(self, full: str) -> None:
        def builds(connection: Connection) -> None:
            context = MigrationContext.configure(connection)
            with Operations.context(context), context.begin_transaction(), beside_writers():
                op.drop_index("ix", "event", if_exists=True, postgresql_concurrently=True)
                op.create_index("ix", "event", ["name"], postgresql_concurrently=True)

        each = (run.one_at_a_time(read_url(full), builds) for _ in range(3))
        async with asyncio.timeout(60):
            await asyncio.gather(*each)

        found = await run.in_transaction(read_url(full), _indexes)
        assert "ix" in found


def _indexes(connection: Connection) -> set[str | None]:
    return {index["name"] for index in inspect(connection).get_indexes("event")}


class TestEachRevision:
    @postgresql_alone
    async def test_locks_no_table_for_as_long_as_it_is_large(self, full: str) -> None:
        statements: list[str] = []

        def note(*called: Any) -> None:
            statements.append(called[2])

        event.listen(Engine, "before_cursor_execute", note)
        try:
            await run.migrate(full)
        finally:
            event.remove(Engine, "before_cursor_execute", note)

        assert "UPDATE alembic_version" in " ".join(statements)
        assert dangers(statements) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE INDEX ix_event_name ON event (name)",
            "CREATE UNIQUE INDEX ix_event_name ON event (name)",
            "DROP INDEX ix_event_customer_time",
            "ALTER TABLE event ADD COLUMN seen BOOLEAN NOT NULL",
            "ALTER TABLE event ADD COLUMN at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL",
            "ALTER TABLE event ADD COLUMN number BIGSERIAL",
            "ALTER TABLE event ALTER COLUMN id TYPE BIGINT",
            "ALTER TABLE event ALTER COLUMN order_id SET NOT NULL",
            "ALTER TABLE event ADD CONSTRAINT known CHECK (name <> '')",
            "ALTER TABLE event ADD CONSTRAINT fk FOREIGN KEY(order_id) REFERENCES orders (id)",
            "ALTER TABLE event ADD CONSTRAINT uq UNIQUE (name)",
            "LOCK TABLE event",
            "UPDATE message SET attempts = 0",
            'DELETE FROM "event" WHERE is_history',
            "WITH told AS (UPDATE customer SET phone = NULL RETURNING id) SELECT id FROM told",
        ],
    )
    def test_could_do_so_thus(self, statement: str) -> None:
        assert len(dangers([statement])) == 1

    @pytest.mark.parametrize(
        "statements",
        [
            ["CREATE TABLE visit (id INT)", "CREATE INDEX ix_visit_id ON visit (id)"],
            ["CREATE INDEX CONCURRENTLY ix_event_name ON event (name)"],
            ["ALTER TABLE event ADD COLUMN seen BOOLEAN"],
            ["ALTER TABLE event ADD COLUMN more JSONB DEFAULT '{}' NOT NULL"],
            ["ALTER TABLE event ADD CONSTRAINT known CHECK (name <> '') NOT VALID"],
            ["ALTER TABLE event ADD CONSTRAINT uq UNIQUE USING INDEX ix_event_name"],
            ["UPDATE alembic_version SET version_num='0002'"],
            ["WITH few AS (SELECT id FROM run LIMIT 9) UPDATE run SET step = '' FROM few"],
        ],
    )
    def test_may_do_this(self, statements: list[str]) -> None:
        assert dangers(statements) == []
