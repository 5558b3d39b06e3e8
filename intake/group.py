"""Taking in a group of messages: everything they mean and cause, in one transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from domain.cart import MAY_EMPTY
from domain.events import (
    CUSTOMER_MERGED,
    OBJECTIONS,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    Event,
    EventName,
    Facts,
)
from domain.incoming import Incoming
from domain.products import ProductKind, slowest
from domain.routing import route
from domain.rules import Catalogue
from intake.deriving import emptied_cart, following
from intake.effects import Effects
from intake.learning import learn_order, order_id_in
from intake.meaning import Done, event_of, understood
from intake.meanwhile import begun
from intake.noting import LOOK_GRAIN, note
from intake.past import past_of
from intake.people import People
from intake.relevance import TELLING, Relevance, view_of
from intake.reports import note_told
from intake.subjects import as_kept, emptied
from intake.traits import apply_traits, withdraw_unless_given_since
from store import intake as records
from store.consents import look_up_decisions, words_gathered
from store.drivers import Row
from store.event_log import event_row, keep_events, keep_if_new
from store.intake import Runs
from store.orders import OrderRecord, Orders
from store.people import Person, write_moments, write_people
from store.products import kinds_of
from store.sessions import AsyncSession

#: A cart is made of what happened within this time.
_CART_MEMORY: Final = timedelta(days=60)
#: Events whose product kinds decide how long a journey waits.
_KIND_MATTERS: Final = (ORDER_COMPLETED, ORDER_DELIVERED)


@dataclass(slots=True)
class Group:
    """Messages of many customers on their way into the store."""

    session: AsyncSession
    effects: Effects
    runs: defaultdict[str, Runs] = field(default_factory=lambda: defaultdict(Runs))
    past: Mapping[str, list[Event]] = field(default_factory=dict)
    #: Events that are kept already but come only after the one that is followed now.
    ahead: set[str] = field(default_factory=set)
    kinds: Mapping[str, ProductKind] = field(default_factory=dict)
    orders: Orders = field(init=False)
    #: Of whom we learned something, and of whom only when they were there.
    taught: dict[str, Person] = field(default_factory=dict)
    noted: dict[str, Person] = field(default_factory=dict)
    #: Whether some messages were known already, as far as we looked.
    has_repeats: bool = False
    #: Messages by which a consent came to another address, in a merge.
    moving_consent: Collection[str] = ()
    relevance: Relevance = field(init=False)
    _look_grain: timedelta = field(init=False)

    def __post_init__(self) -> None:
        effects = self.effects
        self.relevance = Relevance.under(effects.catalogue, pace=effects.pace, now=effects.now)
        self._look_grain = effects.pace.of(LOOK_GRAIN)
        self.orders = Orders(self.session, {})

    @property
    def catalogue(self) -> Catalogue:
        """The journeys with the settings in force."""
        return self.effects.catalogue

    async def take(self, messages: Sequence[Incoming], *, looks_first: bool = True) -> list[Event]:
        """Keep what is new among `messages` and put on record what follows from it.

        Unless it `looks_first`, they are taken to be all new: Overtaken is raised when one is not.
        """
        fresh = await self._fresh(messages, looks_first=looks_first)
        if not fresh:
            return []
        async with begun(People.of(self.session, fresh)) as people_found:
            events = [event_of(message) for message in fresh]
        people = people_found.result()
        done = await understood(self.session, people, fresh, events)
        async with begun(records.runs_of(self.session, {p.id for _, p, _ in done})) as runs_found:
            rows = [event_row(event, person.id) for _, person, event in done]
        self.runs = runs_found.result()
        self._end_merged(people)
        self.moving_consent = people.moving_consent
        async with words_gathered(self.session):
            following = await self._keep(done, rows)
            by_shop = [(event, p.id) for m, p, event in done if m.customer_id is None]
            await note_told(self.session, by_shop)
            for one in following:
                await self._follow(one)
        await self._write()
        return [event for _, _, event in done]

    async def _keep(self, done: Sequence[Done], rows: Sequence[Row]) -> Sequence[Done]:
        """Keep the events, and follow meanwhile those that need no more of the database.

        What is read comes first, since nothing else can be asked while they are written. Returns
        what is still to be followed.
        """
        concerned = self._concerned(done)
        following = [one for one in done if one.person.id in concerned]
        await self._look_up(following)
        asking = {one.person.id for one in following if self._tells(one)}
        async with begun(keep_events(self.session, rows)):
            for _, person, event in done:
                if person.id not in concerned:
                    self._note(person, event)
            for one in following:
                if one.person.id not in asking:
                    self._hear(one)
        return [one for one in following if one.person.id in asking]

    def _tells(self, one: Done) -> bool:
        """Whether it teaches something about the person or the shop, or others follow from it."""
        message, _, event = one
        return (
            bool(message.traits)
            or event.name in TELLING
            or message.message_id in self.moving_consent
        )

    def _concerned(self, done: Sequence[Done]) -> set[str]:
        """Those about whom something is told, or for whom something may follow."""
        concerned: set[str] = set()
        for one in done:
            person = one.person
            if person.id not in concerned and (self._tells(one) or self._may_matter(one)):
                concerned.add(person.id)
        return concerned

    def _may_matter(self, one: Done) -> bool:
        _, person, event = one
        if person.email is None and person.id not in self.runs:
            return event.name in TELLING  # most visitors: nobody may write to them
        return self.relevance.may_matter(event, person, self.runs[person.id])

    async def _fresh(self, messages: Sequence[Incoming], *, looks_first: bool) -> list[Incoming]:
        first: dict[str, Incoming] = {}
        for message in messages:
            first.setdefault(message.message_id, message)
        if not looks_first:
            return [*first.values()]
        known = await records.known_messages(self.session, first.keys())
        self.has_repeats = bool(known)
        return [message for message in first.values() if message.message_id not in known]

    async def _look_up(self, done: Sequence[Done]) -> None:
        """Read what following needs to know, for everybody at once."""
        if not done:
            return
        self.ahead = {one.event.id for one in done}
        products = {
            product
            for one in done
            if one.event.name in _KIND_MATTERS
            for product in one.event.facts.product_ids
        }
        self.kinds = await kinds_of(self.session, products)
        orders = {order_id for one in done if (order_id := order_id_in(one.event))}
        self.orders = await Orders.of(self.session, orders)
        told = {one.person.id: one.person for one in done if one.message.traits}
        await look_up_decisions(self.session, told.values())
        curious = {one.person.id for one in done if self._may_qualify(one, told)}
        doing = [(one.person.id, one.event) for one in done if one.person.id in curious]
        self.past = await past_of(self.session, doing, self.relevance)

    def _may_qualify(self, one: Done, told: Collection[str]) -> bool:
        runs, is_told_about = self.runs[one.person.id], one.person.id in told
        return self.relevance.may_qualify(one.event, one.person, runs, is_told_about=is_told_about)

    def _end_merged(self, people: People) -> None:
        for run_id in people.runs_to_end:
            now = self.effects.now
            self.effects.signal(run_id, Event(f"merged:{run_id}", CUSTOMER_MERGED, now, now))

    def _hear(self, one: Done) -> None:
        """What follows from an event that tells nothing new about anybody."""
        person, event = one.person, one.event
        self.ahead.discard(event.id)
        self._note(person, event)
        order = learn_order(self.orders, person.id, event)
        if self._may_matter(one):
            self._route(person, event, order)

    async def _follow(self, one: Done) -> None:
        """Everything that one event changes and causes."""
        person, event = one.person, one.event
        self.ahead.discard(event.id)
        subscription: EventName | None = None
        has_moved = one.message.message_id in self.moving_consent
        if one.message.traits or has_moved:
            self.taught[person.id] = person
            subscription = await apply_traits(
                self.session, person, one.message, self.effects.opt_in, has_moved=has_moved
            )
            self.relevance.forget(person)
        self._note(person, event)
        order = await self._learn(one)
        if self._may_matter(one):
            self._route(person, await self._as_kept(event, order), order)
        for derived in await self._derived(one, subscription, order):
            if await keep_if_new(self.session, derived, person.id):
                self._note(person, derived)
                self._route(person, derived)

    def _note(self, person: Person, event: Event) -> None:
        is_asked_for = event.name in self.relevance.asked_for
        if note(person, event, is_asked_for=is_asked_for, grain=self._look_grain):
            self.noted[person.id] = person

    async def _learn(self, one: Done) -> OrderRecord | None:
        person, event = one.person, one.event
        order = learn_order(self.orders, person.id, event)
        if event.name in OBJECTIONS and one.message.customer_id is None:
            # Told by the shop; what we found out ourselves is on record already.
            self.taught[person.id] = person
            proof = {"message_id": event.id}
            await withdraw_unless_given_since(
                self.session, person, at=event.happened_at, evidence=proof
            )
        if event.name == ORDER_COMPLETED:
            self.taught[person.id] = person
            at = event.happened_at
            person.last_ordered_at = max(person.last_ordered_at or at, at)
            person.bought_kind = self._kind(event.facts) or person.bought_kind
        return order

    async def _write(self) -> None:
        """Write down what changed about people, for all of them at once."""
        only_noted = [p for p in self.noted.values() if p.id not in self.taught]
        await self.orders.write()
        await write_people(self.session, self.taught.values())
        await write_moments(self.session, only_noted)

    async def _as_kept(self, event: Event, order: OrderRecord | None) -> Event:
        kept = as_kept(event, order)
        if news := set(kept.facts.product_ids) - set(event.facts.product_ids):
            self.kinds = {**self.kinds, **await kinds_of(self.session, news)}
        return kept

    def _route(self, person: Person, event: Event, order: OrderRecord | None = None) -> None:
        runs = self.runs[person.id]
        void = [order.id] if order and order.told.is_void else []
        effects = route(
            event,
            view_of(person, runs, void_orders=void),
            runs.active,
            self.catalogue,
            now=self.effects.now,
            pace=self.effects.pace,
            past=[e for e in self.past.get(person.id, ()) if e.id not in self.ahead],
        )
        for effect in effects:
            started = self.effects.add(effect, person.id, kind=self._kind(event.facts))
            if started:
                runs.enter(started)
                self.relevance.forget(person)

    async def _derived(
        self, one: Done, subscription: EventName | None, order: OrderRecord | None
    ) -> Iterable[Event]:
        """Events that follow from this one by themselves."""
        event, since = one.event, one.event.happened_at - self.effects.pace.of(_CART_MEMORY)
        others = self.ahead | {event.id} if event.name in MAY_EMPTY else ()
        derived = await emptied_cart(
            self.session, one.person.id, event, since=since, without=others
        )
        if subscription:
            derived.append(following(event, subscription))
        refund = emptied(event, order)
        return [*derived, refund] if refund else derived

    def _kind(self, facts: Facts) -> str | None:
        return slowest([self.kinds.get(product) for product in facts.product_ids])
