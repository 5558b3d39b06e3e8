"""Lists of runs and messages: the latest first, page by page."""

from datetime import timedelta

import pytest

from domain.journeys import RunStatus
from domain.messages import MessageStatus
from store.ledger import mark_run
from store.messages import MessageFilter, find_message, list_messages
from store.runs import RunFilter, find_run, list_runs, messages_of
from store.sessions import Database
from store.tables import MessageContent
from tests.fakes.rows import NOON, ada, keep, message, run


@pytest.fixture
async def full(database: Database) -> Database:
    await keep(
        database,
        ada(),
        ada(id="cus_old", external_id=None, merged_into="cus_ada"),
        ada(id="cus_bob", external_id="4712"),
        run("run_1"),
        run("run_2", journey="win-back"),
        run("run_3", customer_id="cus_bob", status=RunStatus.ENDED),
        run("run_4", customer_id="cus_old", status=RunStatus.ENDED),
        message("msg_a"),
        message("msg_b", step="last-reminder"),
        message("msg_c", run_id="run_2", created_at=NOON + timedelta(days=1)),
        message("msg_d", run_id="run_3", customer_id="cus_bob", status=MessageStatus.SKIPPED),
    )
    return database


class TestRuns:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (RunFilter(), ["run_4", "run_3", "run_2", "run_1"]),
            (RunFilter(journey="win-back"), ["run_2"]),
            (RunFilter(customer_id="cus_ada"), ["run_4", "run_2", "run_1"]),
            (RunFilter(status=RunStatus.ENDED), ["run_4", "run_3"]),
            (RunFilter("cart-abandonment", "cus_bob", RunStatus.ENDED), ["run_3"]),
            (RunFilter(customer_id="cus_nobody"), []),
        ],
    )
    async def test_are_those_that_are_wanted(
        self, full: Database, wanted: RunFilter, found: list[str]
    ) -> None:
        async with full.reading() as session:
            records = await list_runs(session, wanted, after=None, limit=10)

        assert [record.run.id for record in records] == found

    async def test_continue_behind_the_last_one_seen(self, full: Database) -> None:
        async with full.reading() as session:
            records = await list_runs(session, RunFilter(), after="run_3", limit=1)

        assert [record.run.id for record in records] == ["run_2"]

    async def test_carry_the_shops_id_of_their_customer(self, full: Database) -> None:
        async with full.reading() as session:
            record = await find_run(session, "run_3")

        assert record is not None
        assert record.shop_id == "4712"

    async def test_come_with_their_messages_in_order(self, full: Database) -> None:
        async with full.reading() as session:
            messages = await messages_of(session, ["run_1", "run_2", "run_4"])

        assert {run_id: [m.id for m in found] for run_id, found in messages.items()} == {
            "run_1": ["msg_a", "msg_b"],
            "run_2": ["msg_c"],
            "run_4": [],
        }

    async def test_stay_ended_once_they_are(self, full: Database) -> None:
        async with full.writing() as session:
            await mark_run(session, "run_3", status=RunStatus.PAUSED)
            await mark_run(session, "run_1", status=RunStatus.PAUSED)

        async with full.reading() as session:
            paused = RunFilter(status=RunStatus.PAUSED)
            records = await list_runs(session, paused, after=None, limit=10)
        assert [record.run.id for record in records] == ["run_1"]


class TestMessages:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (MessageFilter(), ["msg_c", "msg_d", "msg_b", "msg_a"]),
            (MessageFilter(customer_id="cus_ada"), ["msg_c", "msg_b", "msg_a"]),
            (MessageFilter(run_id="run_1"), ["msg_b", "msg_a"]),
            (MessageFilter(status=MessageStatus.SKIPPED), ["msg_d"]),
        ],
    )
    async def test_are_those_that_are_wanted(
        self, full: Database, wanted: MessageFilter, found: list[str]
    ) -> None:
        async with full.reading() as session:
            messages = await list_messages(session, wanted, after=None, limit=10)

        assert [row.id for row in messages] == found

    async def test_of_the_same_instant_are_paged_without_loss(self, full: Database) -> None:
        async with full.reading() as session:
            first = await list_messages(session, MessageFilter(), after=None, limit=2)
            place = (first[-1].created_at, first[-1].id)
            second = await list_messages(session, MessageFilter(), after=place, limit=2)

        assert [row.id for row in (*first, *second)] == ["msg_c", "msg_d", "msg_b", "msg_a"]

    async def test_come_with_the_mail_as_it_left(self, full: Database) -> None:
        await keep(full, MessageContent(message_id="msg_a", html="<p>Hi", text="Hi"))

        async with full.reading() as session:
            found = await find_message(session, "msg_a")

        assert found is not None
        assert found[1] is not None
        assert found[1].text == "Hi"

    async def test_that_never_became_a_mail_have_no_content(self, full: Database) -> None:
        async with full.reading() as session:
            found = await find_message(session, "msg_d")

        assert found is not None
        assert found[1] is None
