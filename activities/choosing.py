"""Choosing what a mail shows: products as the catalogue has them at this moment.

What was added, viewed or bought is known from events; what it is called, costs and whether it can
be bought is asked of the catalogue afresh. A mail that recommends or reminds of nothing that can
be bought does not leave.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.events import Facts
from domain.messages import StepRequest
from domain.money import Price
from domain.pace import Pace
from domain.products import Product
from domain.recommending import judge
from store import showcase
from store.orders import owned_by
from store.sessions import AsyncSession
from store.step_records import StepRecords

#: Products that a mail shows at most.
_MOST: Final = 4
#: How far back "what you looked at" reaches before the run's entry.
_VIEWED_WITHIN: Final = timedelta(days=7)


class NothingToShow(Exception):
    """What a mail is about cannot be shown; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"nothing to show: {why}")


@dataclass(frozen=True, slots=True)
class Choice:
    """A product in a mail."""

    product: Product
    quantity: int = 1
    #: What it cost when it was last put into the cart.
    price_when_added: Price | None = None


@dataclass(frozen=True, slots=True)
class Chooser:
    """Picks the products of one mail; every source raises NothingToShow when it must have some."""

    session: AsyncSession
    records: StepRecords
    request: StepRequest
    now: datetime
    pace: Pace

    async def choose(self, source: str) -> list[Choice]:
        """What a mail that shows this source shows now."""
        return (await SOURCES[source](self))[:_MOST]

    @property
    def _about(self) -> Facts:
        return Facts.model_validate(self.records.run.about)

    async def _known(self, ids: Iterable[str]) -> list[Product]:
        wanted, foreseen = list(ids), self.records.foreseen.products
        if foreseen.keys() >= set(wanted):
            return [product for name in wanted if (product := foreseen[name])]
        return await showcase.products_by_id(self.session, wanted)

    async def viewed(self) -> list[Choice]:
        """What was looked at and can be bought, or the best of the category or search."""
        about = self._about
        if about.category and not about.product_ids:
            found = await showcase.in_category(self.session, about.category, limit=_MOST)
        elif about.query:
            found = await showcase.matching(self.session, about.query, limit=_MOST)
        else:
            seen = showcase.showable(await self._known(await self._seen()))
            found = [product for product in seen if product.is_on_sale]
            if seen and not found:
                raise NothingToShow("all that was looked at is sold out")
        return _each(found)

    async def _seen(self) -> list[str]:
        since = self.records.run.entered_at - self.pace.of(_VIEWED_WITHIN)
        seen = await showcase.viewed(self.session, self.records.customer.id, since)
        return list(dict.fromkeys([*self._about.product_ids[:1], *seen]))

    async def cart(self) -> list[Choice]:
        """What is in the cart; what is sold out comes last, and what was discontinued is gone."""
        cart = self.records.foreseen.cart
        if cart is None:
            cart = await showcase.in_cart(self.session, self.records.customer.id, self.now)
        known = await self._known(cart.items)
        if known and len(known) == len(cart.items) and not any(p.is_on_sale for p in known):
            raise NothingToShow("all that is in the cart is sold out")
        held = [p for p in showcase.showable(known) if p.discontinued_at is None]
        return [
            Choice(product, cart.items[product.id], cart.prices.get(product.id))
            for product in sorted(held, key=lambda product: product.is_sold_out)
        ]

    async def order(self) -> list[Choice]:
        """What the customer ordered and kept."""
        kept = await self._kept()
        if self._about.product_ids and not kept:
            raise NothingToShow("all that was ordered was given back")
        return _each(showcase.showable(await self._known(kept)))

    async def _kept(self) -> list[str]:
        return await showcase.kept_of(self.session, self.records.run)

    async def complements(self) -> list[Choice]:
        """What goes well and is not owned yet: first what no earlier mail has shown."""
        kept, owned = await self._kept(), await owned_by(self.session, self.records.customer.id)
        judged = judge(
            await showcase.complements_of(self.session, kept),
            given=await self._known(kept),
            owned=owned,
            just_bought={*await self._bought(), *kept},
        )
        fitting = [one.candidate.product for one in judged if not one.left_out]
        if not fitting:
            reasons = Counter(str(one.left_out) for one in judged)
            told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
            raise NothingToShow(f"complements left out: {told}" if told else "no complements")
        return self._fresh_first([product for product in fitting if product])

    async def similar(self) -> list[Choice]:
        """Others of the same categories that the run has not shown."""
        found = await showcase.similar_to(self.session, await self._seen(), limit=self._enough)
        fresh = self._fresh(found)
        if not fresh:
            raise NothingToShow("nothing similar is on sale")
        return fresh

    async def new(self) -> list[Choice]:
        """The newest that the run has not shown; may be none."""
        return self._fresh(await showcase.newest(self.session, limit=self._enough))

    async def bought_since(self) -> list[Choice]:
        """What was bought since the run began, of what it showed if that is among it."""
        bought = await self._bought()
        shown = [product for product in bought if product in self.request.already_shown]
        return _each(showcase.showable(await self._known(shown or bought)))

    async def _bought(self) -> list[str]:
        """What the customer ordered since the run began, besides the order that began it."""
        run, customer = self.records.run, self.records.customer
        return await showcase.ordered_since(
            self.session, customer.id, run.entered_at, besides=run.started_by
        )

    @property
    def _enough(self) -> int:
        return len(self.request.already_shown) + _MOST

    def _fresh(self, products: Collection[Product]) -> list[Choice]:
        return _each(p for p in products if p.id not in self.request.already_shown)

    def _fresh_first(self, products: Collection[Product]) -> list[Choice]:
        return _each(sorted(products, key=lambda p: p.id in self.request.already_shown))


Source = Callable[[Chooser], Awaitable[list[Choice]]]

#: What a mail can declare to show (`shows:` in its first comment).
SOURCES: Final[Mapping[str, Source]] = {
    "viewed": Chooser.viewed,
    "cart": Chooser.cart,
    "order": Chooser.order,
    "complements": Chooser.complements,
    "similar": Chooser.similar,
    "new": Chooser.new,
    "bought-since": Chooser.bought_since,
}


def _each(products: Iterable[Product]) -> list[Choice]:
    return [Choice(product) for product in products]
