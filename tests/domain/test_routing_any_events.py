"""What holds for every sequence of events, in whatever order they arrive."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.conditions import Dwelled, Seen
from domain.entry import ALWAYS, NEVER, Per
from domain.events import (
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
    UNSUBSCRIBED,
    VOIDING,
    WITHDRAWALS,
    Event,
)
from domain.pace import Pace
from domain.routing import ActiveRun, CustomerView, SignalRun, StartRun, route
from tests.fakes.happenings import NOON, happened
from tests.fakes.journeys import journey

CATALOGUE = {
    rules.name: rules
    for rules in (
        journey("always", listens=(ORDER_COMPLETED, EMAIL_LINK_CLICKED), again_after=ALWAYS),
        journey("fortnight", on=(PRODUCT_VIEWED, PRODUCT_ADDED), again_after=timedelta(days=14)),
        journey("curious", when=Seen(times=2, within=timedelta(days=7)) | Dwelled(60)),
        journey(
            "order",
            on=(ORDER_COMPLETED,),
            listens=(ORDER_REFUNDED, ORDER_COMPLETED),
            per=Per.ORDER,
            again_after=NEVER,
        ),
    )
}

names = st.sampled_from(
    (
        *(PRODUCT_VIEWED, PRODUCT_ADDED, ORDER_COMPLETED, ORDER_REFUNDED),
        *(EMAIL_LINK_CLICKED, UNSUBSCRIBED),
    )
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Something of the last forty days that arrives up to two days late."""
    at = NOON + timedelta(hours=draw(st.integers(0, 24 * 40)))
    about: dict[str, Any] = {"product_id": "mug", "order_id": f"order-{draw(st.integers(1, 2))}"}
    name = draw(names)
    if name == EMAIL_LINK_CLICKED:
        about["run_id"] = f"run-{draw(st.integers(1, 8))}"
    event = happened(name, at=at, is_history=draw(st.integers(0, 9)) == 0, **about)
    return event._replace(received_at=at + timedelta(hours=draw(st.integers(0, 48))))


class World:
    """Keeps runs as the intake and the workflows do: started by a start, over by an ending."""

    def __init__(self) -> None:
        self.customer = CustomerView("cus", has_address=True, consents={"marketing": ["email"]})
        self.active: list[ActiveRun] = []
        self.past: list[Event] = []
        self.started = 0
        self.signals: list[tuple[ActiveRun, Event]] = []
        #: Where there was more than one run at a time.
        self.shared: list[tuple[str, str]] = []

    def takes(self, event: Event, *, ends: bool) -> None:
        self.past = sorted([*self.past, event], key=lambda e: e.happened_at)
        latest = dict(self.customer.latest)
        latest[event.name] = max(latest.get(event.name, event.happened_at), event.happened_at)
        self.customer = replace(self.customer, latest=latest)
        now = event.received_at
        for effect in route(
            event, self.customer, self.active, CATALOGUE, now=now, pace=Pace(), past=self.past
        ):
            if isinstance(effect, StartRun):
                self._starts(effect)
            else:
                self._tells(effect, ends=ends)

    def _starts(self, effect: StartRun) -> None:
        self.started += 1
        at = effect.trigger.happened_at
        run = ActiveRun(
            f"run-{self.started}", effect.journey, effect.key, at, started_by=effect.trigger.id
        )
        self.active.append(run)
        entries = {**self.customer.entries, (run.journey, run.key): at}
        self.customer = replace(self.customer, entries=entries)

    def _tells(self, effect: SignalRun, *, ends: bool) -> None:
        [run] = [run for run in self.active if run.id == effect.run_id]
        self.signals.append((run, effect.event))
        if ends:
            self.active.remove(run)

    @property
    def places(self) -> list[tuple[str, str]]:
        return [(run.journey, run.key) for run in self.active]


def lived_through(sequence: Sequence[tuple[Event, bool]]) -> World:
    world = World()
    for event, ends in sequence:
        world.takes(event, ends=ends)
        world.shared += [place for place, runs in Counter(world.places).items() if runs > 1]
    return world


sequences = st.lists(st.tuples(events(), st.booleans()), max_size=25)


class TestWhateverHappens:
    @given(sequences)
    def test_there_is_one_run_at_a_time_and_key(self, sequence: list[tuple[Event, bool]]) -> None:
        assert lived_through(sequence).shared == []

    @given(sequences)
    def test_no_run_hears_of_what_was_before_it_or_started_it(
        self, sequence: list[tuple[Event, bool]]
    ) -> None:
        for run, event in lived_through(sequence).signals:
            is_from_since = event.happened_at >= run.entered_at
            is_timeless = event.name in WITHDRAWALS or event.facts.run_id == run.id
            gives_its_order_back = event.name in VOIDING and event.facts.order_id == run.key
            assert is_from_since or is_timeless or gives_its_order_back
            assert event.id != run.started_by

    @given(sequences)
    def test_every_run_hears_of_a_withdrawal(self, sequence: list[tuple[Event, bool]]) -> None:
        world = lived_through([(event, False) for event, _ in sequence])

        world.takes(happened(UNSUBSCRIBED, at=NOON), ends=True)

        assert world.active == []

    @given(sequences)
    def test_history_changes_nothing(self, sequence: list[tuple[Event, bool]]) -> None:
        world = lived_through([(event._replace(is_history=True), ends) for event, ends in sequence])

        assert (world.started, world.signals) == (0, [])
