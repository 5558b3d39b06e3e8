"""The ledger: what is written around a message, past SQLAlchemy, and reads as it was told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.ids import message_id
from domain.messages import MessageKind, MessageStatus, StepRequest
from store import tables
from store.ledger import Entries, conclude_free
from store.sessions import Database
from store.step_records import records_for
from tests.fakes.rows import NOON, ada, keep, message, run

REQUEST = StepRequest(run_id="run_1", step="kept-for-you", asked_at=NOON)
MESSAGE = message_id("run_1", "kept-for-you", 1)
LATER = NOON + timedelta(minutes=1)
CLAIM: Mapping[str, Any] = {
    "status": MessageStatus.SENDING,
    "reason": None,
    "attempts": 1,
    "provider": "outbox",
    "to_address": "ada@example.org",
    "locale": "de",
    "subject": "Für dich zurückgelegt",
    "shown": ["tent", "stove"],
    "claimed_at": NOON,
}
NEWS: Mapping[str, Any] = {
    "status": MessageStatus.ACCEPTED,
    "sent_at": LATER,
    "provider_message_id": "p1",
    "run_id": "run_1",
    "step": "kept-for-you",
    "run_status": "waiting",
}
postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])


async def claimed(database: Database, **changes: Any) -> None:
    """A claim of the step is written down."""
    entries = Entries()
    async with database.writing() as session:
        records = await records_for(session, REQUEST)
        entries.note(records, REQUEST, kind=MessageKind.MARKETING, now=NOON, **{**CLAIM, **changes})
        entries.keep_content(MESSAGE, html="<p>é</p>", text="é", headers={"List-Id": "<a>"})
        await entries.write(session)


async def concluded(database: Database) -> set[str]:
    async with database.writing_once() as session:
        return await conclude_free(session, {MESSAGE: NEWS})


async def row_of(database: Database, table: type[Any], key: str) -> Any:
    async with database.reading() as session:
        return await session.get_one(table, key)


class TestAClaim:
    async def test_is_kept_as_a_row_of_its_table_would_be(self, database: Database) -> None:
        await keep(database, ada(), run())

        await claimed(database)

        kept = (await row_of(database, tables.Message, MESSAGE)).model_dump()
        expected = tables.Message(
            **CLAIM,
            id=MESSAGE,
            run_id="run_1",
            customer_id="cus_ada",
            journey="cart-abandonment",
            step="kept-for-you",
            kind=MessageKind.MARKETING,
            created_at=NOON,
        )
        assert kept == expected.model_dump()
        content = await row_of(database, tables.MessageContent, MESSAGE)
        assert (content.html, content.text) == ("<p>é</p>", "é")
        assert content.headers == {"List-Id": "<a>"}

    async def test_takes_the_place_of_what_may_change_of_an_earlier_one(
        self, database: Database
    ) -> None:
        await keep(database, ada(), run())
        await claimed(database, held_until=LATER)

        await claimed(database, attempts=2, shown=[], created_at=LATER)

        kept = await row_of(database, tables.Message, MESSAGE)
        assert (kept.attempts, kept.shown, kept.held_until) == (2, [], None)
        assert kept.created_at == NOON


class TestNewsOfAMessage:
    async def test_are_recorded_with_where_its_run_is(self, database: Database) -> None:
        await keep(database, ada(), run(status="held"))
        await claimed(database)

        assert await concluded(database) == {MESSAGE}

        kept = await row_of(database, tables.Message, MESSAGE)
        assert (kept.status, kept.sent_at, kept.provider_message_id) == ("accepted", LATER, "p1")
        marked = await row_of(database, tables.Run, "run_1")
        assert (marked.status, marked.step) == ("waiting", "kept-for-you")

    async def test_leave_a_run_that_is_over_as_it_ended(self, database: Database) -> None:
        await keep(database, ada(), run(status="ended"))
        await claimed(database)

        assert await concluded(database) == {MESSAGE}

        marked = await row_of(database, tables.Run, "run_1")
        assert (marked.status, marked.step) == ("ended", None)

    async def test_are_not_recorded_over_a_report(self, database: Database) -> None:
        await keep(database, ada(), run(status="held"), message(MESSAGE, status="delivered"))

        assert await concluded(database) == set()

        assert (await row_of(database, tables.Message, MESSAGE)).status == "delivered"
        assert (await row_of(database, tables.Run, "run_1")).status == "held"

    @postgresql_alone
    @pytest.mark.parametrize("table", ["message", "run"])
    async def test_wait_for_nobody_who_holds_its_rows(self, database: Database, table: str) -> None:
        await keep(database, ada(), run())
        await claimed(database)

        async with database.writing() as holding:
            await holding.execute(text(f"SELECT id FROM {table} FOR NO KEY UPDATE"))  # noqa: S608
            assert await concluded(database) == set()

        assert (await row_of(database, tables.Message, MESSAGE)).status == "sending"
        assert await concluded(database) == {MESSAGE}
