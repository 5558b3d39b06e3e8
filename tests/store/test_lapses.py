"""Buyers who have been silent since a certain time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from domain.products import ProductKind
from store import tables
from store.lapses import silent_between
from store.sessions import Database
from tests.fakes.rows import ada, event, keep

MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
IN_NEW_YORK = timezone(timedelta(hours=-4))
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


def buyer(name: str, at: datetime, **changes: Any) -> tables.Customer:
    """Somebody who has bought, and was there for the last time at this moment."""
    plain: dict[str, Any] = {"external_id": name, "last_ordered_at": LONG_AGO, "last_active_at": at}
    return ada(id=name, **(plain | changes))


async def silent(
    database: Database,
    since: datetime,
    until: datetime,
    *,
    kind: ProductKind | None = None,
    limit: int = 9,
) -> list[str]:
    async with database.reading() as session:
        found = await silent_between(session, since, until, kind=kind, limit=limit)
    return [customer_id for customer_id, _ in found]


class TestWhoIsSilent:
    @pytest.mark.parametrize(
        ("since", "until", "found"),
        [
            (-2 * HOUR, timedelta(), ["before", "at"]),
            (-2 * HOUR, -INSTANT, ["before"]),
            (-INSTANT, INSTANT, ["at", "after"]),
            (timedelta(), HOUR, ["after"]),
            (timedelta(days=-7), timedelta(days=7), ["before", "at", "after"]),
            (timedelta(days=-7), -2 * HOUR, []),
            (INSTANT, timedelta(days=7), []),
        ],
    )
    async def test_is_told_to_the_instant_at_the_edge_of_a_day(
        self, database: Database, since: timedelta, until: timedelta, found: list[str]
    ) -> None:
        await keep(
            database,
            buyer("before", MIDNIGHT - INSTANT),
            buyer("at", MIDNIGHT),
            buyer("after", MIDNIGHT + INSTANT),
        )

        assert await silent(database, MIDNIGHT + since, MIDNIGHT + until) == found

    async def test_does_not_depend_on_where_it_is_asked(self, database: Database) -> None:
        await keep(database, buyer("ada", MIDNIGHT + HOUR))
        asked = (MIDNIGHT + HOUR).astimezone(IN_NEW_YORK)  # the evening before

        assert await silent(database, asked - INSTANT, asked) == ["ada"]

    async def test_is_told_in_the_order_of_time_and_no_more_than_asked_for(
        self, database: Database
    ) -> None:
        await keep(
            database, *(buyer(f"{n}", MIDNIGHT + (n % 4) * 9 * HOUR) for n in range(4)[::-1])
        )

        found = await silent(database, MIDNIGHT - HOUR, MIDNIGHT + 99 * HOUR, limit=3)

        assert found == ["0", "1", "2"]

    async def test_is_told_by_what_they_bought(self, database: Database) -> None:
        await keep(database, buyer("ada", MIDNIGHT), buyer("bea", MIDNIGHT, bought_kind="soft"))

        found = await silent(database, MIDNIGHT - HOUR, MIDNIGHT, kind=ProductKind.SOFT)

        assert found == ["bea"]

    async def test_is_nobody_who_was_noticed_or_never_bought_or_is_gone(
        self, database: Database
    ) -> None:
        await keep(
            database,
            buyer("noticed", MIDNIGHT),
            event("lapsed", MIDNIGHT + HOUR, customer_id="noticed", name="Customer Lapsed"),
            buyer("never bought", MIDNIGHT, last_ordered_at=None),
            buyer("erased", MIDNIGHT, erased_at=MIDNIGHT),
            buyer("merged", MIDNIGHT, merged_into="noticed"),
        )

        assert await silent(database, MIDNIGHT - HOUR, MIDNIGHT) == []


class TestAGatewayOfTheVersionBefore:
    """It knows of moments alone, and may go on writing them while the new ones look."""

    async def test_brings_somebody_back_whose_silence_was_over_long_ago(
        self, database: Database
    ) -> None:
        await keep(database, buyer("ada", LONG_AGO))
        customer = tables.Customer
        async with database.writing() as session:
            await session.execute(update(customer).values(last_active_at=MIDNIGHT))

        assert await silent(database, LONG_AGO - HOUR, LONG_AGO) == []
        assert await silent(database, MIDNIGHT - HOUR, MIDNIGHT) == ["ada"]

    async def test_brings_somebody_new(self, database: Database) -> None:
        new = buyer("ada", MIDNIGHT).model_dump(exclude={"last_active_on"})
        async with database.writing() as session:
            await session.execute(insert(tables.Customer).values(new))

        assert await silent(database, MIDNIGHT - HOUR, MIDNIGHT) == ["ada"]


#: One buyer for each hour of four months.
_MANY = text(
    """
    INSERT INTO customer
        (id, attributes, consents, latest, created_at, last_ordered_at, last_active_at)
    SELECT n, '{}', '{}', '{}', now(), now(), timestamptz '2026-04-01Z' - n * interval '1h'
    FROM generate_series(0, 2999) AS n
    """
)


async def reads(database: Database) -> tuple[int, int]:
    """How often all customers were read, and how often the index by days."""
    query = """
        SELECT whole.seq_scan, by_day.idx_scan
        FROM pg_stat_user_tables AS whole JOIN pg_stat_user_indexes AS by_day USING (relid)
        WHERE by_day.indexrelname = 'ix_customer_last_active_on'
    """
    async with database.reading() as session:
        whole, by_day = (await session.execute(text(query))).one()
        return whole, by_day


@pytest.mark.parametrize("dialect", ["postgresql"])
class TestTheSearch:
    async def test_reads_those_days_and_not_all_customers(self, database: Database) -> None:
        async with database.writing() as session:
            await session.execute(_MANY)
            await session.execute(text("ANALYZE customer"))
            await session.execute(text("SELECT pg_stat_force_next_flush()"))
        whole, by_day = await reads(database)

        async with database.reading() as session:
            found = await silent_between(
                session, MIDNIGHT - 24 * HOUR, MIDNIGHT, kind=None, limit=500
            )
            await session.execute(text("SELECT pg_stat_force_next_flush()"))

        assert len(found) == 24
        assert await reads(database) == (whole, by_day + 1)
