"""Who a message is about: found, made, or joined with somebody we knew under another id."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from domain.ids import new_customer_id
from domain.incoming import Call, Incoming
from intake.opt_in import Standing
from store import tables
from store.consents import consents_in_force
from store.customers import locked_customer
from store.people import (
    Name,
    Person,
    add_people,
    claim,
    locked_customers,
    locked_owners,
    locked_people,
    move_belongings,
    name_customers,
    runs_in_conflict,
)
from store.sessions import AsyncSession
from store.sqlite_driver import off_the_spot
from store.writes import Writes

_FIELDS = ("email", "email_key", "phone", "first_name", "last_name", "locale", "timezone")
_MORE_FIELDS = ("country", "birthday", "bought_kind")
#: What the shop said last about consent, so that saying it again changes nothing; in `latest`
#: the moment at which it did.
SAID: Final = "marketing_consent"


class People:
    """The customers of a group of messages, locked until the transaction ends."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._asked: set[Name] = set()
        self._owners: dict[Name, str] = {}
        self._unowned: set[Name] = set()
        self._people: dict[str, Person] = {}
        self._survivors: dict[str, str] = {}
        #: Who it was that came under these ids a moment ago: most come several times.
        self._just_met: dict[tuple[str | None, str | None], Person] = {}
        #: Who is new, and when we first heard of them.
        self._new: dict[str, tuple[Person, datetime]] = {}
        self._claimed: dict[str, str] = {}
        self._new_names: dict[Name, str] = {}
        #: Runs whose customer was merged into one with a run of the same journey.
        self.runs_to_end: list[str] = []
        #: Messages by which a consent came to an address other than it was given for.
        self.moving_consent: set[str] = set()

    @classmethod
    async def of(cls, session: AsyncSession, messages: Sequence[Incoming]) -> "People":
        """Everybody whom the messages name, as far as they are known already."""
        people = cls(session)
        people._asked = {*_names(messages)}
        await people._look_up({m.customer_id for m in messages if m.customer_id})
        if any(person.is_gone for person in people._people.values()):
            await people._look_up(set())  # joined or erased while we waited for the lock
        return people

    async def _look_up(self, ids: set[str]) -> None:
        self._owners, owners = await locked_owners(self._session, self._asked)
        self._unowned = self._asked - self._owners.keys()
        self._people |= owners | await locked_people(self._session, ids - owners.keys())

    def just_met(self, message: Incoming) -> Person | None:
        """The customer a message is about, if they came under the same ids a moment ago."""
        if message.customer_id or message.previous_id:
            return None
        return self._just_met.get((message.user_id, message.anonymous_id))

    async def who(self, message: Incoming) -> Person | None:
        """The customer a message is about; None only when our own id names nobody any more."""
        if message.customer_id:
            return await self._ours(message.customer_id)
        if message.call is Call.ALIAS and message.previous_id:
            return await self._join_alias(message.previous_id, message)
        person = await self._named(message)
        self._just_met[message.user_id, message.anonymous_id] = person
        return person

    @property
    def newcomers(self) -> Collection[str]:
        """The ids of those who were not known until now, and are still to be written."""
        return self._new.keys()

    def survivor(self, person: Person) -> Person:
        """The person, or who they were merged into since."""
        if not self._survivors:
            return person
        remaining = person.id
        while remaining in self._survivors:
            remaining = self._survivors[remaining]
        return self._people[remaining]

    async def _ours(self, customer_id: str) -> Person | None:
        known = self._people.get(customer_id)
        if known is not None and not known.is_gone:
            return known
        found = await locked_customer(self._session, customer_id)
        if found is None:
            return None
        if found.id not in self._people:  # a second one of the same person would be a stale one
            self._people |= await locked_people(self._session, [found.id])
        return self._people[found.id]

    async def _named(self, message: Incoming) -> Person:
        user, browser = (
            self._by("user", message.user_id),
            self._by("anonymous", message.anonymous_id),
        )
        if message.user_id is None:
            return browser or self._newcomer(message)
        if user is None:
            # A visitor whom nobody claimed becomes the user; somebody else's browser does not.
            user = browser if browser and browser.external_id is None else self._newcomer(message)
            self._name(user, ("user", message.user_id))
            self._claim(user, message.user_id)
        elif browser and browser.id != user.id and browser.external_id is None:
            await self._merge(browser, into=user, by=message)
        if message.anonymous_id:
            self._name(user, ("anonymous", message.anonymous_id))
        return user

    async def _join_alias(self, previous_id: str, message: Incoming) -> Person:
        previous = self._by("anonymous", previous_id) or self._by("user", previous_id)
        user = self._by("user", message.user_id)
        if previous is None:
            customer = await self._named(message)
            self._name(customer, ("anonymous", previous_id))
            self._name(customer, ("user", previous_id))
            return customer
        if user is None and message.user_id:
            self._name(previous, ("user", message.user_id))
            self._claim(previous, message.user_id)
            return previous
        if user and previous.external_id and not message.may_join_users:
            return user
        if user is not None and user.id != previous.id:
            await self._merge(previous, into=user, by=message)
            return user
        return previous

    def _by(self, kind: str, value: str | None) -> Person | None:
        owner = self._owners.get((kind, value)) if value else None
        return self.survivor(self._people[owner]) if owner else None

    def _newcomer(self, message: Incoming) -> Person:
        person = Person(id=new_customer_id())
        self._new[person.id] = (person, message.received_at)
        self._people[person.id] = person
        if message.user_id is None and message.anonymous_id:
            self._name(person, ("anonymous", message.anonymous_id))
        return person

    def _claim(self, person: Person, user_id: str) -> None:
        """Know a visitor as this user of the shop, unless they are another one already."""
        if person.external_id is None:
            person.external_id = user_id
            if person.id not in self._new:
                self._claimed[person.id] = user_id

    def _name(self, customer: Person, name: Name) -> None:
        """Know the customer by this name from now on; the newest owner of a browser holds it."""
        if self._owners.get(name) != customer.id:
            if name in self._owners:
                self._just_met.clear()
            self._owners[name] = self._new_names[name] = customer.id

    async def write(self) -> None:
        """Write new customers and claimed ones, then the names they are known by."""
        await claim(self._session, self._claimed)
        writes = Writes()
        add_people(writes, self._new.values())
        name_customers(writes, self._new_names, unowned=self._unowned)
        await writes.write(self._session)
        self._unowned -= self._new_names.keys()
        self._new, self._claimed, self._new_names = {}, {}, {}

    async def _merge(self, visitor: Person, *, into: Person, by: Incoming) -> None:
        """Give all that an anonymous visitor did, allowed and has under way to the known one."""
        await self.write()
        both = await locked_customers(self._session, [visitor.id, into.id])
        loser, survivor = both[visitor.id], both[into.id]
        conflicts = await runs_in_conflict(self._session, loser=loser.id, survivor=survivor.id)
        with off_the_spot():  # it may be all that somebody did in years
            await move_belongings(
                self._session, loser=loser.id, survivor=survivor.id, without_runs=conflicts
            )
        self.runs_to_end += conflicts
        loser.merged_into = survivor.id
        self._survivors[loser.id] = survivor.id
        self._owners = {n: survivor.id if o == loser.id else o for n, o in self._owners.items()}
        _take_over(loser, survivor)
        if survivor.email_key != loser.email_key and not Standing.of(survivor).may_mail:
            self.moving_consent |= {by.message_id} if Standing.of(loser).is_any else set()
        survivor.consents = await self._consents(survivor.id)
        survivor.pending = await self._pending(survivor.id)
        self._session.add_all([loser, survivor])
        await self._session.flush()
        self._people |= await locked_people(self._session, [loser.id, survivor.id])

    async def _consents(self, customer_id: str) -> dict[str, list[str]]:
        """What holds after both histories became one: the last word on each channel."""
        await self._session.flush()
        held: dict[str, list[str]] = {}
        for word in await consents_in_force(self._session, customer_id):
            held.setdefault(word.topic, []).extend([word.channel] if word.granted else [])
        return held

    async def _pending(self, customer_id: str) -> dict[str, list[str]]:
        """What waits to be confirmed after both histories became one."""
        waiting: dict[str, list[str]] = {}
        for word in await consents_in_force(self._session, customer_id):
            if word.confirm_until is not None:
                waiting.setdefault(word.topic, []).append(word.channel)
        return waiting


