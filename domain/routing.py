"""Routing: what follows from an event. Pure, so that every rule can be tested as a table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.conditions import LONGEST_LOOK, Situation
from domain.consents import ConsentStatus
from domain.durations import say_duration
from domain.entry import NEVER, Per, Refusal
from domain.events import (
    ABOUT_A_PRODUCT,
    ABOUT_ONE_ORDER,
    MAIL_EVENTS,
    ORDER_COMPLETED,
    PRODUCT_REVIEWED,
    VOIDING,
    WITHDRAWALS,
    Event,
    Facts,
)
from domain.pace import Pace
from domain.rules import Catalogue, JourneyRules


@dataclass(slots=True)
class ActiveRun:
    """A run that has not ended, as far as routing looks at it."""

    id: str
    journey: str
    key: str
    entered_at: datetime
    about: Facts = field(default_factory=Facts)
    #: The id of the event that started it.
    started_by: str = ""


# Nobody changes these, but they are made with nearly every event: to freeze them takes longer.
@dataclass(slots=True)
class CustomerView:
    """A customer, as far as routing looks at them."""

    id: str
    has_address: bool
    #: Topic → channels that we may use.
    consents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Topic → channels for which a consent waits to be confirmed.
    pending: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Event name → when it last happened, this event included.
    latest: Mapping[str, datetime] = field(default_factory=dict)
    #: (journey, key) → when it was last entered; key is "" where keyed by customer.
    entries: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    #: The orders at hand of which nothing was kept.
    void_orders: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class StartRun:
    """Effect: start this journey for the customer."""

    journey: str
    key: str
    trigger: Event


@dataclass(frozen=True, slots=True)
class SignalRun:
    """Effect: tell this run of the event."""

    run_id: str
    event: Event


Effect = StartRun | SignalRun


def route(  # noqa: PLR0913 - the whole world of a pure function is in its arguments
    event: Event,
    customer: CustomerView,
    runs: Sequence[ActiveRun],
    catalogue: Catalogue,
    *,
    now: datetime,
    pace: Pace,
    past: Sequence[Event] = (),
) -> tuple[Effect, ...]:
    """What follows from `event`: signals to runs that listen, then the runs it starts."""
    if event.is_history:
        return ()
    before = [earlier for earlier in past if earlier.happened_at < event.happened_at]
    world = _World(event, customer, runs, past, before[-1] if before else None, now, pace)
    signals = tuple(
        SignalRun(run.id, event)
        for run in runs
        if run.journey in catalogue and concerns(event, run, catalogue[run.journey])
    )
    names = {event.name, before[-1].name} if before else {event.name}
    starts = tuple(
        StartRun(rules.name, key_of(rules, trigger), trigger)
        for rules in catalogue.values()
        if not names.isdisjoint(rules.entry.on) and (trigger := _trigger(rules, world))
    )
    return signals + starts


def concerns(event: Event, run: ActiveRun, rules: JourneyRules) -> bool:
    """Whether `event` changes anything for `run`."""
    if event.name in WITHDRAWALS:
        return True
    if event.name not in rules.listens or event.id == run.started_by:
        return False
    if event.facts.is_partial:
        return False  # what is left of the order goes on
    # From before the run: known when it started, or none of its business.
    is_timely = _is_timeless(event, run) or event.happened_at >= run.entered_at
    return is_timely and is_about(event, run)


def _is_timeless(event: Event, run: ActiveRun) -> bool:
    """Whether it counts whenever it happened.

    A provider's clock may be wrong, and of an order that was given back nothing is left.
    """
    return _names_its_run(event) or (bool(run.key) and event.name in VOIDING)


def _names_its_run(event: Event) -> bool:
    return event.name in MAIL_EVENTS and event.facts.run_id is not None


def is_about(event: Event, run: ActiveRun) -> bool:
    """Whether the mail, order or product of `event` is one that `run` cares for."""
    facts = event.facts
    if _names_its_run(event):
        return facts.run_id == run.id
    if run.key and event.name in ABOUT_ONE_ORDER:
        return facts.order_id == run.key
    if run.key and event.name == ORDER_COMPLETED:
        return facts.order_id != run.key  # a later order; its own started the run
    if event.name == PRODUCT_REVIEWED and facts.product_ids and run.about.product_ids:
        return not set(facts.product_ids).isdisjoint(run.about.product_ids)
    return True


def key_of(rules: JourneyRules, event: Event) -> str:
    """What a customer may have only one run for: the order's id, or "" for the customer."""
    return (event.facts.order_id or "") if rules.entry.per is Per.ORDER else ""


