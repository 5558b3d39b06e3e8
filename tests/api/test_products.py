"""Products, as shops send them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from store import tables
from store.sessions import Database
from tests.fakes.rows import NOON, keep

MUG = {
    "id": "mug",
    "title": "Blue mug",
    "category": "Kitchen",
    "price": 12.5,
    "currency": "EUR",
    "image_url": "https://shop.example/mug.jpg",
    "url": "https://shop.example/mug",
    "kind": "hard",
    "stock": 7,
    "complements": ["saucer"],
    "upgrades": ["big-mug"],
}


async def kept(database: Database) -> dict[str, str | None]:
    async with database.reading() as session:
        return {row.id: row.title for row in await session.scalars(select(tables.Product))}


class TestAProduct:
    async def test_is_kept(self, shop: httpx.AsyncClient, database: Database) -> None:
        answer = await shop.put("/v1/products", json=MUG)

        assert (answer.status_code, answer.json()) == (200, {"kept": 1, "rejected": []})
        async with database.reading() as session:
            mug = await session.get_one(tables.Product, "mug")
        assert {name: getattr(mug, name) for name in MUG} == MUG

    async def test_takes_the_place_of_what_was_known(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        await shop.put("/v1/products", json=MUG)
        await shop.put("/v1/products", json={"id": "mug", "title": "Red mug"})

        async with database.reading() as session:
            mug = await session.get_one(tables.Product, "mug")
        assert (mug.title, mug.stock) == ("Red mug", None)

    async def test_may_come_in_segments_words(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        segment = {"product_id": 17, "name": "Mug", "brand": "Hazel", "price": "12.50"}

        await shop.put("/v1/products", json=segment)

        assert await kept(database) == {"17": "Mug"}

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"id": ""}, "id"),
            ({"price": -1}, "price"),
            ({"price": "cheap"}, "price"),
            ({"currency": "euro"}, "currency"),
            ({"url": "javascript:alert(1)"}, "url"),
            ({"kind": "fluffy"}, "kind"),
            ({"stock": -1}, "stock"),
            ({"available": "perhaps"}, "available"),
            ({"daily_use": 0}, "daily_use"),
            ({"compare_at_price": -1}, "compare_at_price"),
            ({"upgrades": "big-mug"}, "upgrades"),
        ],
    )
    async def test_that_is_wrong_is_refused_with_the_place(
        self, shop: httpx.AsyncClient, wrong: dict[str, Any], field: str
    ) -> None:
        answer = await shop.put("/v1/products", json=MUG | wrong)

        assert answer.status_code == 422
        (place,) = answer.json()["errors"]
        assert (place["field"], place["index"]) == (field, 0)


class TestTheCatalogue:
    async def test_shows_a_product_and_what_of_it_events_told(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        picture = "https://shop.example/learned.jpg"
        await keep(database, tables.Product(id="mug", image_url=picture, updated_at=NOON))
        said = {"id": "mug", "title": "Mug", "price": "12.50", "available": False}
        await engineer.put("/v1/products", json=said)

        answer = await engineer.get("/v1/products/mug")

        shown = answer.json()
        assert (shown["title"], shown["price"], shown["available"]) == ("Mug", "12.5", False)
        assert (shown["image_url"], shown["learned"]) == (picture, ["image_url"])

    async def test_goes_on_page_by_page(self, engineer: httpx.AsyncClient) -> None:
        await engineer.put("/v1/products", json=[{"id": name} for name in "cab"])

        first = (await engineer.get("/v1/products?limit=2")).json()
        second = (await engineer.get(f"/v1/products?limit=2&cursor={first['next']}")).json()

        assert [item["id"] for item in first["items"]] == ["a", "b"]
        assert ([item["id"] for item in second["items"]], second["next"]) == (["c"], None)

    async def test_knows_ids_with_slashes(self, engineer: httpx.AsyncClient) -> None:
        await engineer.put("/v1/products", json={"id": "gid://shop/Product/1", "title": "Mug"})

        answer = await engineer.get("/v1/products/gid%3A%2F%2Fshop%2FProduct%2F1")

        assert answer.json()["title"] == "Mug"

    async def test_keeps_a_discontinued_product_as_such(self, engineer: httpx.AsyncClient) -> None:
        await engineer.put("/v1/products", json=MUG)

        answers = [await engineer.delete("/v1/products/mug") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [204, 204]
        assert (await engineer.get("/v1/products/mug")).json()["discontinued_at"] is not None

    async def test_takes_a_discontinued_product_back(self, engineer: httpx.AsyncClient) -> None:
        await engineer.put("/v1/products", json=MUG)
        await engineer.delete("/v1/products/mug")

        await engineer.put("/v1/products", json=MUG)

        assert (await engineer.get("/v1/products/mug")).json()["discontinued_at"] is None

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    async def test_says_so_when_it_does_not_know_a_product(
        self, engineer: httpx.AsyncClient, method: str
    ) -> None:
        answer = await engineer.request(method, "/v1/products/mug")

        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no product 'mug'; GET /v1/products lists them."


class TestABatch:
    async def test_keeps_the_good_and_names_the_bad(
        self, shop: httpx.AsyncClient, database: Database
    ) -> None:
        batch = {"products": [MUG, {"title": "Nameless"}, "mug", {"id": "cup", "title": "Cup"}]}

        answer = await shop.post("/v1/products/batch", json=batch)

        assert answer.status_code == 200
        assert answer.json()["kept"] == 2
        assert [place["index"] for place in answer.json()["rejected"]] == [1, 2]
        assert await kept(database) == {"mug": "Blue mug", "cup": "Cup"}

    async def test_of_nothing_but_bad_ones_is_refused(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/products/batch", json={"products": [{}, {}]})

        assert answer.status_code == 422
        assert [place["index"] for place in answer.json()["errors"]] == [0, 1]

    async def test_takes_a_thousand(self, shop: httpx.AsyncClient, database: Database) -> None:
        batch = {"products": [{"id": str(number)} for number in range(1_000)]}

        answer = await shop.post("/v1/products/batch", json=batch)

        assert answer.json()["kept"] == 1_000
        assert len(await kept(database)) == 1_000

    @pytest.mark.parametrize("products", [[], [{"id": str(n)} for n in range(1_001)]])
    async def test_of_none_or_too_many_is_refused(
        self, shop: httpx.AsyncClient, products: list[dict[str, str]]
    ) -> None:
        for answer in (
            await shop.post("/v1/products/batch", json={"products": products}),
            await shop.put("/v1/products", json=products),
        ):
            assert answer.status_code == 422

    async def test_may_be_put_as_a_list(self, shop: httpx.AsyncClient, database: Database) -> None:
        await shop.put("/v1/products", json=[MUG, {"id": "cup", "title": "Cup"}])

        assert await kept(database) == {"mug": "Blue mug", "cup": "Cup"}
