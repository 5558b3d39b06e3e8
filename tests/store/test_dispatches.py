"""Starts and signals on their way to Temporal."""

from datetime import timedelta

from store import tables
from store.dispatches import NewDispatch, add_dispatches
from store.sessions import Database
from tests.fakes.rows import NOON, ada, keep, run


def told(run_id: str, name: str, *, owner: str | None) -> NewDispatch:
    """A signal that somebody has in hand, or nobody."""
    return NewDispatch(
        run_id=run_id,
        kind="signal",
        name=name,
        payload={"id": name},
        owner=owner,
        leased_until=NOON + timedelta(seconds=15),
        created_at=NOON,
    )


class TestWhatIsToBeTold:
    async def test_is_numbered_in_its_order(self, database: Database) -> None:
        await keep(database, ada(), run("run_1"), run("run_2", key="2"))
        names = [f"number {n}" for n in range(50)]
        new = [
            told(f"run_{n % 2 + 1}", name, owner="me" if n % 5 else None)
            for n, name in enumerate(names)
        ]

        async with database.writing() as session:
            in_hand = await add_dispatches(session, new)

        assert [row.name for row in in_hand] == [one.name for one in new if one.owner]
        async with database.reading() as session:
            kept = [await session.get_one(tables.Dispatch, row.id) for row in in_hand]
        assert [(row.id, row.run_id, row.payload) for row in kept] == [
            (row.id, row.run_id, row.payload) for row in in_hand
        ]
        assert sorted(row.id or 0 for row in kept) == [row.id for row in kept]

    async def test_that_is_nothing_costs_nothing(self, database: Database) -> None:
        async with database.writing() as session:
            assert await add_dispatches(session, []) == []
