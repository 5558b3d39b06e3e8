"""People to try mails out on: one well known, one unknown, one of whom there is much to say."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from sending.context import (
    ConfirmationContext,
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
_CONFIRMATION: Final = ConfirmationContext(
    asked_at=datetime(2026, 4, 28, 9, 12, tzinfo=UTC),
    until=datetime(2026, 5, 5, 9, 12, tzinfo=UTC),
    url="https://mail.shop.example/confirm/token",
)
#: Everything is known.
RICH: Final = MailContext(
    shop=_SHOP,
    person=PersonContext(first_name="Anna", locale="en", timezone="Europe/Berlin"),
    links=_LINKS,
    confirmation=_CONFIRMATION,
    products=(
        ProductContext(
            id="p-1",
            title="Linen shirt",
            price=Decimal("39.90"),
            currency="EUR",
            image_url="https://shop.example/images/linen-shirt.jpg",
            url="https://shop.example/linen-shirt",
            review_url="https://shop.example/linen-shirt#reviews",
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
            review_url="https://shop.example/walnut-bowl#reviews",
        ),
    ),
    query="linen",
    category="Summer",
    order=OrderContext(id="1001"),
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
    confirmation=_CONFIRMATION,
)
#: Everything is known, and all of it is long: what breaks lines, columns and subjects.
CROWDED: Final = MailContext(
    shop=_SHOP,
    person=PersonContext(
        first_name="Maximiliane-Alexandrina", locale="en", timezone="Europe/Istanbul"
    ),
    links=_LINKS,
    confirmation=_CONFIRMATION,
    products=(
        ProductContext(
            id="p-3",
            title="Reiseschlafsackkompressionsbeutel für Hochgebirgswanderungen, wasserdicht",
            price=Decimal("1299.00"),
            old_price=Decimal("1499.00"),
            currency="EUR",
            image_url="https://shop.example/images/linen-shirt.jpg",
            url="https://shop.example/p-3",
            review_url="https://shop.example/p-3#reviews",
            quantity=12,
            few_left=1,
        ),
        ProductContext(
            id="p-4",
            title="İPEKSİ DOKULU ISLANMAZ ÇADIR – Iğdır Işığı, büyük boy",
            price=Decimal("18499.90"),
            currency="TRY",
            url="https://shop.example/p-4",
            review_url="https://shop.example/p-4#reviews",
        ),
        ProductContext(
            id="p-5",
            title="Sac à dos de randonnée ultraléger avec housse de pluie intégrée",
            image_url="https://shop.example/images/walnut-bowl.jpg",
            url="https://shop.example/p-5",
            review_url="https://shop.example/p-5#reviews",
            is_sold_out=True,
        ),
        ProductContext(id="p-6", title="Mug", price=Decimal(9), currency="JPY"),
    ),
    query="waterproof three-season tent for two people and a dog",
    category="Outdoor, camping and mountaineering equipment",
    order=OrderContext(id="ORD-2026-05-0000123456"),
    incentive=IncentiveContext(
        kind="gift",
        code="MAXIMILIANE-2026-9X7K",
        ends_at=datetime(2026, 12, 31, 22, 59, tzinfo=UTC),
    ),
    rating=1,
    customer_reference="customer-00000000123456789",
)


#: One thing alone, which is shown larger; a name that capitals and grammar stumble over.
LONE: Final = replace(
    RICH,
    person=PersonContext(first_name="Işıl", locale="en", timezone="Europe/Istanbul"),
    products=RICH.products[:1],
    query=None,
    category=None,
    incentive=None,
    rating=1,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody to try mails out on."""

    name: str
    #: What a complaint says about them.
    situation: str
    context: MailContext
    #: False for what is longer than nearly everything that a shop will see.
    is_typical: bool = True

    def reading(self, locale: str) -> MailContext:
        """The same for somebody of another locale."""
        return replace(self.context, person=replace(self.context.person, locale=locale))


SAMPLES: Final = (
    Sample("rich", "when everything is known", RICH),
    Sample("bare", "when nothing but the address is known", BARE),
    Sample("one", "when there is one product", LONE),
    Sample("crowded", "when all of it is long", CROWDED, is_typical=False),
)
