"""Records the histories that every later version must be able to replay.

    python -m tests.histories.record tests/histories/<version>

Plays the tests of all journeys, and keeps the history of each run that went another way than those
before. Run it once per release, and never touch what it wrote: the files stand for runs that sleep
in somebody's Temporal while a new version is deployed.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from tests.driver.house import House
from workflows.catalogue import CATALOGUE

#: A run is kept up to this many events: what goes on for longer only repeats itself.
_LONGEST = 80
_TESTS = Path(__file__).parents[1] / "workflows"


class Recorder:
    """Keeps one history of each way that runs of a journey can go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ways: set[tuple[str, ...]] = set()
        self._numbers: dict[str, int] = {}

    async def keep(self, house: House) -> None:
        """Write down the histories of the house's runs, as far as they are news."""
        for run in await house.runs():
            history = await house.client.get_workflow_handle(run.workflow_id).fetch_history()
            way = (run.journey, *map(_kind, history.events))
            if way not in self._ways and len(history.events) <= _LONGEST:
                self._ways.add(way)
                self._write(run.journey, history)

    def _write(self, journey: str, history: WorkflowHistory) -> None:
        number = self._numbers[journey] = self._numbers.get(journey, 0) + 1
        events = json.loads(history.to_json())["events"]
        lines = ",\n".join(json.dumps(event, separators=(",", ":")) for event in events)
        file = self._folder / f"{journey}-{number:02}.json"
        file.write_text(f'{{"events":[\n{lines}\n]}}\n')


def _kind(event: Any) -> str:
    """What happened, as far as a replay looks at it."""
    scheduled = event.activity_task_scheduled_event_attributes
    heard = event.workflow_execution_signaled_event_attributes
    return f"{event.event_type} {scheduled.activity_type.name} {heard.signal_name}".strip()


def missing(folder: Path) -> Sequence[str]:
    """The journeys of which there is no history in the folder."""
    return [name for name in CATALOGUE if not any(folder.glob(f"{name}-*.json"))]


def record(folder: Path) -> int:
    """Play the journeys' tests and record what they do; returns the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    code = pytest.main(["-q", "-p", "no:randomly", str(_TESTS), f"--record-histories={folder}"])
    for name in missing(folder):
        sys.stderr.write(f"No test took a customer through {name}: write one in {_TESTS}.\n")
        code = code or 1
    return int(code)


if __name__ == "__main__":
    sys.exit(record(Path(sys.argv[1])))
