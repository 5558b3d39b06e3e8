"""The words in which the sample shop's stories are told.

A script says what one customer does, one act after the other; each act becomes one message in
Segment's format, at a moment of the story's own time. What a customer does *because of a mail* is
a reply: a script that begins when that mail has come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

from local.pacing import Moment
from local.sample_shop.customers import SampleCustomer
from local.sample_shop.products import CURRENCY, PRODUCTS

_PAGES = {
    "home": ("Hazel & Pine", "/"),
    "journal": ("Journal", "/journal"),
    "account": ("Your account", "/account"),
    "shipping": ("Shipping and returns", "/shipping"),
}


@dataclass(slots=True)
class Shop:
    """What all scripts of one telling share: addresses, and numbers that run on."""

    url: str
    #: Tells the ids of one telling from those of another; empty for the first.
    edition: str = ""
    _orders: "count[int]" = field(default_factory=lambda: count(1_001))
    _messages: "count[int]" = field(default_factory=lambda: count(1))

    def next_order(self) -> str:
        """A fresh order number."""
        return f"HP-{next(self._orders)}{self.edition}"

    def next_message(self, customer: str) -> str:
        """A fresh message id."""
        return f"shop-{next(self._messages):04}-{customer}{self.edition}"


@dataclass(slots=True)
class Script:
    """What one customer does. Every verb returns the script, so that acts read in a row."""

    shop: Shop
    customer: SampleCustomer
    #: The story's time of the next act.
    now: timedelta = timedelta()
    #: Product id → quantity.
    cart: dict[str, int] = field(default_factory=dict)
    order_id: str | None = None
    moments: list[Moment] = field(default_factory=list)
    #: Not signed in yet: acts carry only this id of the browser.
    anonymous_id: str | None = None

    def continued(self) -> "Script":
        """A script that begins where this one ended: same cart, same order, its time anew."""
        return replace(self, now=timedelta(), moments=[])

    def later(self, **units: float) -> "Script":
        """Let time pass: `later(days=2, hours=3)`."""
        self.now += timedelta(**units)
        return self

    def opens_page(self, name: str = "home") -> "Script":
        """A page of the shop that shows no product."""
        title, path = _PAGES[name]
        return self._says(
            {"type": "page", "name": title, "properties": {"url": self.shop.url + path}}
        )

    def looks_at(self, product: str, *, seconds: int = 25) -> "Script":
        """A product's page, for so long."""
        described = PRODUCTS[product].in_event(self.shop.url)
        return self._does("Product Viewed", **described, dwell_seconds=seconds).later(
            seconds=seconds
        )

    def looks_through(self, category: str) -> "Script":
        """The list of a category."""
        listed = [p.in_event(self.shop.url) for p in PRODUCTS.values() if p.category == category]
        return self._does("Product List Viewed", category=category, products=listed[:3])

    def searches(self, query: str) -> "Script":
        """The shop's search."""
        return self._does("Products Searched", query=query)

    def adds(self, product: str, *, quantity: int = 1) -> "Script":
        """Into the cart."""
        self.cart[product] = self.cart.get(product, 0) + quantity
        return self._does(
            "Product Added", **PRODUCTS[product].in_event(self.shop.url, quantity=quantity)
        )

    def removes(self, product: str) -> "Script":
        """Out of the cart."""
        quantity = self.cart.pop(product)
        return self._does(
            "Product Removed", **PRODUCTS[product].in_event(self.shop.url, quantity=quantity)
        )

    def starts_checkout(self) -> "Script":
        """On the way to pay."""
        return self._does("Checkout Started", **self._cart_described())

    def orders(self) -> "Script":
        """Pays for what is in the cart."""
        self.order_id = self.shop.next_order()
        self._does("Order Completed", order_id=self.order_id, **self._cart_described())
        self.cart = {}
        return self

    def buys(self, *products: str) -> "Script":
        """Adds products and orders them in one go."""
        for product in products:
            self.adds(product).later(minutes=3)
        return self.starts_checkout().later(minutes=4).orders()

    def receives(self) -> "Script":
        """The parcel of the last order arrives."""
        return self._does("Order Delivered", order_id=self.order_id)

    def sends_back(self) -> "Script":
        """The last order is returned and refunded."""
        return self._does("Order Refunded", order_id=self.order_id)

    def reviews(self, product: str, *, stars: int) -> "Script":
        """One to five stars for a product."""
        return self._does(
            "Product Reviewed", product_id=product, rating=stars, order_id=self.order_id
        )

    def clicks(self, mail: Mapping[str, Any]) -> "Script":
        """The button in a mail."""
        return self._does("Email Link Clicked", message_id=mail["id"], run_id=mail["run_id"])

    def signs_in(self) -> "Script":
        """Says who is behind the browser; what it did so far is theirs from now on."""
        traits = self.customer.traits()
        message = {"type": "identify", "userId": self.customer.id, "traits": traits}
        if self.anonymous_id:
            message["anonymousId"] = self.anonymous_id
            self.anonymous_id = None
        return self._says(message)

    def _does(self, event: str, **properties: Any) -> "Script":
        return self._says({"type": "track", "event": event, "properties": properties})

    def _says(self, message: dict[str, Any]) -> "Script":
        known_as = (
            {"anonymousId": self.anonymous_id}
            if self.anonymous_id
            else {"userId": self.customer.id}
        )
        message_id = self.shop.next_message(self.customer.id)
        self.moments.append(Moment(self.now, {"messageId": message_id, **known_as, **message}))
        return self

    def _cart_described(self) -> dict[str, Any]:
        total = sum(PRODUCTS[product].price * n for product, n in self.cart.items())
        return {
            "total": float(total),
            "currency": CURRENCY,
            "products": [
                PRODUCTS[product].in_event(self.shop.url, quantity=n)
                for product, n in self.cart.items()
            ],
        }
