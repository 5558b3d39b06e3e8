"""Events: what customers do, under the names that Segment's specifications give them.

Commerce names: Segment "V2 Ecommerce Events"; mail names: Segment "Email Spec". The few names
that Segment does not define (`Cart Updated`, `Order Delivered`, `Customer Lapsed`, …) follow the
same grammar: object, then a verb in the past tense.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict


class EventName(str):
    """The name of an event. A journey listens to the event names its story mentions."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """A kind of behaviour made of several events, asked about (`calm`) but never signalled."""

    name: str
    events: tuple[EventName, ...]


PAGE_VIEWED: Final = EventName("Page Viewed")
SCREEN_VIEWED: Final = EventName("Screen Viewed")
PRODUCT_VIEWED: Final = EventName("Product Viewed")
PRODUCT_LIST_VIEWED: Final = EventName("Product List Viewed")
PRODUCTS_SEARCHED: Final = EventName("Products Searched")
PRODUCT_ADDED: Final = EventName("Product Added")
PRODUCT_REMOVED: Final = EventName("Product Removed")
CART_VIEWED: Final = EventName("Cart Viewed")
CART_UPDATED: Final = EventName("Cart Updated")
CART_EMPTIED: Final = EventName("Cart Emptied")
CHECKOUT_STARTED: Final = EventName("Checkout Started")
ORDER_COMPLETED: Final = EventName("Order Completed")
ORDER_UPDATED: Final = EventName("Order Updated")
ORDER_DELIVERED: Final = EventName("Order Delivered")
ORDER_REFUNDED: Final = EventName("Order Refunded")
ORDER_CANCELLED: Final = EventName("Order Cancelled")
PRODUCT_REVIEWED: Final = EventName("Product Reviewed")

EMAIL_DELIVERED: Final = EventName("Email Delivered")
EMAIL_DEFERRED: Final = EventName("Email Deferred")
EMAIL_OPENED: Final = EventName("Email Opened")
EMAIL_LINK_CLICKED: Final = EventName("Email Link Clicked")
#: A soft bounce or a block: the address itself may be fine.
EMAIL_BLOCKED: Final = EventName("Email Blocked")
#: A hard bounce: the address does not exist.
EMAIL_BOUNCED: Final = EventName("Email Bounced")
EMAIL_REJECTED: Final = EventName("Email Rejected")
EMAIL_MARKED_AS_SPAM: Final = EventName("Email Marked as Spam")
#: Somebody may be written to from now on: their consent holds.
SUBSCRIBED: Final = EventName("Subscribed")
#: Somebody asked to be written to, and their consent waits for its confirmation.
SUBSCRIPTION_REQUESTED: Final = EventName("Subscription Requested")
UNSUBSCRIBED: Final = EventName("Unsubscribed")

CUSTOMER_LAPSED: Final = EventName("Customer Lapsed")
CUSTOMER_MERGED: Final = EventName("Customer Merged")
CUSTOMER_DELETED: Final = EventName("Customer Deleted")
JOURNEY_REQUESTED: Final = EventName("Journey Requested")

BROWSING: Final = Activity("browsing", (PRODUCT_VIEWED, PRODUCT_LIST_VIEWED, PRODUCTS_SEARCHED))
CART_CHANGES: Final = Activity(
    "cart changes", (PRODUCT_ADDED, PRODUCT_REMOVED, CART_UPDATED, CHECKOUT_STARTED)
)
VISITS: Final = (
    PAGE_VIEWED,
    SCREEN_VIEWED,
    PRODUCT_VIEWED,
    PRODUCT_LIST_VIEWED,
    PRODUCTS_SEARCHED,
    PRODUCT_ADDED,
    CART_VIEWED,
    CHECKOUT_STARTED,
)
ENGAGEMENT: Final = Activity("engagement", (*VISITS, ORDER_COMPLETED, EMAIL_LINK_CLICKED))

#: After one of these no marketing may follow in any journey: every run listens to them.
WITHDRAWALS: Final = (
    UNSUBSCRIBED,
    EMAIL_BOUNCED,
    EMAIL_MARKED_AS_SPAM,
    CUSTOMER_MERGED,
    CUSTOMER_DELETED,
)
#: What happens to a mail: it concerns only the run that sent it, where the event says which.
MAIL_EVENTS: Final = (
    EMAIL_DELIVERED,
    EMAIL_DEFERRED,
    EMAIL_OPENED,
    EMAIL_LINK_CLICKED,
    EMAIL_BLOCKED,
    EMAIL_BOUNCED,
    EMAIL_REJECTED,
    EMAIL_MARKED_AS_SPAM,
    UNSUBSCRIBED,
)
#: With one of these a person asks for no more marketing, whoever tells us so.
OBJECTIONS: Final = (UNSUBSCRIBED, EMAIL_MARKED_AS_SPAM)
#: What Dormouse alone can know: nobody else may say so.
OURS: Final = (
    SUBSCRIBED,
    SUBSCRIPTION_REQUESTED,
    CUSTOMER_MERGED,
    CUSTOMER_DELETED,
    JOURNEY_REQUESTED,
)
#: With one of these nothing of an order is left, unless a refund is partial.
VOIDING: Final = (ORDER_REFUNDED, ORDER_CANCELLED)
#: Events about a product: of one that names none nothing could be shown, and nothing starts.
ABOUT_A_PRODUCT: Final = (PRODUCT_VIEWED, PRODUCT_ADDED, PRODUCT_REMOVED)
#: Events about one order: they concern only the runs of that order (and runs of no order).
ABOUT_ONE_ORDER: Final = (ORDER_UPDATED, ORDER_DELIVERED, ORDER_REFUNDED, ORDER_CANCELLED)


class Facts(BaseModel):
    """The part of an event that rules and stories may look at: opaque ids and plain facts.

    Travels to Temporal inside signals and start inputs, so it never holds personal data.
    """

    model_config = ConfigDict(frozen=True)

    order_id: str | None = None
    product_ids: tuple[str, ...] = ()
    category: str | None = None
    query: str | None = None
    #: How long the customer looked, in seconds, when the shop's front end measures it.
    dwell_seconds: float | None = None
    #: One to five stars.
    rating: float | None = None
    #: The run and message that a mail event belongs to.
    run_id: str | None = None
    message_id: str | None = None
    #: soft, hard or consumable, when the shop's catalogue knows the product.
    kind: str | None = None
    #: A refund that leaves the customer a part of the order.
    is_partial: bool = False

    @property
    def subject(self) -> str | None:
        """What was looked at, as one comparable text: a product, a category or a search."""
        if self.product_ids:
            return f"product:{self.product_ids[0]}"
        if self.category:
            return f"category:{self.category}"
        return f"search:{self.query}" if self.query else None


class Event(NamedTuple):
    """Something that a known customer did. A tuple, since a shop sends more of it than of all else.

    `id` is the sender's message id and de-duplicates; `happened_at` is the moment on the
    sender's side, corrected for its clock; `received_at` the moment we accepted it.
    """

    id: str
    name: EventName
    happened_at: datetime
    received_at: datetime
    facts: Facts = Facts()
    properties: Mapping[str, Any] = {}
    #: Imported history: kept and learned from, but starts nothing and ends nothing.
    is_history: bool = False


class Heard(BaseModel):
    """An event as a run hears it: the payload of a signal. The signal's name is the event's."""

    model_config = ConfigDict(frozen=True)

    id: str
    happened_at: datetime
    facts: Facts = Facts()
