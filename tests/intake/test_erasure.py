import re
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from domain.deliveries import DeliveryEvent
from domain.errors import NotFound
from domain.events import CART_UPDATED, PRODUCTS_SEARCHED
from domain.messages import MessageStatus
from domain.requests import ConsentRequest
from store import tables
from store.ledger import Entries, conclude_all
from store.suppressions import suppressions_of
from tests.fakes.front_door import FrontDoor
from tests.fakes.rows import keep, message

#: All that only ada, under any of her names, can have brought into the house.
PERSONAL = (
    *("ada", "byron", "lovelace", "b-81", "augusta", "1990-12-10", "441234567", "piano lessons"),
)


async def everything(door: FrontDoor) -> str:
    """All columns of all tables, as one text."""
    told = []
    async with door.database.reading() as session:
        for table in SQLModel.metadata.sorted_tables:
            rows = await session.execute(table.select())
            told += [" ".join(map(str, row)) for row in rows]
    return "\n".join(told).lower()


async def found(door: FrontDoor) -> list[str]:
    text = await everything(door)
    # As a word: within an id or a digest of ours three letters come about by chance.
    words = {word: rf"(?<![0-9a-z]){word}(?![0-9a-z])" for word in PERSONAL}
    return [word for word, pattern in words.items() if re.search(pattern, text)]


def bounce(report_id: str, **report: Any) -> DeliveryEvent:
    return DeliveryEvent(
        id=report_id,
        type="bounced",
        bounce="hard",
        recipient="ada@example.org",
        reason="550 <ada@example.org> does not live here",
        raw={"email": "ada@example.org"},
        **report,
    )


async def has_lived_here(door: FrontDoor) -> str:
    """A customer with a visitor's past, two addresses, a run, a mail and reports; their id."""
    await door.takes(
        door.identify(
            user=None, browser="b-81", email="augusta@example.org", lastName="Byron", city="Ada"
        )
    )
    await door.knows(
        firstName="Ada", lastName="Lovelace", phone="+441234567", birthday="1990-12-10"
    )
    await door.takes(
        door.track(PRODUCTS_SEARCHED, browser="b-81", about={"query": "piano lessons"}),
        door.track(
            PRODUCTS_SEARCHED,
            browser="b-81",
            about={"query": "piano lessons", "dwell_seconds": 90},
        ),
        door.track(CART_UPDATED, about={"coupon": "for-ada"}),
    )
    ada = await door.customer()
    run = next(run for run in await door.all(tables.Run))
    await keep(
        door.database,
        message(
            "msg_1", run_id=run.id, customer_id=ada.id, reason="told ada", subject="Ada, your cart"
        ),
    )
    async with door.database.writing() as session:
        entries = Entries()
        entries.keep_content("msg_1", html="Dear Ada", text="Ada", headers={"To": "ada"})
        await entries.write(session)
    noon = door.clock()
    await door.intake.report("sendgrid", [bounce("r-1", message_id="msg_1", happened_at=noon)])
    await door.intake.report("sendgrid", [bounce("r-2", message_id="unknown", happened_at=noon)])
    evidence = {"ip": "ada's"}
    consent = ConsentRequest(topic="marketing", channel="sms", granted=True, wording="I, Ada")
    await door.intake.change_consent(ada.id, [consent], source="preferences", evidence=evidence)
    await temporal_was_told(door)
    return ada.id


async def temporal_was_told(door: FrontDoor) -> None:
    async with door.database.writing() as session:
        for row in (await session.scalars(select(tables.Dispatch))).all():
            await session.delete(row)


