"""The day on which a customer was last there, whoever writes the moment, and what that costs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlmodel import col

from store import tables
from store.people import Person, add_people, write_moments
from store.sessions import Database
from store.writes import Writes
from tests.fakes.rows import NOON, ada, keep

MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)
LAST_DAY = date(2026, 3, 31)
INSTANT = timedelta(microseconds=1)
postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])


async def was_there(
    database: Database, at: datetime | None, *, timezone: str | None = None
) -> None:
    """Writes the moment of Ada's last activity and nothing else, as the first version does."""
    async with database.writing() as session:
        if timezone:
            await session.execute(text(f"SET LOCAL timezone = '{timezone}'"))
        await session.execute(update(tables.Customer).values(last_active_at=at))


async def day(database: Database) -> date | None:
    async with database.reading() as session:
        found = await session.execute(select(col(tables.Customer.last_active_on)))
        return found.scalar_one()


class TestTheDay:
    @pytest.mark.parametrize(
        ("at", "expected"),
        [(MIDNIGHT - INSTANT, LAST_DAY), (MIDNIGHT, date(2026, 4, 1)), (None, None)],
    )
    async def test_follows_the_moment(
        self, database: Database, at: datetime | None, expected: date | None
    ) -> None:
        await keep(database, ada(last_active_at=NOON))

        await was_there(database, at)

        assert await day(database) == expected

    @postgresql_alone
    async def test_is_that_of_utc_wherever_the_server_is(self, database: Database) -> None:
        await keep(database, ada())

        await was_there(database, MIDNIGHT - INSTANT, timezone="Pacific/Auckland")

        assert await day(database) == LAST_DAY

    async def test_is_noted_of_who_comes_for_the_first_time(self, database: Database) -> None:
        new = ada(last_active_at=MIDNIGHT - INSTANT).model_dump(exclude={"last_active_on"})
        async with database.writing() as session:
            await session.execute(insert(tables.Customer).values(new))

        assert await day(database) == LAST_DAY


async def changes_of_customers(database: Database) -> tuple[int, int]:
    """How many there were, and how many of them without a look at the indexes."""
    async with database.writing() as session:
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'customer'"
    async with database.reading() as session:
        changed, without = (await session.execute(text(counts))).one()
        return changed, without


@postgresql_alone
class TestAMoment:
    async def test_of_the_same_day_is_noted_without_a_look_at_the_indexes(
        self, database: Database
    ) -> None:
        people = [Person(id=f"cus_{n}", last_active_at=NOON) for n in range(100)]
        async with database.writing() as session:
            add_people(writes := Writes(), [(person, NOON) for person in people])
            await writes.write_last(session)
        before = await changes_of_customers(database)

        for hours in (1, 11, 12):
            then = [replace(one, last_active_at=NOON + timedelta(hours=hours)) for one in people]
            async with database.writing() as session:
                write_moments(writes, then[:5])
                await writes.write_last(session)

        changed, without = await changes_of_customers(database)
        assert (changed - before[0], without - before[1]) == (15, 10)

    async def test_finds_room_beside_the_row_that_it_changes(self, database: Database) -> None:
        declared = tables.Customer.__table__.dialect_options["postgresql"]["with"]  # type: ignore[attr-defined]

        async with database.reading() as session:
            query = "SELECT reloptions FROM pg_class WHERE oid = 'customer'::regclass"
            options = (await session.execute(text(query))).scalar_one()

        assert options == [f"fillfactor={declared['fillfactor']}"] == ["fillfactor=85"]
