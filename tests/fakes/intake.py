"""An intake that remembers what it took, takes a message id once, and can be out of order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.deliveries import DeliveryEvent
from domain.errors import Unavailable
from domain.ids import new_run_id, workflow_id
from domain.incoming import Incoming
from domain.opt_in import Confirmation
from domain.requests import ConsentRequest, StartedRun, StartRequest


@dataclass(frozen=True)
class ConsentChange:
    customer_id: str
    changes: tuple[ConsentRequest, ...]
    source: str
    evidence: Mapping[str, Any]
    message_id: str | None


@dataclass
class FakeIntake:
    """Keeps everything in memory, like the real one keeps it in the database."""

    #: This many calls fail, and how.
    failures_ahead: int = 0
    failure: Exception = field(
        default_factory=lambda: Unavailable("The database does not answer; try again.")
    )
    #: As many calls were made, failed ones included.
    calls: int = 0
    messages: dict[str, Incoming] = field(default_factory=dict)
    started: dict[str, StartedRun] = field(default_factory=dict)
    reports: list[tuple[str, DeliveryEvent]] = field(default_factory=list)
    consent_changes: list[ConsentChange] = field(default_factory=list)
    confirmed: list[tuple[str, str, str, Mapping[str, Any]]] = field(default_factory=list)
    #: What becomes of attempts to confirm.
    confirmation: Confirmation = Confirmation.CONFIRMED
    erased: list[tuple[str, str]] = field(default_factory=list)

    @property
    def taken(self) -> list[Incoming]:
        return list(self.messages.values())

    async def accept(self, incoming: Sequence[Incoming]) -> None:
        self._may_fail()
        for message in incoming:
            self.messages.setdefault(message.message_id, message)

    async def start(self, request: StartRequest) -> StartedRun:
        self._may_fail()
        key = request.idempotency_key or new_run_id()
        if before := self.started.get(key):
            return StartedRun(before.run_id, before.workflow_id, is_new=False)
        run_id = new_run_id()
        run = StartedRun(
            run_id, workflow_id(request.journey, request.customer_id, run_id), is_new=True
        )
        self.started[key] = run
        return run

    async def report(self, provider: str, events: Sequence[DeliveryEvent]) -> None:
        self._may_fail()
        known = {event.id for _, event in self.reports}
        self.reports += [(provider, event) for event in events if event.id not in known]

    async def change_consent(
        self,
        customer_id: str,
        changes: Sequence[ConsentRequest],
        *,
        source: str,
        evidence: Mapping[str, Any],
        message_id: str | None = None,
    ) -> None:
        self._may_fail()
        change = ConsentChange(customer_id, tuple(changes), source, evidence, message_id)
        self.consent_changes.append(change)

    async def confirm(
        self, customer_id: str, message_id: str, *, wording: str, evidence: Mapping[str, Any]
    ) -> Confirmation:
        self._may_fail()
        self.confirmed.append((customer_id, message_id, wording, evidence))
        return self.confirmation

    async def erase(self, customer_id: str, *, actor: str) -> None:
        self._may_fail()
        self.erased.append((customer_id, actor))

    def _may_fail(self) -> None:
        self.calls += 1
        if self.failures_ahead:
            self.failures_ahead -= 1
            raise self.failure
