"""Composing a mail: what it shows, to whom, in which words."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parseaddr
from typing import Final
from urllib.parse import quote

from activities.choosing import Choice, Chooser
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
from store.consents import last_word
from store.events import events_since
from store.runs import active_run
from store.sessions import AsyncSession
from store.step_records import StepRecords, first_offer_at

#: Stock is mentioned from here down.
_FEW: Final = 5
#: Stock that the shop told longer ago may have been sold since. Real time, also in demonstrations.
_STOCK_IS_TRUE_FOR: Final = timedelta(days=3)


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
            preferences=self.links.preferences(records.customer.id, message),
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
        choices = await Chooser(session, records, request, now, self.pace).choose(source)
        return [self._shown(choice, now) for choice in choices]

    def _shown(self, choice: Choice, now: datetime) -> ProductContext:
        product = choice.product
        return ProductContext(
            id=product.id,
            title=product.title or "",
            price=product.price,
            currency=product.currency,
            old_price=_old_price(choice, shop_currency=self.shop.context.currency),
            image_url=product.image_url,
            url=product.url,
            review_url=_review_url(product, self.shop.review_url),
            quantity=choice.quantity,
            few_left=_few_left(product, now),
            is_sold_out=not product.is_on_sale,
        )


def _list_headers(unsubscribe: str | None, shop_url: str) -> dict[str, str]:
    return unsubscribe_headers(unsubscribe, shop_url=shop_url) if unsubscribe else {}


def _old_price(choice: Choice, *, shop_currency: str) -> Decimal | None:
    """What it cost before, when that was more: as the shop says, else as the customer saw it."""
    product, added = choice.product, choice.price_when_added
    if product.price is None:
        return None
    if product.compare_at_price is not None and product.compare_at_price > product.price:
        return product.compare_at_price
    if added is None or (added.currency or shop_currency) != (product.currency or shop_currency):
        return None
    return added.amount if added.amount > product.price else None


def _few_left(product: Product, now: datetime) -> int | None:
    """How few are left, when that is known to be so today."""
    is_told = product.updated_at is not None and now - product.updated_at <= _STOCK_IS_TRUE_FOR
    is_scarce = product.stock is not None and 0 < product.stock <= _FEW
    return product.stock if is_scarce and is_told and product.is_on_sale else None


def _review_url(product: Product, pattern: str | None) -> str | None:
    if pattern:
        return pattern.replace("{product_id}", quote(product.id, safe=""))
    return f"{product.url.partition('#')[0]}#reviews" if product.url else None