def _take_over(loser: tables.Customer, survivor: tables.Customer) -> None:
    """Fill what the survivor lacks, and keep the later of both in what is a moment."""
    for name in (*_FIELDS, *_MORE_FIELDS):
        if getattr(survivor, name) is None:
            setattr(survivor, name, getattr(loser, name))
    survivor.attributes = {**loser.attributes, **survivor.attributes}
    if loser.latest.get(SAID, "") > survivor.latest.get(SAID, ""):
        survivor.attributes = {**survivor.attributes, SAID: loser.attributes.get(SAID)}
    names = {*loser.latest, *survivor.latest}
    survivor.latest = {
        name: max(loser.latest.get(name, ""), survivor.latest.get(name, "")) for name in names
    }
    survivor.last_active_at = later_of(loser.last_active_at, survivor.last_active_at)
    survivor.last_ordered_at = later_of(loser.last_ordered_at, survivor.last_ordered_at)


def later_of(*moments: datetime | None) -> datetime | None:
    """The latest of these moments, as far as they are known."""
    return max((moment for moment in moments if moment), default=None)


def _names(messages: Sequence[Incoming]) -> Iterable[Name]:
    yield from (("user", user) for user in {m.user_id for m in messages} if user)
    yield from (("anonymous", visitor) for visitor in {m.anonymous_id for m in messages} if visitor)
    for previous in {m.previous_id for m in messages if m.previous_id}:
        yield ("anonymous", previous)
        yield ("user", previous)
