"""Products, as shops send them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from store import tables
from store.sessions import Database

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
        ],
    )
    async def test_that_is_wrong_is_refused_with_the_place(
        self, shop: httpx.AsyncClient, wrong: dict[str, Any], field: str
    ) -> None:
        answer = await shop.put("/v1/products", json=MUG | wrong)

        assert answer.status_code == 422
        (place,) = answer.json()["errors"]
        assert (place["field"], place["index"]) == (field, 0)


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
