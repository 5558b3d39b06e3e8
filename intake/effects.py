"""Effects on record: the rows of runs to start and of starts and signals to deliver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from domain.events import Event, Facts, Heard
from domain.ids import new_run_id, workflow_id
from domain.journeys import JourneySettings, JourneyStart
from domain.opt_in import DoubleOptIn
from domain.pace import Pace
from domain.routing import ActiveRun, Effect, SignalRun, StartRun
from domain.rules import JourneyRules
from store.dispatches import LEASE, NewDispatch
from store.runs import NewRun
from store.writes import Writes

#: Made once: pydantic looks for a generic's class anew each time it is named.
_Start: Final = JourneyStart[JourneySettings]


@dataclass(frozen=True, slots=True)
class DirectStart:
    """What a direct start adds to a run: its own settings, and the key that makes it one."""

    settings: JourneySettings
    idempotency_key: str | None = None
    request_hash: str | None = None


@dataclass(slots=True)
class Effects:
    """The runs and deliveries that a transaction leaves behind."""

    catalogue: Mapping[str, JourneyRules]
    pace: Pace
    owner: str
    now: datetime
    opt_in: DoubleOptIn
    #: What is written at the end of the transaction.
    writes: Writes = field(default_factory=Writes)
    runs: list[NewRun] = field(default_factory=list)
    dispatches: list[NewDispatch] = field(default_factory=list)

    def add(self, effect: Effect, customer_id: str, *, kind: str | None = None) -> ActiveRun | None:
        """Put an effect on record; returns the run when it starts one."""
        if isinstance(effect, SignalRun):
            self.signal(effect.run_id, effect.event)
            return None
        return self.start(effect, customer_id, kind=kind)

    def signal(self, run_id: str, event: Event) -> None:
        """Have a run told of an event, under the event's own name."""
        heard = Heard(id=event.id, happened_at=event.happened_at, facts=event.facts)
        self._dispatch(run_id, "signal", event.name, heard.model_dump(mode="json"))

    def start(
        self,
        effect: StartRun,
        customer_id: str,
        *,
        kind: str | None = None,
        direct: DirectStart | None = None,
    ) -> ActiveRun:
        """Have a run started."""
        rules, trigger, run_id = self.catalogue[effect.journey], effect.trigger, new_run_id()
        about = trigger.facts.model_copy(update={"kind": kind})
        settings = direct.settings if direct else rules.settings
        run = NewRun(
            id=run_id,
            journey=rules.name,
            key=effect.key,
            customer_id=customer_id,
            workflow_id=workflow_id(rules.name, customer_id, run_id),
            entered_at=trigger.happened_at,
            created_at=self.now,
            settings=settings.model_dump(mode="json"),
            settings_version=rules.settings_version,
            about=about.model_dump(mode="json", exclude_defaults=True),
            started_by=trigger.id,
            idempotency_key=direct.idempotency_key if direct else None,
            request_hash=direct.request_hash if direct else None,
        )
        self.runs.append(run)
        self._dispatch(run_id, "start", rules.name, self._input(run, settings, about))
        return ActiveRun(
            run_id,
            rules.name,
            effect.key,
            trigger.happened_at,
            about=about,
            started_by=trigger.id,
        )

    def _input(self, run: NewRun, settings: JourneySettings, about: Facts) -> dict[str, Any]:
        start = _Start(
            run_id=run.id,
            customer_id=run.customer_id,
            entered_at=run.entered_at,
            about=about,
            settings=settings,
            time_scale=self.pace.scale,
        )
        told = start.model_dump(mode="json", exclude_defaults=True)
        return {**told, "settings": run.settings}

    def _dispatch(self, run_id: str, kind: str, name: str, payload: dict[str, Any]) -> None:
        self.dispatches.append(
            NewDispatch(
                run_id=run_id,
                kind=kind,
                name=name,
                payload=payload,
                owner=self.owner,
                leased_until=self.now + LEASE,
                created_at=self.now,
            )
        )
