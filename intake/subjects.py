"""What events turn out to be about: the run of a mail, what is left of an order."""

from collections.abc import Mapping
from typing import Final

from domain.events import (
    JOURNEY_REQUESTED,
    MAIL_EVENTS,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    ORDER_REFUNDED,
    Event,
)
from store.orders import OrderRecord

#: Events that start journeys about an order.
_STARTS: Final = (ORDER_COMPLETED, ORDER_DELIVERED, JOURNEY_REQUESTED)


def as_kept(event: Event, order: OrderRecord | None) -> Event:
    """The event about what the customer keeps of the order.

    A delivery or a request that names no product, as shops rarely do, is about all that was
    ordered; a refund that leaves something is only partial.
    """
    if order is None:
        return event
    changes: dict[str, object] = {}
    if event.name in _STARTS:
        changes["product_ids"] = _products(event, order)
    if event.name == ORDER_REFUNDED:
        changes["is_partial"] = not order.told.is_void
    return event._replace(facts=event.facts.model_copy(update=changes))


def _products(event: Event, order: OrderRecord) -> tuple[str, ...]:
    named = event.facts.product_ids
    may_add = event.name == ORDER_COMPLETED or not named  # a parcel may hold only a part
    added = order.kept if may_add else []
    return tuple(p for p in dict.fromkeys((*named, *added)) if p not in order.given_up)


def of_its_run(event: Event, sent_by: Mapping[str, str]) -> Event:
    """The event with the run that the mail it is about belongs to."""
    if event.name not in MAIL_EVENTS or event.facts.run_id is not None:
        return event
    run_id = sent_by.get(event.facts.message_id or "")
    if run_id is None:
        return event
    facts = event.facts.model_copy(update={"run_id": run_id})
    return event._replace(facts=facts, properties={**event.properties, "run_id": run_id})
