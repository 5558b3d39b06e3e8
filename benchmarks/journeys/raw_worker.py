"""A worker of the smallest workflow, set up as our own: no sandbox, the same loop, two queues.

    python -m benchmarks.journeys.raw_worker FOLDER

Where Temporal is comes from its own environment variables.
"""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.journeys.raw import QUEUE, SENDING_QUEUE, Activities, Raw
from local.collecting import rarely_look_for_cycles


async def work(folder: Path) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(**ClientConfig.load_client_connect_config())
    activities = Activities(folder)
    stories = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Raw],
        activities=[activities.look_up, activities.note_end],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    sender = Worker(client, task_queue=SENDING_QUEUE, activities=[activities.act])
    async with stories, sender:
        rarely_look_for_cycles()
        await stop.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(Path(sys.argv[1])))
