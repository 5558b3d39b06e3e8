"""Shopify's webhooks as Dormouse's events: `uvicorn --factory examples.shopify:create_app`."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

from examples.bridge import (
    Calls,
    Delivery,
    HeaderNames,
    Settings,
    Translate,
    create_bridge,
    identify,
    track,
)

HEADERS: Final = HeaderNames(
    topic="X-Shopify-Topic", id="X-Shopify-Webhook-Id", signature="X-Shopify-Hmac-Sha256"
)
Payload = Mapping[str, Any]


class ShopifySettings(Settings):
    """What differs between shops, from the environment."""

    #: Where customers see products: products are at /products/HANDLE of it.
    shop_url: str


def create_app(settings: ShopifySettings | None = None) -> FastAPI:
    """The service."""
    settings = settings or ShopifySettings()
    return create_bridge(settings, translator(settings.shop_url), names=HEADERS)


def translator(shop_url: str) -> Translate:
    """What each topic means; a topic that means nothing to a journey is left out."""
    topics: dict[str, Translate] = {
        "customers/create": customer,
        "customers/update": customer,
        "customers_email_marketing_consent/update": consent,
        "checkouts/create": checkout,
        "checkouts/update": checkout,
        "orders/create": order_created,
        "orders/updated": refunds,
        "orders/fulfilled": lambda told: _of_order(told, "Order Delivered", "updated_at"),
        "orders/cancelled": lambda told: _of_order(told, "Order Cancelled", "cancelled_at"),
        "products/create": lambda told: Calls(products=[_product(told.payload, shop_url)]),
        "products/update": lambda told: Calls(products=[_product(told.payload, shop_url)]),
        "products/delete": lambda told: Calls(gone_products=[str(told.payload["id"])]),
    }

    def translate(delivery: Delivery) -> Calls:
        known = topics.get(delivery.topic)
        return known(delivery) if known else Calls()

    return translate


def customer(delivery: Delivery) -> Calls:
    """Who somebody is."""
    return Calls([_identify(delivery.payload, delivery)])


def consent(delivery: Delivery) -> Calls:
    """What somebody chose to receive."""
    told = delivery.payload
    said = {**told, "id": told["customer_id"], "email": told.get("email_address")}
    return Calls([_identify(said, delivery)])


def checkout(delivery: Delivery) -> Calls:
    """Somebody is about to order. Shopify says nothing of carts before that."""
    told, buyer = delivery.payload, delivery.payload.get("customer")
    if told.get("completed_at") or not buyer:
        return Calls()  # ordered by now, or nobody knows by whom
    properties = {"checkout_id": told["token"], **_bought(told)}
    return Calls(
        [
            _identify(buyer, delivery, locale=told.get("customer_locale")),
            track(
                "Checkout Started",
                buyer["id"],
                f"shopify-{delivery.id}",
                told["updated_at"],
                properties,
            ),
        ]
    )


def order_created(delivery: Delivery) -> Calls:
    """Somebody bought something; orders typed in by the shop may be nobody's."""
    told, buyer = delivery.payload, delivery.payload.get("customer")
    if not buyer:
        return Calls()
    properties = {"order_id": str(told["id"]), **_bought(told)}
    at, message_id = told["created_at"], f"shopify-order-{told['id']}-completed"
    return Calls(
        [
            _identify(buyer, delivery, locale=told.get("customer_locale")),
            track("Order Completed", buyer["id"], message_id, at, properties),
        ]
    )


def refunds(delivery: Delivery) -> Calls:
    """Money was given back. The topic refunds/create would say so too, but not to whom."""
    told, buyer = delivery.payload, delivery.payload.get("customer")
    return Calls(
        [
            track(
                "Order Refunded",
                buyer["id"],
                f"shopify-refund-{refund['id']}",
                refund["created_at"],
                {"order_id": str(told["id"]), "products": _given_back(refund)},
            )
            for refund in told.get("refunds", [])
            if buyer
        ]
    )


def _given_back(refund: Payload) -> list[dict[str, Any]]:
    return [
        {"product_id": str(line["line_item"]["product_id"]), "quantity": line["quantity"]}
        for line in refund["refund_line_items"]
    ]


def _of_order(delivery: Delivery, event: str, moment: str) -> Calls:
    told, buyer = delivery.payload, delivery.payload.get("customer")
    if not buyer:
        return Calls()
    message_id = f"shopify-order-{told['id']}-{event.rpartition(' ')[2].lower()}"
    return Calls(
        [track(event, buyer["id"], message_id, told[moment], {"order_id": str(told["id"])})]
    )


def _identify(told: Payload, delivery: Delivery, *, locale: str | None = None) -> dict[str, Any]:
    country = (told.get("default_address") or {}).get("country_code")
    return identify(
        told["id"],
        f"shopify-{delivery.id}-identify",
        email=told.get("email"),
        phone=told.get("phone"),
        firstName=told.get("first_name"),
        lastName=told.get("last_name"),
        locale=locale,
        address={"country": country} if country else None,
        **_consent(told),
    )


def _consent(told: Payload) -> dict[str, Any]:
    """Consent, where the customer has said yes or no."""
    state = (told.get("email_marketing_consent") or {}).get("state")
    if state == "subscribed":
        return {"marketing_consent": ["email"]}
    return {"marketing_consent": False} if state == "unsubscribed" else {}


def _bought(told: Payload) -> dict[str, Any]:
    lines = [
        {
            "product_id": str(line["product_id"]),
            "name": line["title"],
            "price": line["price"],
            "quantity": line["quantity"],
        }
        for line in told["line_items"]
        if line.get("product_id")  # a line typed in by the shop is no product
    ]
    return {"total": told["total_price"], "currency": told["currency"], "products": lines}


def _product(told: Payload, shop_url: str) -> dict[str, Any]:
    variants: list[Payload] = told["variants"]
    counted = all(each.get("inventory_management") for each in variants)
    stock = sum(max(0, each.get("inventory_quantity") or 0) for each in variants)
    return {
        "id": str(told["id"]),
        "title": told["title"],
        "category": told.get("product_type") or None,
        "price": min((each["price"] for each in variants), key=float, default=None),
        "url": f"{shop_url.rstrip('/')}/products/{told['handle']}",
        "image_url": (told.get("image") or {}).get("src"),
        "stock": stock if counted else None,
        "available": told.get("status") == "active",
    }
