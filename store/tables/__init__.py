"""The tables. Rules that must hold whatever the code does are constraints here.

Times are aware UTC. JSON columns hold only what no query selects by.
"""

from store.tables.administration import (
    ApiKey,
    Audit,
    JourneySettingsVersion,
    JourneyState,
    TemporalNamespace,
)
from store.tables.messages import DeliveryEvent, Message, MessageContent
from store.tables.people import ConsentChange, Customer, Event, Identity, Suppression
from store.tables.runs import Dispatch, Run
from store.tables.shop import BoughtTogether, Order, OrderItem, Product

__all__ = [
    "ApiKey",
    "Audit",
    "BoughtTogether",
    "ConsentChange",
    "Customer",
    "DeliveryEvent",
    "Dispatch",
    "Event",
    "Identity",
    "JourneySettingsVersion",
    "JourneyState",
    "Message",
    "MessageContent",
    "Order",
    "OrderItem",
    "Product",
    "Run",
    "Suppression",
    "TemporalNamespace",
]
