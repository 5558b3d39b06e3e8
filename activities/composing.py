"""Composing a mail: what it shows, to whom, in which words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Final
from urllib.parse import quote

from domain.events import PRODUCT_REVIEWED, Facts
from domain.ids import message_id
from domain.journeys import Incentive
from domain.messages import MessageKind, StepRequest
from domain.opt_in import CHANNEL, TOPIC
from domain.pace import Pace
from domain.products import Product
from domain.routing import is_about
from sending.channel import Mail
from sending.context import (
    ConfirmationContext,
    IncentiveContext,
    LinksContext,
    MailContext,
    OrderContext,
    PersonContext,
    ProductContext,
    RenderedMail,
    ShopContext,
)
from sending.links import Links, unsubscribe_headers
from sending.rendering import Templates
from store import showcase
from store.consents import last_word
from store.events import events_since
from store.ledger import StepRecords, first_offer_at
from store.runs import active_run
from store.sessions import AsyncSession

#: Rows of products that a mail shows at most.
_MOST_PRODUCTS: Final = 4
#: Stock is mentioned from here down.
_FEW: Final = 5
#: How far back "what you looked at" reaches before the run's entry.
_VIEWED_WITHIN: Final = timedelta(days=7)
#: What a recommendation is made of; without it the mail has nothing to say.
_RECOMMENDATIONS: Final = frozenset({"complements", "similar"})


class NothingToShow(Exception):
    """A mail that recommends has nothing to recommend."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop as its mails present it. `sender` is a full address: "Name <address>"."""

    context: ShopContext
    sender: str
    default_locale: str
    cart_url: str
    #: Where a product is reviewed, with `{product_id}` in it; None when that is on its own page.
    review_url: str | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """A mail ready to leave, and what the ledger keeps of it."""

    mail: Mail
    rendered: RenderedMail
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Composer:
    """Turns the records of a step into a mail."""

    templates: Templates
    links: Links
    shop: Shop
    pace: Pace

    async def compose(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, now: datetime
    ) -> Composition:
        """The mail of a step; raises TemplateError or NothingToShow."""
        journey, step = records.run.journey, request.step
        kind = self.templates.kind_of(journey, step)
        products = await self._products(session, records, request, now)
        context = replace(
            self._frame(records, request, kind),
            products=tuple(products),
            rating=await self._rating(session, records)
            if self._uses(records, request, "rating")
            else None,
            incentive=await self._incentive(session, records, request, now),
            confirmation=await self._confirmation(session, records, request),
        )
        rendered = self.templates.render(journey, step, context)
        mail = self._mail(records, request, kind, rendered, context)
        return Composition(mail, rendered, tuple(product.id for product in products))

    def asks_to_confirm(self, journey: str, step: str) -> bool:
        """Whether this mail asks its reader to confirm a consent: it names `confirmation`."""
        return step in self.templates.steps_that_use(journey, "confirmation")

    def _frame(self, records: StepRecords, request: StepRequest, kind: MessageKind) -> MailContext:
        customer, about = records.customer, Facts.model_validate(records.run.about)
        is_internal = kind is MessageKind.INTERNAL
        # Whoever filled in a form need not be who reads the mail: their words stay out of it.
        is_stranger = self.asks_to_confirm(records.run.journey, request.step)
        return MailContext(
            shop=self.shop.context,
            person=PersonContext(
                first_name=None if is_internal or is_stranger else customer.first_name,
                locale=(not is_internal and customer.locale) or self.shop.default_locale,
                timezone=(not is_internal and customer.timezone) or self.shop.context.timezone,
            ),
            links=self._links(records, request, kind),
            query=about.query,
            category=None if about.product_ids else about.category,
            order=OrderContext(records.run.key) if records.run.key else None,
            customer_reference=customer.external_id if is_internal else None,
        )

    def _links(self, records: StepRecords, request: StepRequest, kind: MessageKind) -> LinksContext:
        if kind is not MessageKind.MARKETING:
            return LinksContext(shop=self.shop.context.url, cart=self.shop.cart_url)
        message = message_id(records.run.id, request.step, request.occurrence)
        return LinksContext(
            shop=self.shop.context.url,
            cart=self.shop.cart_url,
            unsubscribe=self.links.unsubscribe(records.customer.id, message),
            preferences=self.links.preferences(records.customer.id),
        )

    def _mail(
        self,
        records: StepRecords,
        request: StepRequest,
        kind: MessageKind,
        rendered: RenderedMail,
        context: MailContext,
    ) -> Mail:
        from_name, from_address = parseaddr(self.shop.sender)
        customer, unsubscribe = records.customer, context.links.unsubscribe
        is_internal = kind is MessageKind.INTERNAL
        is_stranger = context.confirmation is not None
        name = " ".join(part for part in (customer.first_name, customer.last_name) if part)
        return Mail(
            message_id=message_id(records.run.id, request.step, request.occurrence),
            to_address=(self.shop.context.support_email if is_internal else customer.email) or "",
            to_name=None if is_internal or is_stranger else name or None,
            from_address=from_address,
            from_name=from_name or context.shop.name,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            reply_to=None if is_internal else context.shop.support_email,
            headers=_list_headers(unsubscribe, context.shop.url),
            metadata={
                "run_id": records.run.id,
                "journey": records.run.journey,
                "step": request.step,
            },
        )

    async def _incentive(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, now: datetime
    ) -> IncentiveContext | None:
        """The shop's offer, as long as it lasts: its end does not move with later mails."""
        if not (configured := records.run.settings.get("incentive")):
            return None
        offer = Incentive.model_validate(configured)
        offering = self.templates.steps_that_use(records.run.journey, "incentive")
        if request.step not in offering:
            return None
        first = await first_offer_at(session, records.run.id, offering)
        ends_at = (first or now) + self.pace.of(offer.valid_for)
        if ends_at <= now:
            return None
        return IncentiveContext(offer.kind, ends_at, value=offer.value, code=offer.code)

    async def _confirmation(
        self, session: AsyncSession, records: StepRecords, request: StepRequest
    ) -> ConfirmationContext | None:
        run, customer = records.run, records.customer
        if not self.asks_to_confirm(run.journey, request.step):
            return None
        word = await last_word(session, customer.id, topic=TOPIC, channel=CHANNEL)
        if word is None or word.confirm_until is None:
            return None
        message = message_id(run.id, request.step, request.occurrence)
        url = self.links.confirmation(customer.id, message)
        return ConfirmationContext(word.happened_at, word.confirm_until, url)

    def _uses(self, records: StepRecords, request: StepRequest, name: str) -> bool:
        return request.step in self.templates.steps_that_use(records.run.journey, name)

    async def _rating(self, session: AsyncSession, records: StepRecords) -> int | None:
        """The stars of the latest review since the run began, of what the run is about."""
        since, customer = records.run.entered_at, records.customer.id
        reviews = await events_since(session, customer, since, names=[PRODUCT_REVIEWED])
        run = active_run(records.run)
        ratings = [r.facts.rating for r in reviews if r.facts.rating and is_about(r, run)]
        return round(ratings[-1]) if ratings else None

    async def _products(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, now: datetime
    ) -> list[ProductContext]:
        source = self.templates.shows(records.run.journey, request.step)
        if source is None:
            return []
        choice = _Choice(session, records, request, now, self.pace)
        quantities = await SOURCES[source](choice)
        products = await choice.products(quantities)
        if source in _RECOMMENDATIONS and not products:
            raise NothingToShow
        review_url = self.shop.review_url
        return [
            _shown(product, quantity=quantities.get(product.id, 1), review_url=review_url)
            for product in products
        ]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Picks the products of a mail: each source answers product id → quantity."""

    session: AsyncSession
    records: StepRecords
    request: StepRequest
    now: datetime
    pace: Pace

    @property
    def about(self) -> Facts:
        return Facts.model_validate(self.records.run.about)

    async def products(self, quantities: Mapping[str, int]) -> list[Product]:
        found = await showcase.products_by_id(self.session, list(quantities))
        return showcase.showable(found)[:_MOST_PRODUCTS]

    async def viewed(self) -> dict[str, int]:
        about, since = self.about, self.records.run.entered_at - self.pace.of(_VIEWED_WITHIN)
        if about.category and not about.product_ids:
            return _one_each(
                await showcase.in_category(self.session, about.category, limit=_MOST_PRODUCTS)
            )
        if about.query:
            return _one_each(
                await showcase.matching(self.session, about.query, limit=_MOST_PRODUCTS)
            )
        seen = await showcase.viewed(self.session, self.records.customer.id, since)
        return dict.fromkeys([*about.product_ids[:1], *seen], 1)

    async def cart(self) -> dict[str, int]:
        return await showcase.in_cart(self.session, self.records.customer.id, self.now)

    async def order(self) -> dict[str, int]:
        return dict.fromkeys(self.about.product_ids, 1)

    async def complements(self) -> dict[str, int]:
        """What goes well and was not bought yet: first what no earlier mail has shown."""
        bought = await self._bought()
        found = await showcase.complements_of(self.session, list(self.about.product_ids))
        known = {*bought, *self.about.product_ids}
        fitting = [p for p in found if p.id not in known and p.stock != 0]
        return _one_each(sorted(fitting, key=lambda p: p.id in self.request.already_shown))

    async def similar(self) -> dict[str, int]:
        seen = list(await self.viewed())
        skip = len(self.request.already_shown) + _MOST_PRODUCTS
        found = await showcase.similar_to(self.session, seen, limit=skip)
        return _one_each([p for p in found if p.id not in self.request.already_shown])

    async def new(self) -> dict[str, int]:
        skip = len(self.request.already_shown) + _MOST_PRODUCTS
        found = await showcase.newest(self.session, limit=skip)
        return _one_each([p for p in found if p.id not in self.request.already_shown])

    async def bought_since(self) -> dict[str, int]:
        bought = await self._bought()
        shown = [p for p in bought if p in self.request.already_shown]
        return dict.fromkeys(shown or bought, 1)

    async def _bought(self) -> list[str]:
        """What the customer ordered since the run began, besides the order that began it."""
        run, customer = self.records.run, self.records.customer
        return await showcase.ordered_since(
            self.session, customer.id, run.entered_at, besides=run.started_by
        )


Source = Callable[[_Choice], Awaitable[dict[str, int]]]

#: What a mail can declare to show (`shows:` in its first comment).
SOURCES: Final[Mapping[str, Source]] = {
    "viewed": _Choice.viewed,
    "cart": _Choice.cart,
    "order": _Choice.order,
    "complements": _Choice.complements,
    "similar": _Choice.similar,
    "new": _Choice.new,
    "bought-since": _Choice.bought_since,
}


def _list_headers(unsubscribe: str | None, shop_url: str) -> dict[str, str]:
    return unsubscribe_headers(unsubscribe, shop_url=shop_url) if unsubscribe else {}


def _one_each(products: list[Product]) -> dict[str, int]:
    return {product.id: 1 for product in products}


def _shown(product: Product, *, quantity: int, review_url: str | None) -> ProductContext:
    is_scarce = product.stock is not None and 0 < product.stock <= _FEW
    return ProductContext(
        id=product.id,
        title=product.title or "",
        price=product.price,
        currency=product.currency,
        image_url=product.image_url,
        url=product.url,
        review_url=_review_url(product, review_url),
        quantity=quantity,
        few_left=product.stock if is_scarce else None,
    )


def _review_url(product: Product, pattern: str | None) -> str | None:
    if pattern:
        return pattern.replace("{product_id}", quote(product.id, safe=""))
    return f"{product.url.partition('#')[0]}#reviews" if product.url else None
