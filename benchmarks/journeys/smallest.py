"""The smallest workflow under measurement: started and woken by Temporal's plain client."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from temporalio.client import WorkflowHandle

from benchmarks.journeys.installation import Installation
from benchmarks.journeys.raw import QUEUE, Plan, Raw

#: As many as our dispatcher has under way.
_AT_ONCE: Final = 64


@dataclass(slots=True)
class Smallest:
    """What the benchmark does with the smallest workflow."""

    dormouse: Installation
    numbers: "count[int]" = field(default_factory=count)

    async def start(self, number: int, plan: Plan) -> Sequence[WorkflowHandle[Raw, str]]:
        """Start so many workflows with this plan, some at once."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def start() -> WorkflowHandle[Raw, str]:
            async with gate:
                return await self.dormouse.temporal.start_workflow(
                    Raw.run, plan, id=f"raw-{next(self.numbers)}", task_queue=QUEUE
                )

        return await asyncio.gather(*(start() for _ in range(number)))

    def acted(self) -> int:
        """How many activities have been done so far."""
        return (self.dormouse.tally / "acts").stat().st_size

    def ended(self) -> int:
        """How many workflows have ended so far."""
        return (self.dormouse.tally / "ends").stat().st_size
