"""Taking in a group of messages: everything they mean and cause, in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from domain.cart import MAY_EMPTY
from domain.events import CUSTOMER_MERGED, OBJECTIONS, ORDER_COMPLETED, Event, EventName
from domain.incoming import Incoming
from domain.routing import route
from intake.deriving import emptied_cart, emptied_order, following
from intake.effects import Effects
from intake.known import Known
from intake.learning import Described, Words, described_products, learn_order, learn_products
from intake.meaning import Done, event_of, understood
from intake.meanwhile import begun, in_turns
from intake.noting import LOOK_GRAIN, note
from intake.people import People
from intake.relevance import Relevance, view_of
from intake.reports import note_told
from intake.subjects import as_kept
from intake.traits import apply_traits, withdraw_unless_given_since
from store.consents import words_gathered
from store.drivers import Row
from store.event_log import event_row, keep_events, keep_if_new
from store.intake import known_messages
from store.orders import OrderRecord
from store.people import Person, write_moments, write_people
from store.sessions import AsyncSession

#: A cart is made of what happened within this time.
_CART_MEMORY: Final = timedelta(days=60)


@dataclass(slots=True)
class Group:
    """Messages of many customers on their way into the store."""

    session: AsyncSession
    effects: Effects
    #: Descriptions of products that are on record, and those that are new.
    told_products: Mapping[str, Words] = field(default_factory=dict)
    described: Mapping[str, Described] = field(default_factory=dict)
    #: Of whom we learned something, and of whom only when they were there.
    taught: dict[str, Person] = field(default_factory=dict)
    noted: dict[str, Person] = field(default_factory=dict)
    #: Whether some messages were known already, as far as we looked.
    has_repeats: bool = False
    known: Known = field(init=False)
    _look_grain: timedelta = field(init=False)

    def __post_init__(self) -> None:
        effects = self.effects
        relevance = Relevance.under(effects.catalogue, pace=effects.pace, now=effects.now)
        self.known = Known(self.session, relevance)
        self._look_grain = effects.pace.of(LOOK_GRAIN)

    async def take(self, messages: Sequence[Incoming], *, looks_first: bool = True) -> None:
        """Keep what is new among `messages` and put on record what follows from it.

        Unless it `looks_first`, they are taken to be all new: Overtaken is raised when one is not.
        """
        fresh = await self._fresh(messages, looks_first=looks_first)
        if not fresh:
            return
        async with begun(People.of, self.session, fresh) as found:
            events = [event_of(message) for message in fresh]
        people = found.result()
        done = await understood(self.session, people, fresh, events)
        self.known.moving_consent = people.moving_consent
        telling = self.known.telling(done)
        self._note_passers_by(people.newcomers, done, telling)
        async with words_gathered(self.session, self.effects.writes):
            async with begun(in_turns, _row, done) as rows:
                await people.write()
                self._end_merged(people)
                following = await self.known.look_up(done, telling)
            async with begun(keep_events, self.session, rows.result()):
                await self._follow_all(done, following, telling)
                await self._write()

    async def _follow_all(
        self, done: Sequence[Done], following: Sequence[Done], telling: Collection[str]
    ) -> None:
        """Follow events while they are kept: what asks the database comes last, and waits."""
        concerned = {one.person.id for one in following}
        await in_turns(self._pass_by, [one for one in done if one.person.id not in concerned])
        await in_turns(self._hear, [one for one in following if one.person.id not in telling])
        self.described = described_products([one.event for one in done], self.told_products)
        by_shop = [(event, p.id) for m, p, event in done if m.customer_id is None]
        await note_told(self.session, by_shop)
        for one in following:
            if one.person.id in telling:
                await self._follow(one)

    async def _fresh(self, messages: Sequence[Incoming], *, looks_first: bool) -> list[Incoming]:
        first: dict[str, Incoming] = {}
        for message in messages:
            first.setdefault(message.message_id, message)
        if not looks_first:
            return [*first.values()]
        known = await known_messages(self.session, first.keys())
        self.has_repeats = bool(known)
        return [message for message in first.values() if message.message_id not in known]

    def _note_passers_by(
        self, newcomers: Collection[str], done: Sequence[Done], telling: Collection[str]
    ) -> None:
        """Note when new visitors were there, before they are written: most do nothing else."""
        for _, person, event in done:
            if person.id in newcomers and person.id not in telling:
                self._remember(person, event)

    def _end_merged(self, people: People) -> None:
        for run_id in people.runs_to_end:
            now = self.effects.now
            self.effects.signal(run_id, Event(f"merged:{run_id}", CUSTOMER_MERGED, now, now))

    def _pass_by(self, one: Done) -> None:
        """What follows from an event that cannot matter: that somebody was there."""
        self._note(one.person, one.event)

    def _hear(self, one: Done) -> None:
        """What follows from an event that tells nothing new about anybody."""
        person, event = one.person, one.event
        self.known.ahead.discard(event.id)
        self._note(person, event)
        order = learn_order(self.known.orders, person.id, event)
        if self.known.may_matter(one):
            self._route(person, event, order)

    async def _follow(self, one: Done) -> None:
        """Everything that one event changes and causes."""
        person, event = one.person, one.event
        self.known.ahead.discard(event.id)
        subscription: EventName | None = None
        has_moved = one.message.message_id in self.known.moving_consent
        if one.message.traits or has_moved:
            self.taught[person.id] = person
            subscription = await apply_traits(
                self.session, person, one.message, self.effects.opt_in, has_moved=has_moved
            )
            self.known.relevance.forget(person)
        self._note(person, event)
        order = await self._learn(one)
        if self.known.may_matter(one):
            self._route(person, await self._as_kept(event, order), order)
        for derived in await self._derived(one, subscription, order):
            if await keep_if_new(self.session, derived, person.id):
                self._note(person, derived)
                self._route(person, derived)

    def _note(self, person: Person, event: Event) -> None:
        if self._remember(person, event):
            self.noted[person.id] = person

    def _remember(self, person: Person, event: Event) -> bool:
        """Remember when it happened; False when nothing has to be written down."""
        is_asked_for = event.name in self.known.relevance.asked_for
        return note(person, event, is_asked_for=is_asked_for, grain=self._look_grain)

    async def _learn(self, one: Done) -> OrderRecord | None:
        person, event = one.person, one.event
        order = learn_order(self.known.orders, person.id, event)
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
            person.bought_kind = self.known.kind(event.facts) or person.bought_kind
        return order

    async def _write(self) -> None:
        """Write down products, and put all that changed about people among what is written last."""
        only_noted = [p for p in self.noted.values() if p.id not in self.taught]
        writes = self.effects.writes
        self.known.orders.write(writes)
        write_people(writes, self.taught.values())
        write_moments(writes, only_noted)
        await learn_products(self.session, self.described)

    async def _as_kept(self, event: Event, order: OrderRecord | None) -> Event:
        kept = as_kept(event, order)
        if news := set(kept.facts.product_ids) - set(event.facts.product_ids):
            await self.known.learn_kinds(news)
        return kept

    def _route(self, person: Person, event: Event, order: OrderRecord | None = None) -> None:
        runs = self.known.runs[person.id]
        void = [order.id] if order and order.told.is_void else []
        effects = route(
            event,
            view_of(person, runs, void_orders=void),
            runs.active,
            self.effects.catalogue,
            now=self.effects.now,
            pace=self.effects.pace,
            past=self.known.past_of(person),
        )
        for effect in effects:
            started = self.effects.add(effect, person.id, kind=self.known.kind(event.facts))
            if started:
                runs.enter(started)
                self.known.relevance.forget(person)

    async def _derived(
        self, one: Done, subscription: EventName | None, order: OrderRecord | None
    ) -> Iterable[Event]:
        """Events that follow from this one by themselves."""
        event, since = one.event, one.event.happened_at - self.effects.pace.of(_CART_MEMORY)
        others = self.known.ahead | {event.id} if event.name in MAY_EMPTY else ()
        derived = await emptied_cart(
            self.session, one.person.id, event, since=since, without=others
        )
        if subscription:
            derived.append(following(event, subscription))
        refund = emptied_order(event, order)
        return [*derived, refund] if refund else derived


def _row(one: Done) -> Row:
    return event_row(one.event, one.person.id)
