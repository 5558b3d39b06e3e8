"""Orders that are given back, in whole or in part, early, late or out of order."""

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Refused
from domain.events import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    PRODUCT_ADDED,
    Facts,
)
from domain.incoming import Incoming
from domain.products import Product, ProductKind
from store import tables
from tests.fakes.front_door import FrontDoor

TENT, LAMP = {"product_id": "tent"}, {"product_id": "lamp"}
HOUR = timedelta(hours=1)
#: The journeys of one order.
OF_THE_ORDER = ["cross-sell", "review-request"]


def told(
    door: FrontDoor, name: str, *products: dict[str, Any], ago: timedelta = timedelta(), **said: Any
) -> Incoming:
    about: dict[str, Any] = {"order_id": "o1", **said}
    if products:
        about["products"] = list(products)
    return door.track(name, ago=ago, about=about)


async def of_the_order(door: FrontDoor) -> list[str]:
    """The journeys that started for the order."""
    return [run.journey for run in await door.all(tables.Run) if run.key == "o1"]


async def ended(door: FrontDoor) -> list[str]:
    """The journeys whose runs were told that nothing is left of the order."""
    signals = await door.signals()
    return [journey for journey, name in signals if name in {ORDER_REFUNDED, ORDER_CANCELLED}]


async def delivered(door: FrontDoor, *products: dict[str, Any]) -> None:
    """An order of these products, and its delivery, each of which starts a journey."""
    await door.knows()
    await door.takes(told(door, ORDER_COMPLETED, *products), told(door, ORDER_DELIVERED))
    assert await of_the_order(door) == OF_THE_ORDER


class TestAnOrderGivenBackAsAWhole:
    @pytest.mark.parametrize("name", [ORDER_REFUNDED, ORDER_CANCELLED])
    async def test_ends_what_runs_about_it(self, door: FrontDoor, name: str) -> None:
        await delivered(door, TENT)

        await door.takes(told(door, name))

        assert await ended(door) == OF_THE_ORDER

    async def test_ends_it_also_when_that_happened_before_and_is_told_late(
        self, door: FrontDoor
    ) -> None:
        await delivered(door, TENT)

        await door.takes(told(door, ORDER_REFUNDED, ago=HOUR))

        assert await ended(door) == OF_THE_ORDER

    @pytest.mark.parametrize("name", [ORDER_REFUNDED, ORDER_CANCELLED])
    @pytest.mark.parametrize("ago", [timedelta(), HOUR])
    async def test_starts_nothing_when_it_is_told_first(
        self, door: FrontDoor, name: str, ago: timedelta
    ) -> None:
        await door.knows()

        await door.takes(told(door, name, ago=ago))
        await door.takes(told(door, ORDER_COMPLETED, TENT), told(door, ORDER_DELIVERED))

        assert await of_the_order(door) == []

    async def test_starts_nothing_when_asked_for_directly(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(told(door, ORDER_COMPLETED, TENT, ago=HOUR), told(door, ORDER_REFUNDED))

        with pytest.raises(Refused, match="Order o1 was refunded or cancelled") as refused:
            await door.starts("review-request", about=Facts(order_id="o1"))

        assert refused.value.code == "order-void"

    async def test_leaves_other_orders_alone(self, door: FrontDoor) -> None:
        await delivered(door, TENT)

        await door.takes(door.track(ORDER_REFUNDED, about={"order_id": "o2"}))

        assert await ended(door) == []

    async def test_brings_no_cart_back(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(PRODUCT_ADDED, about=TENT, ago=HOUR))
        await door.takes(told(door, ORDER_COMPLETED, TENT))
        await door.ends("cart-abandonment")
        carts = (await door.started()).count("cart-abandonment")

        await door.takes(told(door, ORDER_CANCELLED))

        assert (await door.started()).count("cart-abandonment") == carts


class TestAnOrderGivenBackInPart:
    async def test_lets_what_runs_about_it_go_on(self, door: FrontDoor) -> None:
        await delivered(door, TENT, LAMP)

        await door.takes(told(door, ORDER_REFUNDED, TENT, total=99))

        assert await ended(door) == []

    async def test_ends_it_once_the_last_part_is_given_back(self, door: FrontDoor) -> None:
        await delivered(door, TENT, LAMP)

        await door.takes(told(door, ORDER_REFUNDED, TENT))
        await door.takes(told(door, ORDER_REFUNDED, LAMP))

        assert await ended(door) == OF_THE_ORDER

    async def test_ends_it_when_an_update_leaves_nothing_else(self, door: FrontDoor) -> None:
        await delivered(door, TENT, LAMP)
        await door.takes(told(door, ORDER_REFUNDED, TENT))
        door.clock.passes(hours=1)

        await door.takes(told(door, ORDER_UPDATED, TENT))

        assert await ended(door) == OF_THE_ORDER
        assert (await door.done_by())[-1] == "Order Refunded"

    async def test_starts_nothing_when_the_order_told_later_holds_nothing_else(
        self, door: FrontDoor
    ) -> None:
        await door.knows()
        await door.takes(told(door, ORDER_REFUNDED, TENT, ago=HOUR))

        await door.takes(told(door, ORDER_COMPLETED, TENT))

        assert await of_the_order(door) == []

    async def test_starts_journeys_about_what_was_kept(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(told(door, ORDER_REFUNDED, TENT, ago=HOUR))

        await door.takes(told(door, ORDER_COMPLETED, TENT, LAMP), told(door, ORDER_DELIVERED))

        abouts = [run.about["product_ids"] for run in await door.all(tables.Run) if run.key]
        assert abouts == [["lamp"], ["lamp"]]

    async def test_is_waited_for_as_long_as_what_was_kept_takes(self, door: FrontDoor) -> None:
        kinds = {"tent": ProductKind.HARD, "lamp": ProductKind.SOFT}
        await door.sells(*(Product(name, kind=kind) for name, kind in kinds.items()))
        await door.knows()
        await door.takes(told(door, ORDER_COMPLETED, TENT, LAMP))
        await door.takes(told(door, ORDER_REFUNDED, TENT))

        await door.takes(told(door, ORDER_DELIVERED))

        [review] = [run for run in await door.all(tables.Run) if run.journey == "review-request"]
        assert review.about["kind"] == "soft"

    async def test_is_asked_about_as_far_as_it_was_kept_when_a_backend_asks(
        self, door: FrontDoor
    ) -> None:
        await door.knows()
        await door.takes(told(door, ORDER_COMPLETED, TENT, LAMP))
        await door.takes(told(door, ORDER_REFUNDED, TENT))

        await door.starts("review-request", about=Facts(order_id="o1"))

        [review] = [run for run in await door.all(tables.Run) if run.journey == "review-request"]
        assert review.about["product_ids"] == ["lamp"]

    async def test_is_delivered_as_far_as_the_delivery_says(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(told(door, ORDER_COMPLETED, TENT, LAMP))

        await door.takes(told(door, ORDER_DELIVERED, LAMP))

        [review] = [run for run in await door.all(tables.Run) if run.journey == "review-request"]
        assert review.about["product_ids"] == ["lamp"]