class TestAnErasure:
    async def test_leaves_nothing_personal_in_any_table(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)
        assert set(await found(door)) == set(PERSONAL)

        await door.intake.erase(customer_id, actor="shop")

        assert await found(door) == []

    async def test_ends_what_is_under_way(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(CART_UPDATED))

        await door.intake.erase((await door.customer()).id, actor="shop")

        assert await door.signals() == [("cart-abandonment", "Customer Deleted")]

    async def test_keeps_runs_and_messages_as_bare_numbers(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)

        await door.intake.erase(customer_id, actor="shop")

        assert len(await door.all(tables.Run)) == 2
        [mail] = await door.all(tables.Message)
        assert (mail.status, mail.step) == ("bounced", "kept-for-you")

    async def test_keeps_every_address_suppressed(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)

        await door.intake.erase(customer_id, actor="shop")

        async with door.database.reading() as session:
            [kept] = await suppressions_of(session, "augusta@example.org")
            assert (kept.scope, kept.reason) == ("all", "erased")

    async def test_is_told_by_the_audit_trail(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)

        await door.intake.erase(customer_id, actor="shop")

        [trail] = await door.all(tables.Audit)
        assert (trail.action, trail.target, trail.actor, trail.at) == (
            "customer.erased",
            customer_id,
            "shop",
            door.clock(),
        )

    async def test_may_be_asked_for_with_a_key_of_any_name(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)

        await door.intake.erase(customer_id, actor="n" * 255)

        assert [trail.actor for trail in await door.all(tables.Audit)] == ["n" * 255]

    async def test_makes_a_stranger_of_who_comes_back(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)
        await door.intake.erase(customer_id, actor="shop")

        await door.takes(door.track("Looked", user="ada", browser="b-81"))

        assert (await door.customer()).id != customer_id
        assert await door.done_by() == ["Looked"]

    async def test_of_nobody_is_refused(self, door: FrontDoor) -> None:
        with pytest.raises(NotFound, match="cus_nobody"):
            await door.intake.erase("cus_nobody", actor="shop")

    async def test_can_be_asked_for_once(self, door: FrontDoor) -> None:
        customer_id = await has_lived_here(door)
        await door.intake.erase(customer_id, actor="shop")

        with pytest.raises(NotFound):
            await door.intake.erase(customer_id, actor="shop")


class TestWhatComesAfterAnErasure:
    @pytest.fixture
    async def erased(self, door: FrontDoor) -> FrontDoor:
        """Erased while a mail of theirs is with the provider."""
        await door.knows()
        await door.takes(door.track(CART_UPDATED))
        ada = await door.customer()
        [run] = await door.all(tables.Run)
        await keep(
            door.database,
            message("msg_1", run_id=run.id, customer_id=ada.id, status=MessageStatus.SENDING),
        )
        await door.intake.erase(ada.id, actor="shop")
        return door

    async def test_as_a_report_tells_nothing_personal(self, erased: FrontDoor) -> None:
        report = bounce("r-9", message_id="msg_1", happened_at=erased.clock())

        await erased.intake.report("sendgrid", [report])

        [mail] = await erased.all(tables.Message)
        assert (mail.status, mail.reason) == ("bounced", None)
        assert await found(erased) == []

    async def test_as_the_providers_answer_tells_nothing_personal(self, erased: FrontDoor) -> None:
        async with erased.database.writing() as session:
            told = {"status": MessageStatus.FAILED, "reason": "ada@example.org: no"}
            await conclude_all(session, {"msg_1": told})

        [mail] = await erased.all(tables.Message)
        assert (mail.status, mail.reason) == ("failed", None)


class TestWhoComesBackAfterAnErasure:
    """The shop tells of a new account with the old address."""

    @pytest.fixture
    async def back(self, door: FrontDoor) -> FrontDoor:
        await door.knows()
        await door.intake.erase((await door.customer()).id, actor="shop")
        door.clock.passes(days=400)
        await door.knows("new", email="ada@example.org")
        return door

    async def test_stays_blocked_by_what_the_shop_repeats(self, back: FrontDoor) -> None:
        assert await blocked(back) == ["all: erased"]

    @pytest.mark.parametrize("basis", ["express", "double_opt_in"])
    async def test_is_free_by_a_consent_of_their_own(self, back: FrontDoor, basis: str) -> None:
        await back.chooses(granted=True, source="api", user="new", basis=basis)

        assert await blocked(back) == []

    @pytest.mark.parametrize("basis", ["implied", "soft_opt_in"])
    async def test_stays_blocked_by_a_consent_that_was_concluded(
        self, back: FrontDoor, basis: str
    ) -> None:
        await back.chooses(granted=True, source="api", user="new", basis=basis)

        assert await blocked(back) == ["all: erased"]


async def blocked(door: FrontDoor) -> list[str]:
    async with door.database.reading() as session:
        found = await suppressions_of(session, "ada@example.org")
    return [f"{one.scope}: {one.reason}" for one in found]
