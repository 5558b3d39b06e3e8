"""Events written by the thousand are the events that are read."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from domain.events import Event, EventName
from domain.facts import facts_of
from store import tables
from store.event_log import event_row, keep_events, keep_if_new
from store.events import EVENT_COLUMNS, read_event
from store.overtaking import Overtaken
from store.sessions import AsyncSession, Database

AT = datetime(2026, 3, 2, 12, 0, 0, 123_456, tzinfo=UTC)


def event(message_id: str = "m-1", *, at: datetime = AT, **properties: Any) -> Event:
    """Somebody looked at something."""
    return Event(
        id=message_id,
        name=EventName("Product Viewed"),
        happened_at=at,
        received_at=AT,
        facts=facts_of(properties),
        properties=properties,
    )


@pytest.fixture
async def ada(database: Database) -> str:
    async with database.writing() as session:
        session.add(tables.Customer(id="cus_ada", created_at=AT))
    return "cus_ada"


async def kept(session: AsyncSession) -> list[Event]:
    found = await session.execute(select(*EVENT_COLUMNS).order_by(col(tables.Event.id)))
    return [read_event(row) for row in found]


class TestEvents:
    async def test_are_read_as_they_were_written(self, database: Database, ada: str) -> None:
        told = [
            event("m-1", product_id="mug", name="Becher „Blau“ 🫖", price=12.5, tags=["a", None]),
            event("m-2", at=AT.replace(microsecond=0), order_id="1001", gift=True),
        ]

        async with database.writing() as session:
            await keep_events(session, [event_row(one, ada) for one in told])

        async with database.reading() as session:
            assert await kept(session) == told

    async def test_are_kept_in_utc(self, database: Database, ada: str) -> None:
        in_vienna = AT.astimezone(timezone(timedelta(hours=1)))

        async with database.writing() as session:
            await keep_events(session, [event_row(event(at=in_vienna), ada)])

        async with database.reading() as session:
            [one] = await kept(session)
            assert (one.happened_at, one.happened_at.utcoffset()) == (AT, timedelta())

    async def test_know_their_order_and_subject(self, database: Database, ada: str) -> None:
        async with database.writing() as session:
            await keep_events(session, [event_row(event(product_id="mug", order_id="1001"), ada)])

        async with database.reading() as session:
            [row] = await session.scalars(select(tables.Event))
            assert (row.customer_id, row.subject, row.order_id) == (ada, "product:mug", "1001")

    async def test_that_are_none_cost_nothing(self, database: Database) -> None:
        async with database.writing() as session:
            await keep_events(session, [])

        async with database.reading() as session:
            assert await kept(session) == []


class TestHundredsOfEvents:
    async def test_are_read_as_they_were_written(self, database: Database, ada: str) -> None:
        told = [
            event(f"m-{n}", at=AT + timedelta(seconds=n), name="Becher „Blau“ 🫖", price=n / 4)
            for n in range(300)
        ]

        async with database.writing() as session:
            await keep_events(session, [event_row(one, ada) for one in told])

        async with database.reading() as session:
            assert await kept(session) == told

    async def test_are_not_kept_beside_one_that_is_known(
        self, database: Database, ada: str
    ) -> None:
        async with database.writing() as session:
            await keep_events(session, [event_row(event("m-77"), ada)])

        with pytest.raises(Overtaken):
            async with database.writing() as session:
                await keep_events(session, [event_row(event(f"m-{n}"), ada) for n in range(300)])

        async with database.reading() as session:
            assert [one.id for one in await kept(session)] == ["m-77"]


class TestAnEventThatIsKnown:
    async def test_lets_nothing_be_kept_beside_it(self, database: Database, ada: str) -> None:
        async with database.writing() as session:
            await keep_events(session, [event_row(event("m-1"), ada)])

        with pytest.raises(Overtaken):
            async with database.writing() as session:
                await keep_events(session, [event_row(event(name), ada) for name in ("m-1", "m-2")])

        async with database.reading() as session:
            assert [one.id for one in await kept(session)] == ["m-1"]

    async def test_alone_is_not_kept_twice(self, database: Database, ada: str) -> None:
        async with database.writing() as session:
            is_new = await keep_if_new(session, event("m-1"), ada)
            is_still_new = await keep_if_new(session, event("m-1"), ada)

        assert (is_new, is_still_new) == (True, False)
