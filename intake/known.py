"""What following a group's events needs to know, read for everybody at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.events import ORDER_COMPLETED, ORDER_DELIVERED, Event, Facts
from domain.products import ProductKind, slowest
from intake.learning import order_id_in
from intake.meaning import Done
from intake.past import past_of
from intake.relevance import TELLING, Relevance
from store.consents import look_up_decisions
from store.intake import Runs, runs_of
from store.orders import Orders
from store.people import Person
from store.products import kinds_of
from store.sessions import AsyncSession

#: Events whose product kinds decide how long a journey waits.
_KIND_MATTERS: Final = (ORDER_COMPLETED, ORDER_DELIVERED)


@dataclass(slots=True)
class Known:
    """What is on record about those who did something, and what they did it with."""

    session: AsyncSession
    relevance: Relevance
    #: Messages by which a consent came to another address, in a merge.
    moving_consent: Collection[str] = ()
    runs: defaultdict[str, Runs] = field(default_factory=lambda: defaultdict(Runs))
    orders: Orders = field(default_factory=lambda: Orders({}))
    #: Events that are kept already but come only after the one that is followed now.
    ahead: set[str] = field(default_factory=set)
    _past: Mapping[str, list[Event]] = field(default_factory=dict)
    _kinds: dict[str, ProductKind] = field(default_factory=dict)

    def telling(self, done: Sequence[Done]) -> set[str]:
        """Of whom it teaches something, or about the shop, or from whose events others follow."""
        moved = self.moving_consent
        return {
            person.id
            for message, person, event in done
            if message.traits or event.name in TELLING or message.message_id in moved
        }

    async def look_up(self, done: Sequence[Done], telling: Collection[str]) -> list[Done]:
        """Read all that is needed; returns what is to be followed, since it may matter.

        That is all of those who are `telling`.
        """
        self.runs = await runs_of(self.session, {person.id for _, person, _ in done})
        concerned = self._concerned(done, telling)
        following = [one for one in done if one.person.id in concerned]
        if not following:
            return []
        self.ahead = {one.event.id for one in following}
        await self._look_up_kinds(following)
        orders = {order_id for _, _, event in following if (order_id := order_id_in(event))}
        self.orders = await Orders.of(self.session, orders)
        told = {one.person.id: one.person for one in following if one.message.traits}
        await look_up_decisions(self.session, told.values())
        curious = self._curious(following, told)
        doing = [(person.id, event) for _, person, event in following if person.id in curious]
        self._past = await past_of(self.session, doing, self.relevance)
        return following

    async def learn_kinds(self, products: Collection[str]) -> None:
        """Look up more products."""
        self._kinds |= await kinds_of(self.session, products)

    def may_matter(self, one: Done) -> bool:
        """Whether something may follow from it, or be learned about the person."""
        _, person, event = one
        if person.email is None and person.id not in self.runs:
            return event.name in TELLING  # most visitors: nobody may write to them
        return self.relevance.may_matter(event, person, self.runs[person.id])

    def past_of(self, person: Person) -> list[Event]:
        """What the person did before the event that is followed now."""
        return [e for e in self._past.get(person.id, ()) if e.id not in self.ahead]

    def kind(self, facts: Facts) -> ProductKind | None:
        """The kind of the products at hand that takes longest to be judged."""
        return slowest([self._kinds.get(product) for product in facts.product_ids])

    def _concerned(self, done: Sequence[Done], telling: Collection[str]) -> set[str]:
        """Those about whom something is told, or for whom something may follow."""
        concerned = set(telling)
        for one in done:
            if one.person.id not in concerned and self.may_matter(one):
                concerned.add(one.person.id)
        return concerned

    async def _look_up_kinds(self, following: Sequence[Done]) -> None:
        products = {
            product
            for _, _, event in following
            if event.name in _KIND_MATTERS
            for product in event.facts.product_ids
        }
        self._kinds = await kinds_of(self.session, products)

    def _curious(self, following: Sequence[Done], told: Collection[str]) -> set[str]:
        """Those whom a condition on earlier events could let in somewhere."""
        curious: set[str] = set()
        for _, person, event in following:
            if person.id not in curious and self.relevance.may_qualify(
                event, person, self.runs[person.id], is_told_about=person.id in told
            ):
                curious.add(person.id)
        return curious
