"""Starts and signals on their way to Temporal."""

from store import tables
from store.dispatches import add_dispatches, in_hand
from store.sessions import Database
from store.writes import Writes
from tests.fakes.effects import signal
from tests.fakes.rows import ada, keep, run


class TestWhatIsToBeTold:
    async def test_is_numbered_in_its_order(self, database: Database) -> None:
        await keep(database, ada(), run("run_1"), run("run_2", key="2"))
        names = [f"number {n}" for n in range(50)]
        new = [
            signal(f"run_{n % 2 + 1}", name, owner="me" if n % 5 else None)
            for n, name in enumerate(names)
        ]

        async with database.writing() as session:
            ids = add_dispatches(writes := Writes(), new)
            await writes.write_last(session)

        mine = in_hand(new, ids)
        assert [row.name for row in mine] == [one.name for one in new if one.owner]
        async with database.reading() as session:
            kept = [await session.get_one(tables.Dispatch, row.id) for row in mine]
        assert [(row.id, row.run_id, row.payload) for row in kept] == [
            (row.id, row.run_id, row.payload) for row in mine
        ]
        assert sorted(row.id or 0 for row in kept) == [row.id for row in kept]

    async def test_that_is_nothing_costs_nothing(self, database: Database) -> None:
        async with database.writing() as session:
            ids = add_dispatches(writes := Writes(), [])
            await writes.write_last(session)

        assert in_hand([], ids) == []
