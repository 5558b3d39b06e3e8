"""What a mail's template may name. A test renders every template with every field missing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ShopContext:
    """The shop that writes."""

    name: str
    url: str
    postal_address: str
    support_email: str
    currency: str
    timezone: str


@dataclass(frozen=True, slots=True)
class PersonContext:
    """The person we write to. The first name may be unknown: greet without one then."""

    first_name: str | None
    #: Already chosen among the shipped languages by the renderer's fallback, e.g. `de-AT`.
    locale: str
    timezone: str


@dataclass(frozen=True, slots=True)
class ProductContext:
    """A product as shown. Only those with a title are ever passed to a template."""

    id: str
    title: str
    price: Decimal | None = None
    currency: str | None = None
    #: What it cost before, only when that was more.
    old_price: Decimal | None = None
    image_url: str | None = None
    url: str | None = None
    #: Where this product is reviewed; its page when the shop has no other place for it.
    review_url: str | None = None
    quantity: int = 1
    #: Pieces left, only when so few that saying it helps.
    few_left: int | None = None
    #: Nobody can buy it at the moment: say so, and advertise something else.
    is_sold_out: bool = False


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The order a mail is about."""

    id: str


@dataclass(frozen=True, slots=True)
class IncentiveContext:
    """An offer with its end: kind is free-shipping, percent or gift."""

    kind: str
    ends_at: datetime
    value: Decimal | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmationContext:
    """A consent that waits to be confirmed: when it was asked for, and how to confirm it."""

    asked_at: datetime
    #: How long the link works.
    until: datetime
    url: str


@dataclass(frozen=True, slots=True)
class LinksContext:
    """Absolute links. `unsubscribe` and `preferences` are None in non-marketing mail."""

    shop: str
    cart: str
    unsubscribe: str | None = None
    preferences: str | None = None


@dataclass(frozen=True, slots=True)
class MailContext:
    """Everything a template can show."""

    shop: ShopContext
    person: PersonContext
    links: LinksContext
    products: tuple[ProductContext, ...] = ()
    #: What the customer searched for, when that is what started the run.
    query: str | None = None
    category: str | None = None
    order: OrderContext | None = None
    incentive: IncentiveContext | None = None
    #: Only in transactional mail that asks for it; a mail that names it is sent for nothing else.
    confirmation: ConfirmationContext | None = None
    #: Stars given in a review, for the mails that answer one.
    rating: int | None = None
    #: Only for alerts to the shop itself: whom they are about, by the shop's own id.
    customer_reference: str | None = None


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail in all its parts. `locale` is the language it was really written in."""

    subject: str
    preheader: str
    html: str
    text: str
    locale: str
