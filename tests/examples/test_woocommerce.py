from collections.abc import AsyncIterator
from typing import Any

import pytest

from examples.bridge import Settings
from examples.woocommerce import HEADERS, create_app
from store.sessions import Database
from tests.examples.conftest import SECRET, Shop, beside
from tests.fakes.whole_gateway import Gateway

BILLING: dict[str, Any] = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phone": "+44 20 7946 0000",
    "country": "GB",
}
ORDER: dict[str, Any] = {
    "id": 727,
    "number": "727",
    "status": "processing",
    "currency": "GBP",
    "date_created_gmt": "2026-11-20T10:30:00",
    "date_modified_gmt": "2026-11-20T10:31:00",
    "total": "398.00",
    "customer_id": 25,
    "billing": BILLING,
    "line_items": [
        {
            "id": 315,
            "name": "Tent",
            "product_id": 93,
            "variation_id": 0,
            "quantity": 2,
            "price": 199,
            "total": "398.00",
            "sku": "TENT-2",
        }
    ],
    "meta_data": [{"id": 1, "key": "marketing_consent", "value": "yes"}],
}
PRODUCT: dict[str, Any] = {
    "id": 93,
    "name": "Tent",
    "permalink": "https://shop.example/product/tent/",
    "status": "publish",
    "price": "199.00",
    "manage_stock": True,
    "stock_quantity": 3,
    "stock_status": "instock",
    "categories": [{"id": 9, "name": "Camping", "slug": "camping"}],
    "images": [{"id": 792, "src": "https://shop.example/tent.jpg"}],
}


@pytest.fixture
async def shop(gateway: Gateway, database: Database) -> AsyncIterator[Shop]:
    settings = Settings(webhook_secret=SECRET, gateway_url=gateway.url, gateway_key=gateway.key)
    async with beside(create_app(settings), database, HEADERS) as shop:
        yield shop


class TestWooCommercesWebhooks:
    async def test_make_a_customer_known(self, shop: Shop) -> None:
        told = {"id": 25, "email": "ada@example.com", "first_name": "Ada", "billing": BILLING}

        assert await shop.sends("customer.created", {**told, "meta_data": []}) == 200

        ada = await shop.customer()
        assert (ada.external_id, ada.email, ada.country) == ("25", "ada@example.com", "GB")
        assert ada.consents == {}

    async def test_tell_an_orders_story_by_its_status(self, shop: Shop) -> None:
        await shop.sends("order.created", {**ORDER, "status": "pending"})
        for status in ("processing", "completed", "refunded"):
            await shop.sends("order.updated", {**ORDER, "status": status})

        assert await shop.events() == [
            ("Order Completed", "727"),
            ("Order Delivered", "727"),
            ("Order Refunded", "727"),
        ]

    async def test_tell_of_an_order_that_was_never_paid(self, shop: Shop) -> None:
        await shop.sends("order.updated", {**ORDER, "status": "cancelled"})

        assert await shop.events() == [("Order Cancelled", "727")]

    async def test_bring_the_consent_given_at_the_checkout(self, shop: Shop) -> None:
        await shop.sends("order.created", ORDER)

        assert (await shop.customer()).consents == {"marketing": ["email"]}

    async def test_know_a_guest_by_their_address(self, shop: Shop) -> None:
        await shop.sends("order.created", {**ORDER, "customer_id": 0})
        shouting = {**BILLING, "email": " ADA@example.com"}
        await shop.sends("order.updated", {**ORDER, "customer_id": 0, "billing": shouting})

        guest = await shop.customer()
        assert (guest.external_id or "").startswith("guest-")
        assert "ada" not in (guest.external_id or "")

    async def test_describe_products_as_they_are_now(self, shop: Shop) -> None:
        await shop.sends("product.updated", PRODUCT)

        tent = await shop.product()
        assert (tent.id, tent.title, str(tent.price)) == ("93", "Tent", "199.0000")
        assert (tent.stock, tent.available) == (3, True)

    async def test_discontinue_a_product(self, shop: Shop) -> None:
        await shop.sends("product.created", PRODUCT)

        assert await shop.sends("product.deleted", {"id": 93}) == 200

        assert (await shop.product()).discontinued_at

    async def test_begin_with_a_ping(self, shop: Shop) -> None:
        answer = await shop.client.post("/webhooks", data={"webhook_id": "7"})

        assert answer.status_code == 200

    async def test_are_refused_without_the_shops_signature(self, shop: Shop) -> None:
        refused = await shop.sends("order.created", ORDER, **{HEADERS.signature: "AAAA"})

        assert refused == 401
        assert await shop.events() == []
