from collections.abc import AsyncIterator
from typing import Any

import pytest

from examples.shopify import HEADERS, ShopifySettings, create_app
from store.sessions import Database
from tests.examples.conftest import SECRET, Shop, beside
from tests.fakes.whole_gateway import Gateway

ADA: dict[str, Any] = {
    "id": 70642,
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "+442079460000",
    "default_address": {"country_code": "GB"},
    "email_marketing_consent": {
        "state": "subscribed",
        "opt_in_level": "single_opt_in",
        "consent_updated_at": "2026-11-20T10:00:00Z",
    },
}
TENT: dict[str, Any] = {
    "id": 46699,
    "product_id": 6320,
    "variant_id": 4472,
    "title": "Tent",
    "quantity": 2,
    "price": "199.00",
    "sku": "TENT-2",
}
ORDER: dict[str, Any] = {
    "id": 8209,
    "name": "#1001",
    "email": "ada@example.com",
    "created_at": "2026-11-20T10:30:00+01:00",
    "updated_at": "2026-11-20T11:30:00+01:00",
    "cancelled_at": None,
    "currency": "GBP",
    "total_price": "398.00",
    "customer_locale": "en-GB",
    "customer": ADA,
    "line_items": [TENT, {"product_id": None, "title": "Tip", "quantity": 1, "price": "1.00"}],
    "refunds": [],
}
CHECKOUT: dict[str, Any] = {
    "id": 9813,
    "token": "b1946ac9",
    "updated_at": "2026-11-20T10:15:00+01:00",
    "completed_at": None,
    "currency": "GBP",
    "total_price": "398.00",
    "customer_locale": "en-GB",
    "customer": ADA,
    "line_items": [TENT],
}
PRODUCT: dict[str, Any] = {
    "id": 6320,
    "title": "Tent",
    "handle": "tent",
    "product_type": "Camping",
    "status": "active",
    "image": {"src": "https://cdn.shop.example/tent.jpg"},
    "variants": [
        {"price": "219.00", "inventory_management": "shopify", "inventory_quantity": 3},
        {"price": "199.00", "inventory_management": "shopify", "inventory_quantity": -1},
    ],
}


@pytest.fixture
async def shop(gateway: Gateway, database: Database) -> AsyncIterator[Shop]:
    settings = ShopifySettings(
        webhook_secret=SECRET,
        gateway_url=gateway.url,
        gateway_key=gateway.key,
        shop_url="https://shop.example/",
    )
    async with beside(create_app(settings), database, HEADERS) as shop:
        yield shop


class TestShopifysWebhooks:
    async def test_make_a_customer_known_with_their_consent(self, shop: Shop) -> None:
        assert await shop.sends("customers/create", ADA) == 200

        ada = await shop.customer()
        assert (ada.external_id, ada.email, ada.country) == ("70642", "ada@example.com", "GB")
        assert ada.consents == {"marketing": ["email"]}

    async def test_take_a_consent_back(self, shop: Shop) -> None:
        await shop.sends("customers/create", ADA)

        await shop.sends(
            "customers_email_marketing_consent/update",
            {
                "customer_id": 70642,
                "email_address": "ada@example.com",
                "email_marketing_consent": {"state": "unsubscribed"},
            },
        )

        assert (await shop.customer()).consents == {"marketing": []}

    async def test_tell_of_a_checkout_until_it_is_an_order(self, shop: Shop) -> None:
        await shop.sends("checkouts/create", CHECKOUT)
        await shop.sends("checkouts/update", {**CHECKOUT, "completed_at": "2026-11-20T10:30:00Z"})

        assert await shop.events() == [("Checkout Started", None)]

    async def test_tell_an_orders_story(self, shop: Shop) -> None:
        refund = {
            "id": 5093,
            "created_at": "2026-11-25T09:00:00Z",
            "refund_line_items": [{"quantity": 1, "line_item": TENT}],
        }
        await shop.sends("orders/create", ORDER)
        await shop.sends("orders/fulfilled", ORDER)
        await shop.sends("orders/updated", {**ORDER, "refunds": [refund]})
        await shop.sends("orders/cancelled", {**ORDER, "cancelled_at": "2026-11-26T09:00:00Z"})

        assert await shop.events() == [
            ("Order Completed", "8209"),
            ("Order Delivered", "8209"),
            ("Order Refunded", "8209"),
            ("Order Cancelled", "8209"),
        ]

    async def test_count_once_when_they_are_repeated(self, shop: Shop) -> None:
        for _ in range(3):
            await shop.sends("orders/create", ORDER)

        assert await shop.events() == [("Order Completed", "8209")]

    async def test_describe_products_as_they_are_now(self, shop: Shop) -> None:
        assert await shop.sends("products/update", PRODUCT) == 200

        tent = await shop.product()
        assert (tent.id, tent.title, str(tent.price)) == ("6320", "Tent", "199.0000")
        assert (tent.url, tent.stock) == ("https://shop.example/products/tent", 3)

    async def test_discontinue_a_product(self, shop: Shop) -> None:
        await shop.sends("products/create", PRODUCT)

        assert await shop.sends("products/delete", {"id": 6320}) == 200

        assert (await shop.product()).discontinued_at

    async def test_that_mean_nothing_to_a_journey_are_taken(self, shop: Shop) -> None:
        assert await shop.sends("shop/update", {"id": 1}) == 200

    async def test_are_refused_without_the_shops_signature(self, shop: Shop) -> None:
        refused = await shop.sends("orders/create", ORDER, **{HEADERS.signature: "AAAA"})

        assert refused == 401
        assert await shop.events() == []

    async def test_are_to_be_repeated_while_the_gateway_is_away(
        self, gateway: Gateway, database: Database
    ) -> None:
        nowhere = ShopifySettings(
            webhook_secret=SECRET,
            gateway_url="http://127.0.0.1:9",
            gateway_key=gateway.key,
            shop_url="https://shop.example",
        )

        async with beside(create_app(nowhere), database, HEADERS) as shop:
            assert await shop.sends("orders/create", ORDER) == 502
