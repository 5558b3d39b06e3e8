"""What is written of several tables at once."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from store import tables
from store.dispatches import add_dispatches
from store.overtaking import Overtaken
from store.people import Person, add_people, name_customers, write_moments
from store.runs import add_runs
from store.sessions import Database
from store.writes import Writes
from tests.fakes.effects import new_run, signal
from tests.fakes.rows import NOON, ada, identity, keep

BEA = ("user", "bea")


async def counts(database: Database) -> dict[str, int]:
    """How many rows there are of each of these tables."""
    kept = (tables.Customer, tables.Identity, tables.Run, tables.Dispatch)
    async with database.reading() as session:
        return {
            str(table.__tablename__): len((await session.scalars(select(table))).all())
            for table in kept
        }


def somebody_new() -> Writes:
    """Bea, her name, her run, and what it is to be told; and that Ada was there."""
    writes = Writes()
    add_people(writes, [(Person("cus_bea"), NOON)])
    name_customers(writes, {BEA: "cus_bea"}, unowned=[BEA])
    write_moments(writes, [Person("cus_ada", last_active_at=NOON)])
    add_runs(writes, [new_run("run_bea", customer_id="cus_bea")])
    return writes


class TestWrites:
    async def test_are_all_kept_though_one_refers_to_another(self, database: Database) -> None:
        await keep(database, ada())
        writes = somebody_new()
        add_dispatches(writes, [signal("run_bea"), signal("run_bea")])

        async with database.writing() as session:
            await writes.write_last(session)

        assert await counts(database) == {"customer": 2, "identity": 1, "run": 1, "dispatch": 2}
        async with database.reading() as session:
            assert (await session.get_one(tables.Customer, "cus_ada")).last_active_at == NOON

    async def test_tell_what_the_database_gave_to_some(self, database: Database) -> None:
        await keep(database, ada())
        writes = somebody_new()
        ids = add_dispatches(writes, [signal("run_bea"), signal("run_bea")])

        async with database.writing() as session:
            before = list(ids)
            await writes.write_last(session)

        assert (before, len(set(ids))) == ([], 2)
        async with database.reading() as session:
            assert {(await session.get_one(tables.Dispatch, i)).run_id for i in ids} == {"run_bea"}

    async def test_are_overtaken_when_something_new_is_there(self, database: Database) -> None:
        await keep(database, ada())
        await keep(database, identity("cus_ada", "bea"))

        with pytest.raises(Overtaken):
            async with database.writing() as session:
                await somebody_new().write(session)

        assert await counts(database) == {"customer": 1, "identity": 1, "run": 0, "dispatch": 0}

    async def test_are_refused_when_they_refer_to_nobody(self, database: Database) -> None:
        await keep(database, ada())
        writes = somebody_new()
        add_runs(writes, [new_run("run_eve", customer_id="cus_eve")])

        with pytest.raises(IntegrityError):
            async with database.writing() as session:
                await writes.write_last(session)

        assert await counts(database) == {"customer": 1, "identity": 0, "run": 0, "dispatch": 0}

    async def test_are_made_once(self, database: Database) -> None:
        await keep(database, ada())
        writes = somebody_new()

        async with database.writing() as session:
            await writes.write(session)
            await writes.write_last(session)

        assert (await counts(database))["run"] == 1

    async def test_that_are_none_ask_nothing(self, database: Database, asked: list[str]) -> None:
        async with database.writing() as session:
            await Writes().write(session)

        assert asked == []


class TestWritesOnPostgresql:
    @pytest.mark.parametrize("dialect", ["postgresql"])
    async def test_are_one_statement(self, database: Database, asked: list[str]) -> None:
        await keep(database, ada())
        asked.clear()

        async with database.writing() as session:
            await somebody_new().write_last(session)

        assert len(asked) == 1

    @pytest.mark.parametrize("dialect", ["postgresql"])
    async def test_of_a_single_row_need_no_plans_of_their_own(
        self, database: Database, asked: list[str]
    ) -> None:
        await keep(database, ada())
        asked.clear()
        writes = Writes()
        write_moments(writes, [Person("cus_ada", last_active_at=NOON)])

        async with database.writing() as session:
            await writes.write(session)

        [said] = asked
        assert said.startswith("UPDATE customer SET latest")
