"""Which runs cannot go on, for their story fails whenever they wake."""

from typing import Final

from temporalio.client import Client

from doctor.findings import Finding, failed, ok

#: Temporal marks a run itself, once its task has failed five times in a row: within a minute.
_STUCK: Final = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"


async def look_at_runs(client: Client) -> Finding:
    """Whether all runs get on; raises RPCError where Temporal cannot be asked that."""
    count = (await client.count_workflows(_STUCK)).count
    async for run in client.list_workflows(_STUCK, limit=1):
        stuck = f"{count:,} runs fail" if count > 1 else "1 run fails"
        return failed(
            "runs",
            f"{stuck} again and again where the story goes on, like {run.id}: read the error in "
            "the worker's log, mend the journey and deploy; nothing else is needed.",
        )
    return ok("runs", "No run fails again and again.")
