"""Orders as they are kept."""

import asyncio
from typing import Any

import pytest

from domain.events import ORDER_COMPLETED, ORDER_REFUNDED, Event
from domain.orders import OrderStatus
from store import tables
from store.orders import OrderRecord, Orders, find_order, owned_by
from store.overtaking import Overtaken, again_if
from store.sessions import AsyncSession, Database
from store.writes import Writes
from tests.fakes.happenings import NOON, happened
from tests.fakes.rows import ada, keep

TENT, LAMP = {"product_id": "tent"}, {"product_id": "lamp"}


def refund(*products: dict[str, Any]) -> Event:
    about: dict[str, Any] = {"products": list(products)} if products else {}
    return happened(ORDER_REFUNDED, order_id="o1", **about)


async def write(orders: Orders, session: AsyncSession) -> None:
    writes = Writes()
    orders.write(writes)
    await writes.write_last(session)


async def told(database: Database, event: Event, order_id: str = "o1") -> OrderRecord:
    async def tell() -> OrderRecord:
        async with database.writing() as session:
            orders = await Orders.of(session, [order_id])
            order = orders.tell(order_id, customer_id="cus_ada", event=event)
            await write(orders, session)
            return order

    return await again_if(Overtaken, tell)


async def pieces(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        found = [await session.get(tables.OrderItem, ("o1", name)) for name in ("lamp", "tent")]
    return {item.product_id: item.quantity for item in found if item}


class TestAnOrder:
    async def test_holds_the_pieces_that_were_kept(self, database: Database) -> None:
        await keep(database, ada())
        two_tents = {**TENT, "quantity": 2, "price": 99}
        await told(database, happened(ORDER_COMPLETED, order_id="o1", products=[two_tents, LAMP]))

        order = await told(database, refund(LAMP, {**TENT, "quantity": 1}))

        assert (order.kept, order.given_up) == (["tent"], {"lamp"})
        assert await pieces(database) == {"lamp": 0, "tent": 1}

    async def test_becomes_void_once(self, database: Database) -> None:
        await keep(database, ada())
        await told(database, happened(ORDER_COMPLETED, order_id="o1", products=[TENT]))

        news = [(await told(database, refund())).has_just_become_void for _ in range(2)]

        assert news == [True, False]
        async with database.reading() as session:
            assert (await session.get_one(tables.Order, "o1")).status == "refunded"

    async def test_keeps_what_two_tell_at_once(self, database: Database) -> None:
        await keep(database, ada())
        completed = happened(ORDER_COMPLETED, order_id="o1", products=[TENT, LAMP])

        await asyncio.gather(
            told(database, refund(TENT)), told(database, completed), told(database, refund(LAMP))
        )

        async with database.reading() as session:
            order = await find_order(session, "o1")
        assert order
        assert order.told.status == "refunded"

    async def test_is_unknown_until_somebody_tells_of_it(self, database: Database) -> None:
        async with database.reading() as session:
            assert await find_order(session, "o1") is None


class TestOrdersOfAGroup:
    async def test_know_what_the_group_told_before_it_is_written(self, database: Database) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            orders = await Orders.of(session, ["o1", "o2"])
            completed = happened(ORDER_COMPLETED, order_id="o1", products=[TENT, LAMP])
            orders.tell("o1", customer_id="cus_ada", event=completed)
            order = orders.tell("o1", customer_id="cus_ada", event=refund(LAMP))
            await write(orders, session)

        assert (order.kept, orders.find("o1"), orders.find("o2")) == (["tent"], order, None)
        assert await pieces(database) == {"lamp": 0, "tent": 1}

    async def test_are_told_again_when_another_process_was_first(self, database: Database) -> None:
        await keep(database, ada())
        completed = happened(ORDER_COMPLETED, order_id="o1", products=[TENT])
        if database.dialect == "sqlite":
            pytest.skip("SQLite has one writer: nobody else can be first")
        async with database.writing() as late:
            orders = await Orders.of(late, ["o1"])
            await told(database, completed)

            orders.tell("o1", customer_id="cus_ada", event=refund(TENT))

            with pytest.raises(Overtaken):
                await write(orders, late)

    async def test_stay_as_they_were_when_they_were_only_looked_at(
        self, database: Database
    ) -> None:
        await keep(database, ada())
        await told(database, happened(ORDER_COMPLETED, order_id="o1", products=[TENT]))

        async with database.writing() as session:
            await write(await Orders.of(session, ["o1"]), session)

        assert await pieces(database) == {"tent": 1}


class TestAnOrderKeptByTheVersionBefore:
    async def test_loses_what_is_refunded_now(self, database: Database) -> None:
        await self.has_one(database, status="completed", total=104)

        order = await told(database, refund(TENT))

        assert (order.kept, order.told.status) == (["lamp"], OrderStatus.COMPLETED)
        assert order.told.total == 104

    @pytest.mark.parametrize("status", [OrderStatus.REFUNDED, OrderStatus.CANCELLED])
    async def test_stays_void(self, database: Database, status: OrderStatus) -> None:
        await self.has_one(database, status=status)

        order = await told(database, happened(ORDER_COMPLETED, order_id="o1", products=[TENT]))

        assert (order.told.status, order.has_just_become_void) == (status, False)

    @staticmethod
    async def has_one(database: Database, **changes: Any) -> None:
        order = tables.Order(
            id="o1", customer_id="cus_ada", completed_at=NOON, updated_at=NOON, **changes
        )
        items = [tables.OrderItem(order_id="o1", product_id=name) for name in ("tent", "lamp")]
        await keep(database, ada(), order, *items)


class TestWhatACustomerOwns:
    async def test_is_what_they_ordered_and_kept(self, database: Database) -> None:
        await keep(database, ada(), ada(id="cus_bob", external_id="2", email_key="bob"))
        await told(database, happened(ORDER_COMPLETED, order_id="o1", products=[TENT, LAMP]))
        await told(database, refund(TENT))
        await told(database, happened(ORDER_COMPLETED, order_id="o2", products=[TENT]), "o2")
        await told(database, happened(ORDER_REFUNDED, order_id="o2"), "o2")

        async with database.reading() as session:
            owned = [await owned_by(session, name) for name in ("cus_ada", "cus_bob")]

        assert owned == [{"lamp"}, set()]
