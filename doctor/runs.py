"""Which runs cannot go on, for their story fails whenever they wake."""

from temporalio.client import Client

from dispatch.mistakes import any_stuck, count_stuck, mistake_of
from doctor.findings import Finding, failed, ok


async def look_at_runs(client: Client) -> Finding:
    """Whether all runs get on; raises RPCError where Temporal cannot be asked that."""
    run = await any_stuck(client)
    if run is None:
        return ok("runs", "No run fails again and again.")
    count = await count_stuck(client)
    stuck = f"{count:,} runs fail" if count > 1 else "1 run fails"
    mistake = await mistake_of(client, run)
    said = f" ({mistake})" if mistake else ""
    return failed(
        "runs",
        f"{stuck} again and again where the story goes on, like {run}{said}: read the error in the "
        "worker's log, mend the journey and deploy; nothing else is needed.",
    )
