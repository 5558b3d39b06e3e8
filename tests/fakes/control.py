"""A Temporal with a worker, as the gateway sees them; both can be switched off."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.errors import Refused, Unavailable
from domain.journeys import RunPosition, RunStatus


@dataclass
class FakeControl:
    """Knows the runs that a test put there."""

    reachable: bool = True
    worker: bool = True
    runs: dict[str, RunPosition] = field(default_factory=dict)
    #: How the story of a run fails, by its workflow id.
    mistakes: dict[str, str] = field(default_factory=dict)
    #: How often somebody had what is bought together counted.
    refreshed: int = 0

    async def position(self, workflow_id: str) -> RunPosition | None:
        if workflow_id in self.mistakes:
            return None
        return self.runs.get(workflow_id) if self.reachable and self.worker else None

    async def mistake(self, workflow_id: str) -> str | None:
        return self.mistakes.get(workflow_id) if self.reachable else None

    async def stuck(self, workflow_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(self.mistakes) & frozenset(workflow_ids if self.reachable else ())

    async def pause(self, workflow_id: str) -> RunPosition:
        return self._moved(workflow_id, status=RunStatus.PAUSED)

    async def resume(self, workflow_id: str) -> RunPosition:
        return self._moved(workflow_id, status=RunStatus.WAITING)

    async def fast_forward(self, workflow_id: str) -> RunPosition:
        if self._of(workflow_id).waiting_for is None:
            raise Refused("not-waiting", "The run waits for nothing that could be shortened.")
        return self._moved(workflow_id, waiting_for=None, wakes_at=None)

    async def end(self, workflow_id: str, reason: str) -> RunPosition:
        return self._moved(workflow_id, status=RunStatus.ENDED, exit_reason=reason)

    async def refresh_complements(self) -> None:
        if not self.reachable:
            raise Unavailable("Temporal does not answer; try again in a moment.")
        self.refreshed += 1

    async def is_reachable(self) -> bool:
        return self.reachable

    async def worker_seen(self) -> bool:
        return self.reachable and self.worker

    def _of(self, workflow_id: str) -> RunPosition:
        if not self.reachable:
            raise Unavailable("Temporal does not answer; try again in a moment.")
        position = self.runs.get(workflow_id)
        if position is None or position.status in {RunStatus.ENDED, RunStatus.FAILED}:
            raise Refused("run-ended", "The run is over.")
        return position

    def _moved(self, workflow_id: str, **changes: object) -> RunPosition:
        self.runs[workflow_id] = self._of(workflow_id).model_copy(update=changes)
        return self.runs[workflow_id]
