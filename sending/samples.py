"""Two people to try mails out on: one we know everything about, one we know nothing about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from sending.context import (
    IncentiveContext,
    LinksContext,
    MailContext,
    OrderContext,
    PersonContext,
    ProductContext,
    ShopContext,
)

_SHOP: Final = ShopContext(
    name="Dormouse Shop",
    url="https://shop.example",
    postal_address="Dormouse Shop, 1 Hazel Lane, 12345 Woodland",
    support_email="help@shop.example",
    currency="EUR",
    timezone="Europe/Berlin",
)
_LINKS: Final = LinksContext(
    shop="https://shop.example",
    cart="https://shop.example/cart",
    unsubscribe="https://mail.shop.example/unsubscribe/token",
    preferences="https://mail.shop.example/preferences/token",
)
#: Everything is known.
RICH: Final = MailContext(
    shop=_SHOP,
    person=PersonContext(first_name="Anna", locale="en", timezone="Europe/Berlin"),
    links=_LINKS,
    products=(
        ProductContext(
            id="p-1",
            title="Linen shirt",
            price=Decimal("39.90"),
            currency="EUR",
            image_url="https://shop.example/images/linen-shirt.jpg",
            url="https://shop.example/linen-shirt",
            quantity=2,
            few_left=3,
        ),
        ProductContext(
            id="p-2",
            title="Walnut bowl",
            price=Decimal(24),
            currency="EUR",
            image_url="https://shop.example/images/walnut-bowl.jpg",
            url="https://shop.example/walnut-bowl",
        ),
    ),
    query="linen",
    category="Summer",
    order=OrderContext(id="1001", total=Decimal("103.80"), currency="EUR"),
    incentive=IncentiveContext(
        kind="percent",
        value=Decimal(10),
        code="HAZEL10",
        ends_at=datetime(2026, 5, 5, 13, 30, tzinfo=UTC),
    ),
    rating=2,
    customer_reference="c-42",
)
#: Nothing is known that may be unknown.
BARE: Final = MailContext(
    shop=_SHOP,
    person=PersonContext(first_name=None, locale="en", timezone="UTC"),
    links=_LINKS,
)
#: By what a complaint about them says.
SAMPLES: Final[Mapping[str, MailContext]] = {
    "when everything is known": RICH,
    "when nothing but the address is known": BARE,
}
