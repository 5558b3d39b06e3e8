"""What events teach: of orders, and of products."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from domain.events import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_VIEWED,
)
from domain.products import Product, ProductKind
from store import tables
from tests.fakes.front_door import FrontDoor

MUG: dict[str, Any] = {"product_id": "mug"}
MINUTE = timedelta(minutes=1)


class TestWhatOrdersTeach:
    order: ClassVar[dict[str, Any]] = {
        "order_id": "order-1",
        "total": "25.5",
        "currency": "eur",
        "products": [{"product_id": "mug", "quantity": 2, "price": 10}, {"product_id": "pot"}],
    }

    async def _status(self, door: FrontDoor) -> str:
        [order] = await door.all(tables.Order)
        return order.status

    async def test_is_kept(self, door: FrontDoor) -> None:
        await door.takes(door.track(ORDER_COMPLETED, about=self.order))

        [order] = await door.all(tables.Order)
        assert (str(order.total), order.currency) == ("25.5000", "EUR")
        assert (order.status, order.completed_at) == ("completed", door.clock())
        ada = await door.customer()
        assert (order.customer_id, ada.last_ordered_at) == (ada.id, door.clock())

    async def test_is_corrected_by_an_update(self, door: FrontDoor) -> None:
        await door.takes(door.track(ORDER_COMPLETED, about=self.order))
        door.clock.passes(days=1)

        await door.takes(door.track("Order Updated", about={**self.order, "total": 30}))

        [order] = await door.all(tables.Order)
        assert (str(order.total), order.status) == ("30.0000", "completed")
        assert order.completed_at == door.clock() - timedelta(days=1)

    @pytest.mark.parametrize(
        ("name", "status"), [(ORDER_REFUNDED, "refunded"), (ORDER_CANCELLED, "cancelled")]
    )
    async def test_is_void_after_a_refund_or_cancellation(
        self, door: FrontDoor, name: str, status: str
    ) -> None:
        await door.takes(door.track(ORDER_COMPLETED, about=self.order))

        await door.takes(door.track(name, about={"order_id": "order-1"}))

        assert await self._status(door) == status

    @pytest.mark.parametrize("later", [ORDER_COMPLETED, "Order Updated"])
    async def test_stays_void_when_the_order_itself_comes_later(
        self, door: FrontDoor, later: str
    ) -> None:
        await door.takes(door.track(ORDER_REFUNDED, about={"order_id": "order-1"}))

        await door.takes(door.track(later, ago=MINUTE, about=self.order))

        assert await self._status(door) == "refunded"
        [order] = await door.all(tables.Order)
        assert str(order.total) == "25.5000"

    async def test_includes_what_kind_was_bought_last(self, door: FrontDoor) -> None:
        soft = {"mug": ProductKind.SOFT, "pot": ProductKind.SOFT}
        await door.sells(*(Product(name, kind=kind) for name, kind in soft.items()))

        await door.takes(door.track(ORDER_COMPLETED, about=self.order))

        assert (await door.customer()).bought_kind == "soft"


class TestWhatEventsTeachOfProducts:
    described: ClassVar[dict[str, Any]] = {
        "product_id": "mug",
        "name": "Blue mug",
        "price": "12.50",
        "currency": "EUR",
        "url": "https://shop.example/mug",
    }

    async def _mug(self, door: FrontDoor) -> tables.Product:
        [mug] = await door.all(tables.Product)
        return mug

    async def test_is_kept(self, door: FrontDoor) -> None:
        await door.takes(door.track(PRODUCT_VIEWED, about=self.described))

        mug = await self._mug(door)
        assert (mug.title, str(mug.price), mug.currency) == ("Blue mug", "12.5000", "EUR")
        assert not mug.is_described

    async def test_gives_way_to_news(self, door: FrontDoor) -> None:
        await door.takes(door.track(PRODUCT_VIEWED, about=self.described))

        await door.takes(door.track(PRODUCT_VIEWED, about={**self.described, "price": 9}))
        await door.takes(door.track(PRODUCT_VIEWED, about={**MUG, "name": "Blue mug"}))

        assert str((await self._mug(door)).price) == "9.0000"

    async def test_never_overrides_what_the_shop_described(self, door: FrontDoor) -> None:
        await door.sells(Product("mug", title="The mug"))

        await door.takes(door.track(PRODUCT_VIEWED, about=self.described))

        assert (await self._mug(door)).title == "The mug"

    async def test_is_nothing_without_a_title(self, door: FrontDoor) -> None:
        await door.takes(door.track(PRODUCT_VIEWED, about=MUG))

        assert await door.all(tables.Product) == []

    @pytest.mark.parametrize("currency", ["dollars", "EURO", "€", "12", "ÄÖÜ"])
    async def test_knows_a_currency_by_its_three_letters_only(
        self, door: FrontDoor, currency: str
    ) -> None:
        await door.takes(door.track(PRODUCT_VIEWED, about={**self.described, "currency": currency}))

        assert (await self._mug(door)).currency is None
