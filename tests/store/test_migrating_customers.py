"""Customers from before their days were noted: found by them all the same."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, MetaData, Table, inspect, select

from store.addresses import read_url
from store.migrations import run
from tests.store.full_database import ROWS, at

#: More than are noted at a time.
BUYERS = 1_200


def _came_on_days_of_their_own(connection: Connection) -> None:
    customer = Table("customer", MetaData(), autoload_with=connection)
    days = [datetime(2020, 1, 1, 23, 59, tzinfo=UTC) + timedelta(days=n) for n in range(BUYERS)]
    rows = [
        {
            "id": f"buyer {number}",
            **{name: {} for name in ("attributes", "consents", "latest")},
            **dict.fromkeys(("created_at", "last_ordered_at", "last_active_at"), day),
        }
        for number, day in enumerate(days)
    ]
    connection.execute(customer.insert(), rows)


def _broke_off(connection: Connection) -> None:
    """The first of them were noted, and an index begun that is of no use."""
    connection.exec_driver_sql("UPDATE customer SET phone = '1' WHERE id < 'custom 5'")
    connection.exec_driver_sql("CREATE INDEX ix_customer_last_active_on ON customer (phone)")


def _never_bought(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE customer SET last_ordered_at = NULL")


def _buys(connection: Connection) -> None:
    connection.exec_driver_sql(
        "UPDATE customer SET last_ordered_at = created_at WHERE id = 'custom 5'"
    )


def _noted(connection: Connection) -> list[tuple[date | None, date]]:
    """Of each customer the day that is noted, and that of the moment."""
    customer = Table("customer", MetaData(), autoload_with=connection)
    found = connection.execute(select(customer.c.last_active_on, customer.c.last_active_at))
    return [(day, moment.date()) for day, moment in found]


def _indexes(connection: Connection) -> dict[str | None, list[str | None]]:
    """Columns by index."""
    found = inspect(connection).get_indexes("customer")
    return {index["name"]: index["column_names"] for index in found}


class TestBuyers:
    async def test_are_noted_by_the_day_they_were_last_there(self, full: str) -> None:
        await run.in_transaction(read_url(full), _came_on_days_of_their_own)

        await run.migrate(full)

        noted = await run.in_transaction(read_url(full), _noted)
        assert len(noted) == BUYERS + ROWS
        assert [(day, expected) for day, expected in noted if day != expected] == []

    async def test_are_noted_and_found_though_it_broke_off_once(self, full: str) -> None:
        await at(full, "0009")
        await run.in_transaction(read_url(full), _broke_off)

        await run.migrate(full)

        noted = await run.in_transaction(read_url(full), _noted)
        assert {day for day, _ in noted} == {date(2026, 3, 2)}
        indexes = await run.in_transaction(read_url(full), _indexes)
        assert indexes["ix_customer_last_active_on"] == ["last_active_on"]


class TestWhoNeverBought:
    async def test_is_noted_with_their_first_order(self, full: str) -> None:
        await run.in_transaction(read_url(full), _never_bought)
        await run.migrate(full)

        await run.in_transaction(read_url(full), _buys)

        noted = await run.in_transaction(read_url(full), _noted)
        assert [day for day, _ in noted if day] == [date(2026, 3, 2)]
