"""Several who want the same rows at the same moment: each gets its turn, and nothing is lost.

On SQLite the lock of the one writer sees to it; on PostgreSQL the locks of rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.deliveries import DeliveryEvent
from domain.ids import message_id
from domain.messages import MessageKind, MessageStatus, StepRequest
from store import tables
from store.customers import locked_customer
from store.deliveries import advance, messages_of
from store.dispatches import add_dispatches, lease_overdue
from store.ledger import Entries, conclude_all
from store.overtaking import Overtaken, again_if, overtaking_noticed
from store.people import locked_customers
from store.sessions import AsyncSession, Database
from store.step_records import StepRecords, records_for
from store.writes import Writes
from tests.fakes.effects import signal
from tests.fakes.rows import NOON, ada, event, identity, keep, message, run

#: How long a test waits to see that somebody waits.
A_WHILE = 0.1
REQUEST = StepRequest(run_id="run_1", step="kept-for-you", asked_at=NOON)
CLAIMED = MessageStatus.SENDING
MESSAGE = message_id("run_1", "kept-for-you", 1)
postgresql_alone = pytest.mark.parametrize("dialect", ["postgresql"])


async def change(database: Database, name: str, **changes: Any) -> None:
    """Somebody changes a customer, as everybody does who is told of them."""
    async with database.writing() as session:
        customer = await locked_customer(session, name)
        assert customer
        await asyncio.sleep(A_WHILE)
        customer.latest = {**customer.latest, **changes}


async def customer(database: Database, name: str = "cus_ada") -> tables.Customer:
    async with database.reading() as session:
        return await session.get_one(tables.Customer, name)


async def begun(work: Awaitable[Any]) -> asyncio.Future[Any]:
    """`work`, which has had time to come to where it must wait."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(A_WHILE)
    return task