def refusal(
    rules: JourneyRules,
    customer: CustomerView,
    runs: Sequence[ActiveRun],
    *,
    key: str,
    at: datetime,
    pace: Pace,
) -> Refusal | None:
    """Why the customer may not enter `rules` now, or None when they may."""
    if rules.is_paused:
        return Refusal("journey-paused", f"{rules.name} is paused; resume it first.")
    if not customer.has_address:
        return Refusal("no-address", "The customer has no e-mail address; send an identify call.")
    if no := _no_consent(rules, customer):
        return no
    if key in customer.void_orders:
        return Refusal("order-void", f"Order {key} was refunded or cancelled: nothing follows.")
    if running := next((r for r in runs if (r.journey, r.key) == (rules.name, key)), None):
        return Refusal("already-running", f"{running.id} is running; end it or wait for its end.")
    return _too_soon(rules, customer, key=key, at=at, pace=pace)


def _no_consent(rules: JourneyRules, customer: CustomerView) -> Refusal | None:
    entry = rules.entry
    if entry.consent is ConsentStatus.PENDING:
        if entry.channel in customer.pending.get(entry.topic, ()):
            return None
        return Refusal(
            "nothing-to-confirm",
            f"No consent to {entry.topic} by {entry.channel} waits to be confirmed; "
            "it does once it is recorded with double opt-in switched on.",
        )
    if entry.channel in customer.consents.get(entry.topic, ()):
        return None
    return Refusal(
        "no-consent",
        f"The customer has not agreed to {entry.topic} by {entry.channel}; record a consent first.",
    )


def _too_soon(
    rules: JourneyRules, customer: CustomerView, *, key: str, at: datetime, pace: Pace
) -> Refusal | None:
    last = customer.entries.get((rules.name, key))
    if last is None:
        return None
    again_after = rules.entry.again_after
    if again_after is NEVER:
        return Refusal("already-entered", f"{rules.name} is entered once only, at {last:%F %T}.")
    if at < last + pace.of(again_after):
        return Refusal(
            "too-soon",
            f"Last entered at {last:%F %T}; possible again {say_duration(again_after)} later.",
        )
    return None


@dataclass(slots=True)
class _World:
    """All that the start of a journey depends on, apart from the journey itself."""

    event: Event
    customer: CustomerView
    runs: Sequence[ActiveRun]
    past: Sequence[Event]
    #: The event before: this one shows how long it was looked at.
    before: Event | None
    now: datetime
    pace: Pace


def _trigger(rules: JourneyRules, world: _World) -> Event | None:
    """The event that starts the journey: the one at hand, or the look it shows to be over."""
    for trigger, looked_for in _candidates(rules, world):
        key = key_of(rules, trigger)
        if (
            _is_eligible(trigger, rules, world, key=key)
            and not _is_refused(trigger, rules, world, key=key)
            and _qualifies(trigger, rules, world, looked_for=looked_for)
        ):
            return trigger
    return None


def _candidates(rules: JourneyRules, world: _World) -> list[tuple[Event, timedelta | None]]:
    event, starts = world.event, rules.entry.starts_on
    found: list[tuple[Event, timedelta | None]] = []
    if starts(event.name, rules.settings):
        seconds = event.facts.dwell_seconds
        looked_for = None if seconds is None else world.pace.of(timedelta(seconds=seconds))
        found.append((event, looked_for))
    before = world.before
    if before and starts(before.name, rules.settings) and rules.entry.memory(rules.settings):
        looked_for = event.happened_at - before.happened_at
        if looked_for <= world.pace.of(LONGEST_LOOK):
            found.append((before, looked_for))
    return found


def _is_eligible(trigger: Event, rules: JourneyRules, world: _World, *, key: str) -> bool:
    if trigger.happened_at < world.now - world.pace.of(rules.entry.fresh_for):
        return False
    if trigger.name in ABOUT_A_PRODUCT and not trigger.facts.product_ids:
        return False
    if rules.entry.per is Per.ORDER:
        return bool(key)
    latest = world.customer.latest
    # What would end the run has already happened: the events came out of order.
    ended_by = rules.ends_on - {trigger.name}
    return not any(latest[name] >= trigger.happened_at for name in ended_by if name in latest)


def _is_refused(trigger: Event, rules: JourneyRules, world: _World, *, key: str) -> bool:
    refused = refusal(
        rules, world.customer, world.runs, key=key, at=trigger.happened_at, pace=world.pace
    )
    return refused is not None


def _qualifies(
    trigger: Event, rules: JourneyRules, world: _World, *, looked_for: timedelta | None
) -> bool:
    if rules.entry.when is None:
        return True
    situation = Situation(
        trigger, rules.settings, world.pace, world.past, looked_for, world.customer.latest
    )
    return rules.entry.when.holds(situation)
