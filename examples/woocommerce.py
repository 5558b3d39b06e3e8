"""WooCommerce's webhooks as events: `uvicorn --factory examples.woocommerce:create_app`."""

import hashlib
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
    topic="X-WC-Webhook-Topic", id="X-WC-Webhook-Delivery-ID", signature="X-WC-Webhook-Signature"
)
Payload = Mapping[str, Any]

#: WooCommerce's statuses of an order, and what each says: the customer is done, the parcel is on
#: its way, it is void. `pending` and `checkout-draft` say that nothing is bought yet.
_BOUGHT: Final = ("processing", "on-hold", "completed", "refunded")
_SENT: Final = "completed"
_VOID: Final = {
    "cancelled": "Order Cancelled",
    "failed": "Order Cancelled",
    "refunded": "Order Refunded",
}
#: The checkout's own field in which customers agree to marketing, as a plugin keeps it.
_CONSENT_FIELD: Final = "marketing_consent"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service."""
    return create_bridge(settings or Settings(), translate, names=HEADERS)


def translate(delivery: Delivery) -> Calls:
    """What each topic means; a topic that means nothing to a journey is left out."""
    topics: dict[str, Translate] = {
        "customer.created": customer,
        "customer.updated": customer,
        "order.created": order,
        "order.updated": order,
        "product.created": product,
        "product.updated": product,
        "product.deleted": lambda told: Calls(gone_products=[str(told.payload["id"])]),
    }
    known = topics.get(delivery.topic)
    return known(delivery) if known else Calls()


def customer(delivery: Delivery) -> Calls:
    """Who somebody is."""
    told = delivery.payload
    return Calls([_identify(told, {**told.get("billing", {}), **told}, told["id"], delivery)])


def order(delivery: Delivery) -> Calls:
    """All that an order's status says. What it said before has the same message id again."""
    told, user = delivery.payload, _buyer(delivery.payload)
    status, name = told["status"], f"woo-order-{told['id']}"
    at = f"{told['date_modified_gmt']}Z"
    order_id = {"order_id": str(told["id"])}
    if status not in (*_BOUGHT, *_VOID):
        return Calls()
    messages = [_identify(told, told["billing"], user, delivery)]
    if status in _BOUGHT:
        bought_at, properties = f"{told['date_created_gmt']}Z", {**order_id, **_bought(told)}
        messages.append(track("Order Completed", user, f"{name}-completed", bought_at, properties))
    if status == _SENT:
        messages.append(track("Order Delivered", user, f"{name}-delivered", at, order_id))
    if status in _VOID:
        messages.append(track(_VOID[status], user, f"{name}-{status}", at, order_id))
    return Calls(messages)


def product(delivery: Delivery) -> Calls:
    """What the catalogue says of a product; a draft is for sale to nobody."""
    told = delivery.payload
    images, categories = told.get("images") or [{}], told.get("categories") or [{}]
    return Calls(
        products=[
            {
                "id": str(told["id"]),
                "title": told["name"],
                "category": categories[0].get("name"),
                "price": told.get("price") or None,
                "url": told["permalink"],
                "image_url": images[0].get("src"),
                "stock": max(0, told["stock_quantity"] or 0) if told["manage_stock"] else None,
                "available": told["status"] == "publish" and told["stock_status"] != "outofstock",
            }
        ]
    )


def _buyer(told: Payload) -> str:
    """The customer's id; guests are known by their address, which stays out of the id."""
    if told["customer_id"]:
        return str(told["customer_id"])
    address = told["billing"]["email"].strip().lower()
    return f"guest-{hashlib.sha256(address.encode()).hexdigest()[:24]}"


def _identify(told: Payload, person: Payload, user: object, delivery: Delivery) -> dict[str, Any]:
    country = (told.get("billing") or {}).get("country")
    said = {field["key"]: field["value"] for field in told.get("meta_data", [])}
    return identify(
        user,
        f"woo-{delivery.id}-identify",
        email=person.get("email") or None,
        phone=person.get("phone") or None,
        firstName=person.get("first_name") or None,
        lastName=person.get("last_name") or None,
        address={"country": country} if country else None,
        marketing_consent=["email"] if said.get(_CONSENT_FIELD) in {"yes", "1", True} else None,
    )


def _bought(told: Payload) -> dict[str, Any]:
    lines = [
        {
            "product_id": str(line["product_id"]),
            "name": line["name"],
            "price": line["price"],
            "quantity": line["quantity"],
        }
        for line in told["line_items"]
    ]
    return {"total": told["total"], "currency": told["currency"], "products": lines}
