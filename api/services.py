"""What the gateway works with, as seen from here. Tests pass doubles; `opening` the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from config import Settings
from domain.deliveries import DeliveryEvent
from domain.incoming import Incoming
from domain.journeys import RunPosition
from domain.opt_in import Confirmation
from domain.requests import ConsentRequest, StartedRun, StartRequest
from domain.rules import Catalogue
from sending.links import Links
from store.sessions import Database


class Intake(Protocol):
    """The way in: whatever it takes is committed together with its effects, or not at all.

    Every method raises `Unavailable` when the database cannot take the change now.
    """

    async def accept(self, incoming: Sequence[Incoming]) -> None:
        """Keep messages; those whose message id is known already are left out silently."""

    async def start(self, request: StartRequest) -> StartedRun:
        """Start a journey; raises NotFound, Refused or Invalid."""

    async def report(self, provider: str, events: Sequence[DeliveryEvent]) -> None:
        """Take what a provider reports about mails."""

    async def change_consent(
        self,
        customer_id: str,
        changes: Sequence[ConsentRequest],
        *,
        source: str,
        evidence: Mapping[str, Any],
        message_id: str | None = None,
    ) -> None:
        """Record grants and withdrawals of the customer with this id (ours, not the shop's).

        `message_id` is of the mail whose link was used, if one was.
        """

    async def confirm(
        self, customer_id: str, message_id: str, *, wording: str, evidence: Mapping[str, Any]
    ) -> Confirmation:
        """Grant the consent that waits, since the link in this message was used."""

    async def erase(self, customer_id: str, *, actor: str) -> None:
        """Forget a person (by our own id) and end their runs."""


class Control(Protocol):
    """The way to running journeys. Answers within two seconds or raises `Unavailable`."""

    async def position(self, workflow_id: str) -> RunPosition | None:
        """Where a run is; None when nobody answers in time."""

    async def mistake(self, workflow_id: str) -> str | None:
        """How a run's story fails, in a line; None when it goes on or nobody answers in time."""

    async def stuck(self, workflow_ids: Sequence[str]) -> frozenset[str]:
        """Those whose story fails again and again; none when nobody answers in time."""

    async def pause(self, workflow_id: str) -> RunPosition:
        """Hold a run where it is."""

    async def resume(self, workflow_id: str) -> RunPosition:
        """Let a paused run go on."""

    async def fast_forward(self, workflow_id: str) -> RunPosition:
        """End the wait in progress now."""

    async def end(self, workflow_id: str, reason: str) -> RunPosition:
        """End a run at its next step boundary."""

    async def refresh_complements(self) -> None:
        """Have what is bought together counted now."""

    async def is_reachable(self) -> bool:
        """Whether Temporal answers."""

    async def worker_seen(self) -> bool:
        """Whether a worker has asked for work lately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the endpoints use."""

    settings: Settings
    database: Database
    intake: Intake
    control: Control
    #: The journeys that exist, by name, with their default settings.
    catalogue: Catalogue
    links: Links
    #: The Temporal namespace that holds the runs; links to the Temporal UI name it.
    temporal_namespace: str = "default"
