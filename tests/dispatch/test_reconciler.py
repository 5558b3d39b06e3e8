import asyncio
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus

from dispatch.reconciler import Reconciler
from domain.journeys import RunStatus
from store.ledger import mark_run
from tests.fakes.post import Post


async def started(post: Post) -> str:
    run = await post.run()
    async with post.dispatcher() as dispatcher:
        dispatcher.deliver(await post.letters(run, "start"))
        await dispatcher.settle()
    return run


async def terminated(post: Post) -> str:
    """A run whose workflow somebody terminated, and the list of workflows knows it already."""
    run = await started(post)
    await post.workflow(run).terminate()
    await is_closed(post, post.workflow(run).id)
    return run


async def is_closed(post: Post, workflow_id: str) -> None:
    """Return when Temporal's list, which lags behind, shows the end."""
    query = f'WorkflowId = "{workflow_id}" AND ExecutionStatus = "Terminated"'
    async with asyncio.timeout(20):
        while not [found async for found in post.client.list_workflows(query)]:
            await asyncio.sleep(0.05)


def reconciler(post: Post, client: Client | None = None) -> Reconciler:
    return Reconciler(database=post.database, client=client or post.client, now=post.clock)


class TestAReconciler:
    async def test_records_the_end_of_a_run_that_was_terminated(self, post: Post) -> None:
        run = await terminated(post)
        other = await started(post)

        await reconciler(post).reconcile()

        found = await post.record(run)
        assert (found.status, found.exit_reason) == ("failed", "terminated")
        assert found.failure == "The workflow was closed from outside: terminated."
        assert found.ended_at == (await post.workflow(run).describe()).close_time
        assert (await post.record(other)).status == "waiting"

    async def test_leaves_a_run_alone_that_told_its_end(self, post: Post) -> None:
        run = await terminated(post)
        async with post.database.writing() as session:
            await mark_run(session, run, status=RunStatus.ENDED, exit_reason="purchased")

        await reconciler(post).reconcile()

        found = await post.record(run)
        assert (found.status, found.exit_reason) == ("ended", "purchased")

    async def test_leaves_a_run_alone_that_was_reset_and_goes_on(self, post: Post) -> None:
        run = await terminated(post)
        await reset(post, run)

        await reconciler(post).reconcile()

        assert (await post.record(run)).status == "waiting"

    async def test_does_not_mind_workflows_that_are_none_of_ours(self, post: Post) -> None:
        foreign: Any = await post.client.start_workflow(
            "payroll", id="payroll/2026/march", task_queue="payroll"
        )
        await foreign.terminate()
        await is_closed(post, "payroll/2026/march")

        await reconciler(post).reconcile()

        assert (await foreign.describe()).status is WorkflowExecutionStatus.TERMINATED

    async def test_works_by_itself_while_it_is_open(self, post: Post) -> None:
        run = await terminated(post)

        async with reconciler(post), asyncio.timeout(10):
            while (await post.record(run)).status == "waiting":
                await asyncio.sleep(0.02)

        assert (await post.record(run)).exit_reason == "terminated"


async def reset(post: Post, run: str) -> None:
    """Begin a run's workflow anew from its first task, as an engineer can in Temporal's UI."""
    workflow = post.workflow(run)
    await post.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=post.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow.id),
            workflow_task_finish_event_id=3,
            request_id=run,
        )
    )
