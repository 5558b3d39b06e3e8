"""A customer before the rules of routing, and what follows from what they do."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.events import (
    PRODUCT_VIEWED,
    Event,
)
from domain.pace import Pace
from domain.routing import ActiveRun, CustomerView, StartRun, route
from domain.rules import JourneyRules
from tests.fakes.happenings import NOON, happened

ADA = CustomerView(id="cus_ada", has_address=True, consents={"marketing": ["email"]})
RUN = ActiveRun("run_1", "browse", "", entered_at=NOON - timedelta(days=1), started_by="first")


def effects(
    event: Event,
    *rules: JourneyRules,
    customer: CustomerView = ADA,
    runs: Sequence[ActiveRun] = (),
    past: Sequence[Event] = (),
    now: datetime | None = None,
    pace: Pace = Pace(),
) -> list[Any]:
    """What follows from an event: (journey, key) to start, or the id of a run to tell."""
    found = route(
        event,
        replace(customer, latest={event.name: event.happened_at, **customer.latest}),
        runs,
        {one.name: one for one in rules},
        now=now or event.happened_at,
        pace=pace,
        past=[*past, event],
    )
    return [(e.journey, e.key) if isinstance(e, StartRun) else e.run_id for e in found]


def view(**properties: Any) -> Event:
    return happened(PRODUCT_VIEWED, product_id="mug", **properties)


def known(**changes: Any) -> CustomerView:
    return replace(ADA, **changes)
