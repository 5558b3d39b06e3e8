"""Temporal's task queues: where what is due waits for a worker."""

from typing import Final

#: Workflows and their local activities.
JOURNEYS_QUEUE: Final = "journeys"
#: Activities that talk to providers; their rate is limited per task queue.
SENDING_QUEUE: Final = "sending"
#: What no customer waits for.
UPKEEP_QUEUE: Final = "upkeep"
