"""Rows to begin a story with: complete and plausible, so that a test names only what matters."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from domain.events import ORDER_COMPLETED
from domain.messages import MessageKind, MessageStatus
from store import tables
from store.sessions import Database

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def keep(database: Database, *rows: Any) -> None:
    """Write rows in the order in which they refer to each other."""
    async with database.writing() as session:
        for row in rows:
            session.add(row)
            await session.flush()


def ada(**changes: Any) -> tables.Customer:
    known: dict[str, Any] = {
        "id": "cus_ada",
        "external_id": "4711",
        "email": "ada@example.org",
        "email_key": "ada@example.org",
        "first_name": "Ada",
        "created_at": NOON,
    }
    return tables.Customer(**(known | changes))


def identity(customer_id: str, value: str, kind: str = "user") -> tables.Identity:
    return tables.Identity(kind=kind, value=value, customer_id=customer_id)


def run(run_id: str = "run_1", **changes: Any) -> tables.Run:
    known: dict[str, Any] = {
        "id": run_id,
        "journey": "cart-abandonment",
        "customer_id": "cus_ada",
        "workflow_id": f"cart-abandonment/cus_ada/{run_id}",
        "entered_at": NOON,
        "created_at": NOON,
        "started_by": f"event of {run_id}",
    }
    return tables.Run(**(known | changes))


def message(message_id: str = "msg_1", **changes: Any) -> tables.Message:
    known: dict[str, Any] = {
        "id": message_id,
        "run_id": "run_1",
        "customer_id": "cus_ada",
        "journey": "cart-abandonment",
        "step": "kept-for-you",
        "kind": MessageKind.MARKETING,
        "status": MessageStatus.ACCEPTED,
        "to_address": "ada@example.org",
        "locale": "en",
        "subject": "We kept it for you",
        "created_at": NOON,
    }
    return tables.Message(**(known | changes))


def event(message_id: str, at: datetime = NOON, **changes: Any) -> tables.Event:
    known: dict[str, Any] = {
        "message_id": message_id,
        "customer_id": "cus_ada",
        "name": "Product Viewed",
        "happened_at": at,
        "received_at": at,
    }
    return tables.Event(**(known | changes))


def product(product_id: str, **changes: Any) -> tables.Product:
    """A product that can be bought."""
    known: dict[str, Any] = {
        "id": product_id,
        "title": f"The {product_id}",
        "price": 12,
        "url": f"https://shop.example/{product_id}",
        "updated_at": NOON,
    }
    return tables.Product(**(known | changes))


def viewed(product_id: str, at: datetime) -> tables.Event:
    """A look at a product."""
    return event(f"{product_id} {at}", at, properties={"product_id": product_id})


def order(order_id: str, *products: str, at: datetime = NOON + timedelta(hours=1)) -> tables.Event:
    """An order, as it was told."""
    listed = [{"product_id": product} for product in products]
    properties = {"order_id": order_id, "products": listed}
    return event(order_id, at, name=ORDER_COMPLETED, properties=properties)


def consent(at: datetime = NOON, **changes: Any) -> tables.ConsentChange:
    known: dict[str, Any] = {
        "customer_id": "cus_ada",
        "topic": "marketing",
        "channel": "email",
        "granted": True,
        "basis": "express",
        "source": "api",
        "happened_at": at,
        "recorded_at": at,
    }
    return tables.ConsentChange(**(known | changes))


def values_of(row: SQLModel) -> dict[str, Any]:
    """A row as values to insert; a generated id that is not set yet is left out."""
    return {k: v for k, v in row.model_dump().items() if (k, v) != ("id", None)}
