"""Which events can matter: of all others it is enough to keep them.

Most of what a shop sends are looks at pages and products, by visitors to whom nobody may write, or
who are in the journey already that a look could start. Nothing follows from these, and they teach
nothing about the person. To find that out costs much less than to follow an event, as long as it
takes no more than what is read of everybody at the door.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.cart import MAY_EMPTY
from domain.entry import Per
from domain.events import (
    ABOUT_ONE_ORDER,
    OBJECTIONS,
    ORDER_COMPLETED,
    WITHDRAWALS,
    Event,
    EventName,
)
from domain.pace import Pace
from domain.routing import CustomerView, refusal
from domain.rules import Catalogue
from intake.traits import IDENTIFIED, moments
from store import tables
from store.intake import Runs
from store.people import Person

#: Events that change what we know of somebody, or that others follow from.
TELLING: Final = frozenset(
    (ORDER_COMPLETED, *ABOUT_ONE_ORDER, *MAY_EMPTY, *OBJECTIONS, *WITHDRAWALS)
)
#: Before and after all that happens.
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_LATE: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Relevance:
    """What can matter under the rules in force. When in doubt, an event does."""

    #: The names of which somebody asks when they last happened.
    asked_for: frozenset[str]
    _catalogue: Catalogue
    pace: Pace
    #: Journeys that ask about earlier events, and since when an event is not too old for them.
    _remembering: Sequence[tuple[str, datetime]]
    _started: dict[str, frozenset[str]] = field(default_factory=dict)
    #: Person → the journeys that they may enter, each with the moment from which on they may.
    _open: dict[str, Sequence[tuple[str, datetime]]] = field(default_factory=dict)

    @classmethod
    def under(cls, catalogue: Catalogue, *, pace: Pace, now: datetime) -> "Relevance":
        """The relevance of events to these journeys, now."""
        asked_for = frozenset({IDENTIFIED}).union(*(r.listens for r in catalogue.values()))
        remembering = tuple(
            (rules.name, now - pace.of(rules.entry.fresh_for))
            for rules in catalogue.values()
            if rules.entry.memory(rules.settings)
        )
        return cls(asked_for, catalogue, pace, remembering)

    def may_matter(self, event: Event, person: Person, runs: Runs) -> bool:
        """Whether something may follow from the event, or be learned about the person."""
        if event.name in TELLING:
            return True
        if event.is_history:
            return False
        if runs.active and any(self._listens(run.journey, event.name) for run in runs.active):
            return True
        return person.has_address and self._may_enter(
            self._started_through(event.name), event, person, runs
        )

    def forget(self, person: Person) -> None:
        """To be called when what is known of the person, or of their runs, has changed."""
        self._open.pop(person.id, None)

    def may_qualify(self, event: Event, person: Person, runs: Runs, *, is_told_about: bool) -> bool:
        """Whether a condition on earlier events could let the person in anywhere.

        Nothing is ruled out for somebody of whom this very group says who they are.
        """
        if event.is_history:
            return False
        at = event.happened_at
        asking = [name for name, since in self._remembering if at >= since]
        return bool(asking) and (is_told_about or self._may_enter(asking, event, person, runs))

    @property
    def memory(self) -> timedelta:
        """How far back the most curious of all journeys looks."""
        return self.pace.of(max(r.entry.memory(r.settings) for r in self._catalogue.values()))

    def is_remembered(self, name: EventName) -> bool:
        """Whether it can start a journey that asks what happened earlier."""
        return any(
            rules.entry.memory(rules.settings) and rules.entry.starts_on(name, rules.settings)
            for rules in self._catalogue.values()
        )

    def _listens(self, journey: str, name: EventName) -> bool:
        return journey in self._catalogue and name in self._catalogue[journey].listens

    def _started_through(self, name: EventName) -> frozenset[str]:
        """The journeys that start on events of this name, or by what it shows of earlier ones."""
        if name not in self._started:
            self._started[name] = frozenset(
                rules.name
                for rules in self._catalogue.values()
                if rules.entry.memory(rules.settings) or rules.entry.starts_on(name, rules.settings)
            )
        return self._started[name]

    def _may_enter(
        self, journeys: Collection[str], event: Event, person: Person, runs: Runs
    ) -> bool:
        if person.id not in self._open:
            self._open[person.id] = [*self._open_to(person, runs)]
        at = event.happened_at
        return any(at >= since and name in journeys for name, since in self._open[person.id])

    def _open_to(self, person: Person, runs: Runs) -> Iterator[tuple[str, datetime]]:
        view = glimpse_of(person, runs)
        for name, rules in self._catalogue.items():
            if rules.entry.per is Per.ORDER:
                yield name, _EVER  # which order it is about is not known at the door
            elif not refusal(rules, view, runs.active, key="", at=_LATE, pace=self.pace):
                last, pause = runs.entries.get((name, "")), rules.entry.again_after
                yield name, last + self.pace.of(pause) if last and pause is not None else _EVER


def glimpse_of(person: Person, runs: Runs) -> CustomerView:
    """The person as far as they are known at the door."""
    return CustomerView(
        id=person.id,
        has_address=person.has_address,
        consents=person.consents,
        pending=person.pending,
        entries=runs.entries,
    )


def view_of(
    customer: Person | tables.Customer, runs: Runs, *, void_orders: Collection[str] = ()
) -> CustomerView:
    """The customer as routing sees them."""
    return CustomerView(
        id=customer.id,
        has_address=customer.email is not None,
        consents=customer.consents,
        pending=customer.pending,
        latest=moments(customer.latest),
        entries=runs.entries,
        void_orders=void_orders,
    )
