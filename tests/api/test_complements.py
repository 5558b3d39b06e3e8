"""What goes with a product, explained."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from store import tables
from store.sessions import Database
from tests.api.conftest import NewKey
from tests.fakes.control import FakeControl
from tests.fakes.rows import ada, identity, keep

LATELY = datetime.now(UTC) - timedelta(days=1)


def sold(name: str, **changes: Any) -> tables.Product:
    known = {"title": name.title(), "price": 5, "url": f"https://shop.example/{name}"}
    return tables.Product(**{"id": name, "updated_at": LATELY, **known, **changes})


def pair(complement: str, *counts: int) -> tables.BoughtTogether:
    together, product, of_complement, orders = counts
    return tables.BoughtTogether(
        product_id="tent",
        complement_id=complement,
        orders_together=together,
        orders_of_product=product,
        orders_of_complement=of_complement,
        orders=orders,
        computed_at=LATELY,
    )


async def ordered(database: Database, order_id: str, *products: str) -> None:
    order = tables.Order(id=order_id, customer_id="cus_ada", completed_at=LATELY, updated_at=LATELY)
    items = [tables.OrderItem(order_id=order_id, product_id=name) for name in products]
    await keep(database, order, *items)


@pytest.fixture
async def shop_of_tents(database: Database) -> Database:
    tent = sold("tent", complements=["lamp", "tarp", "?", "tent"])
    others = [*map(sold, ("tent-xl", "lamp", "pegs", "hat", "bag")), sold("tarp", stock=0)]
    others[0].title = "Tent"
    await keep(database, ada(), identity("cus_ada", "4711"), tent, *others)
    await keep(database, pair("pegs", 12, 40, 60, 1_000))
    return database


class TestComplements:
    @pytest.mark.usefixtures("shop_of_tents")
    async def test_say_what_is_recommended_and_who_says_so(
        self, engineer: httpx.AsyncClient
    ) -> None:
        answer = (await engineer.get("/v1/products/tent/complements")).json()

        assert answer["recommended"] == ["lamp", "pegs"]
        lamp, pegs = answer["items"][:2]
        assert (lamp["source"], lamp["lift"]) == ("configured", None)
        assert datetime.fromisoformat(pegs.pop("computed_at")) == LATELY
        assert pegs == {
            "product_id": "pegs",
            "title": "Pegs",
            "source": "bought-together",
            "left_out": None,
            "orders_together": 12,
            "orders_of_product": 40,
            "orders_of_complement": 60,
            "orders": 1_000,
            "lift": 5.0,
        }
        assert answer["rules"] == {"within": "180 days", "min_orders": 3, "min_lift": 1.5}

    async def test_say_why_others_are_left_out(
        self, engineer: httpx.AsyncClient, shop_of_tents: Database
    ) -> None:
        for number in range(3):
            await ordered(shop_of_tents, f"o{number}", "tent", "tent-xl", "bag")
        await ordered(shop_of_tents, "o3", "tent", "hat")
        await ordered(shop_of_tents, "o4", "bag")

        answer = (await engineer.get("/v1/products/tent/complements")).json()

        left_out = {item["product_id"]: item["left_out"] for item in answer["items"]}
        assert left_out == {
            "lamp": None,
            "pegs": None,
            "tarp": "sold-out",
            "?": "unknown-product",
            "tent": "same-product",
            "tent-xl": "same-product",
            "bag": "too-little-lift",
            "hat": "too-few-orders",
        }

    async def test_tell_what_counts_only_from_the_next_count_on(
        self, engineer: httpx.AsyncClient, shop_of_tents: Database
    ) -> None:
        for number in range(3):
            await ordered(shop_of_tents, f"o{number}", "tent", "hat")
            await ordered(shop_of_tents, f"p{number}", "bag")

        answer = (await engineer.get("/v1/products/tent/complements")).json()

        [hat] = [item for item in answer["items"] if item["product_id"] == "hat"]
        assert (hat["left_out"], hat["orders_together"], hat["lift"]) == ("not-counted-yet", 3, 2.0)

    async def test_leave_out_what_a_customer_owns(
        self, engineer: httpx.AsyncClient, shop_of_tents: Database
    ) -> None:
        await ordered(shop_of_tents, "o1", "lamp")

        answer = await engineer.get("/v1/products/tent/complements?customer_id=4711")

        assert answer.json()["recommended"] == ["pegs"]

    async def test_are_of_products_with_slashes_in_their_ids_too(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        await keep(database, sold("gid://shop/1", complements=["?"]))

        answer = await engineer.get("/v1/products/gid%3A%2F%2Fshop%2F1/complements")

        assert [item["product_id"] for item in answer.json()["items"]] == ["?"]

    @pytest.mark.usefixtures("shop_of_tents")
    @pytest.mark.parametrize("path", ["hammer/complements", "tent/complements?customer_id=nobody"])
    async def test_are_of_known_products_and_for_known_customers(
        self, engineer: httpx.AsyncClient, path: str
    ) -> None:
        answer = await engineer.get(f"/v1/products/{path}")

        assert answer.status_code == 404


class TestACount:
    async def test_can_be_asked_for(
        self, engineer: httpx.AsyncClient, control: FakeControl
    ) -> None:
        answer = await engineer.post("/v1/complements/refresh")

        assert (answer.status_code, control.refreshed) == (202, 1)
        assert answer.json() == {
            "schedule": "refresh-complements",
            "temporal_url": (
                "http://127.0.0.1:8233/namespaces/default/schedules/refresh-complements"
            ),
        }

    async def test_waits_for_temporal(
        self, engineer: httpx.AsyncClient, control: FakeControl
    ) -> None:
        control.reachable = False

        answer = await engineer.post("/v1/complements/refresh")

        assert answer.status_code == 503

    async def test_takes_a_key_that_may_manage(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        client.headers["Authorization"] = f"Bearer {await new_key('read', 'ingest')}"

        answer = await client.post("/v1/complements/refresh")

        assert answer.status_code == 403
