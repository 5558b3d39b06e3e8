"""One customer's story, merged by time and read page by page."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from store import tables
from store.sessions import Database
from store.timeline import Kind, timeline
from tests.fakes.rows import NOON, ada, consent, event, keep, message, run


def hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


def report(message_id: str, at: datetime) -> tables.DeliveryEvent:
    return tables.DeliveryEvent(
        provider="outbox",
        event_id=f"{message_id} at {at}",
        message_id=message_id,
        type="delivered",
        happened_at=at,
        received_at=at,
    )


class TestATimeline:
    async def test_tells_everything_the_latest_first(self, database: Database) -> None:
        await keep(
            database,
            ada(),
            consent(hour(0)),
            event("e1", hour(1), name="Product Added"),
            run(entered_at=hour(1), ended_at=hour(5), exit_reason="purchased"),
            message(created_at=hour(2), sent_at=hour(3)),
            report("msg_1", hour(4)),
        )

        async with database.reading() as session:
            moments = await timeline(session, "cus_ada", after=None, limit=10)

        assert [(moment.place.at, moment.title) for moment in moments] == [
            (hour(5), "Left cart-abandonment: purchased"),
            (hour(4), "Mail delivered"),
            (hour(3), "Message cart-abandonment/kept-for-you: accepted"),
            (hour(1), "Entered cart-abandonment"),
            (hour(1), "Product Added"),
            (hour(0), "Consent given: marketing by email"),
        ]

    async def test_leaves_out_other_people(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bob", external_id="4712"))
        await keep(database, event("e1", customer_id="cus_bob"))

        async with database.reading() as session:
            assert await timeline(session, "cus_ada", after=None, limit=10) == []

    @given(hours=st.lists(st.integers(0, 2), max_size=12), limit=st.integers(1, 5))
    @settings(
        max_examples=25,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_loses_and_repeats_nothing_between_pages(
        self, database: Database, hours: list[int], limit: int
    ) -> None:
        async with database.writing() as session:
            for table in (tables.Event, tables.ConsentChange, tables.Run, tables.Customer):
                await session.execute(delete(table))
        rows = [
            (event(f"e{i}", hour(at)), consent(hour(at)), run(f"run_{i}", key=str(i)))[i % 3]
            for i, at in enumerate(hours)
        ]
        await keep(database, ada(), *rows)

        async with database.reading() as session:
            whole = await timeline(session, "cus_ada", after=None, limit=100)
            pages = await timeline(session, "cus_ada", after=None, limit=limit)
            while more := await timeline(
                session, "cus_ada", after=pages[-1].place if pages else None, limit=limit
            ):
                pages += more

        assert len(whole) == len(hours)
        assert [moment.place for moment in pages] == [moment.place for moment in whole]

    async def test_marks_each_moment_with_its_kind(self, database: Database) -> None:
        await keep(database, ada(), event("e1"), run(entered_at=hour(1)))

        async with database.reading() as session:
            moments = await timeline(session, "cus_ada", after=None, limit=10)

        assert [moment.place.kind for moment in moments] == [Kind.RUN_ENTERED, Kind.EVENT]