class TestACustomer:
    async def test_keeps_what_both_of_two_wrote(self, database: Database) -> None:
        await keep(database, ada())

        await asyncio.gather(
            change(database, "cus_ada", opened="1"), change(database, "cus_ada", clicked="2")
        )

        assert (await customer(database)).latest == {"opened": "1", "clicked": "2"}

    async def test_who_is_merged_meanwhile_is_the_one_who_remains(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="b"))

        async with database.writing() as merging:
            both = await locked_customers(merging, ["cus_ada", "cus_bea"])
            changing = await begun(change(database, "cus_bea", opened="1"))
            both["cus_bea"].merged_into = "cus_ada"
        await changing

        assert (await customer(database)).latest == {"opened": "1"}

    @postgresql_alone
    async def test_can_be_referred_to_while_somebody_changes_them(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing() as changing:
            await locked_customer(changing, "cus_ada")

            await asyncio.wait_for(keep(database, run()), timeout=5)

        async with database.reading() as session:
            assert await session.get(tables.Run, "run_1") is not None


class TestAStep:
    async def test_is_claimed_by_one_of_two(self, database: Database) -> None:
        await keep(database, ada(), run())

        async def claims() -> bool:
            async with database.writing() as session:
                records = await records_for(session, REQUEST)
                if records.message:
                    return False
                await asyncio.sleep(A_WHILE)
                await writes_down(session, records)
                return True

        assert sorted(await asyncio.gather(claims(), claims(), claims())) == [False, False, True]

    async def test_is_looked_at_after_a_report_on_it(self, database: Database) -> None:
        await keep(database, ada(), run(), message(MESSAGE, status=CLAIMED))
        report = DeliveryEvent("r", "delivered", NOON, message_id=MESSAGE)

        async with database.writing() as session:
            [found] = (await messages_of(session, [report])).values()
            looking = await begun(looks(database))
            advance(found, report, MessageStatus.DELIVERED)

        assert await looking == MessageStatus.DELIVERED

    async def test_is_looked_at_after_it_was_concluded(self, database: Database) -> None:
        await keep(database, ada(), run(), message(MESSAGE, status=CLAIMED))

        async with database.writing() as session:
            await conclude_all(session, {MESSAGE: {"status": MessageStatus.ACCEPTED}})
            await session.flush()
            looking = await begun(looks(database))

        assert await looking == MessageStatus.ACCEPTED

    async def test_is_not_claimed_before_an_order_that_is_being_taken_in(
        self, database: Database
    ) -> None:
        await keep(database, ada(), run())

        async with database.writing() as session:
            await locked_customers(session, ["cus_ada"])
            session.add(event("order", NOON + timedelta(minutes=1), name="Order Completed"))
            claiming = await begun(overtaken(database, ends_on=["Order Completed"]))

        assert await claiming == "Order Completed"


async def looks(database: Database) -> str | None:
    async with database.writing() as session:
        records = await records_for(session, REQUEST)
        return records.message.status if records.message else None


async def overtaken(database: Database, *, ends_on: Sequence[str]) -> str | None:
    async with database.writing() as session:
        request = REQUEST.model_copy(update={"ends_on": tuple(ends_on)})
        return (await records_for(session, request)).overtaken_by


async def writes_down(session: AsyncSession, records: StepRecords) -> None:
    kind = MessageKind.MARKETING
    entries = Entries()
    entries.note(records, REQUEST, kind=kind, now=NOON, status=CLAIMED)
    await entries.write(session)


class TestLettersLeftBehind:
    RUNS = 300

    @pytest.fixture
    async def left(self, database: Database) -> Database:
        ids = [f"run_{number:03}" for number in range(self.RUNS)]
        await keep(database, ada(), *(run(i, key=i) for i in ids))
        rows = [
            signal(run_id, name, leased_until=NOON - timedelta(seconds=1))
            for run_id in ids
            for name in ("first", "second")
        ]
        async with database.writing() as session:
            add_dispatches(writes := Writes(), rows)
            await writes.write_last(session)
        return database

    async def test_are_taken_over_by_one_each(self, left: Database) -> None:
        taken: list[str] = []

        async def takes(owner: str) -> None:
            async def some() -> Sequence[tables.Dispatch]:
                async with left.writing() as session:
                    return await lease_overdue(session, owner=owner, now=NOON, limit=7)

            # None may be left only because others had them locked: each looks until all are taken.
            while len(taken) < self.RUNS * 2:
                rows = await some()
                taken.extend(f"{row.run_id} {row.name}" for row in rows)
                await asyncio.sleep(0)

        async with asyncio.timeout(30):
            await asyncio.gather(*(takes(owner) for owner in "abcd"))

        assert len(taken) == len(set(taken)) == self.RUNS * 2


class TestWorkThatGaveWay:
    @staticmethod
    def failing(times: int) -> tuple[Callable[[], Awaitable[str]], list[int]]:
        attempts: list[int] = []

        async def work() -> str:
            attempts.append(len(attempts))
            if len(attempts) <= times:
                raise Overtaken
            return "done"

        return work, attempts

    async def test_is_done_again(self) -> None:
        work, attempts = self.failing(2)

        assert await again_if(Overtaken, work, pauses=(0, 0)) == "done"
        assert len(attempts) == 3

    async def test_is_what_another_wrote_first(self, database: Database) -> None:
        await keep(database, ada(), identity("cus_ada", "4711"))

        with pytest.raises(Overtaken), overtaking_noticed():
            await keep(database, identity("cus_ada", "4711"))

    async def test_is_no_mistake_of_our_own(self, database: Database) -> None:
        with pytest.raises(IntegrityError), overtaking_noticed():
            await keep(database, identity("cus_nobody", "4711"))

    async def test_is_given_up_in_the_end(self) -> None:
        work, attempts = self.failing(9)

        with pytest.raises(Overtaken):
            await again_if(Overtaken, work, pauses=(0, 0))

        assert len(attempts) == 3

    @postgresql_alone
    async def test_is_one_of_two_that_waited_for_each_other(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bea", external_id="b"))
        met = asyncio.Barrier(2)

        async def locks(*names: str) -> str:
            async with database.writing() as session:
                await session.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
                for name in names:
                    await locked_customer(session, name)
                    if name == names[0]:
                        await met.wait()
            return "done"

        outcomes = await asyncio.gather(
            locks("cus_ada", "cus_bea"), locks("cus_bea", "cus_ada"), return_exceptions=True
        )

        assert sorted(str(outcome) for outcome in outcomes) == [
            "Another process wrote the same at this moment; try again.",
            "done",
        ]
