"""A run is gone only when the namespace that it was started in says so."""

import asyncio
from contextlib import suppress

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from dispatch.connection import connect
from dispatch.namespaces import RunsNamespace
from domain.errors import Invalid
from store.namespaces import forget_namespace, namespace_of_runs, remember_namespace
from tests.fakes.post import Post


@pytest.fixture
async def waiting(post: Post) -> str:
    """A run that sleeps in Temporal."""
    run = await post.run()
    async with post.dispatcher() as dispatcher:
        dispatcher.deliver(await post.letters(run, "start"))
        await dispatcher.settle()
    return run


@pytest.fixture
async def misspelt(temporal: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "defualt")
    return await connect(temporal)


@pytest.fixture
async def bakery(client: Client, temporal: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Another shop's namespace on the same server."""
    week = Duration(seconds=7 * 24 * 3_600)
    bakery = RegisterNamespaceRequest(namespace="bakery", workflow_execution_retention_period=week)
    with suppress(RPCError):  # it is there already
        await client.workflow_service.register_namespace(bakery)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "bakery")
    return await connect(temporal)


async def runs_are_in(post: Post, namespace_id: str) -> None:
    """Have the database remember another namespace."""
    async with post.database.writing() as session:
        await forget_namespace(session)
        await remember_namespace(session, namespace_id=namespace_id, name="shop", now=post.clock())


async def cancelled(post: Post, run: str, client: Client) -> str:
    """Tell a run of a cancelled order through this client; returns what went wrong."""
    letters = await post.letters(run, "Order Cancelled")
    async with post.dispatcher(client) as dispatcher:
        dispatcher.deliver(letters)
        await dispatcher.settle()
    [left] = await post.waiting()
    return left.last_error or ""


class TestANamespaceThatDoesNotExist:
    async def test_ends_no_run_and_loses_nothing(
        self, post: Post, waiting: str, misspelt: Client
    ) -> None:
        error = await cancelled(post, waiting, misspelt)

        assert error.startswith("Temporal has no namespace 'defualt': make it with")
        assert (await post.record(waiting)).status == "waiting"

    async def test_is_not_remembered(self, post: Post, misspelt: Client) -> None:
        namespace = RunsNamespace(database=post.database, client=misspelt, now=post.clock)

        with pytest.raises(Invalid, match="Temporal has no namespace 'defualt'"):
            await namespace.require()

        async with post.database.reading() as session:
            assert await namespace_of_runs(session) is None


class TestAnotherNamespace:
    async def test_ends_no_run_and_loses_nothing(
        self, post: Post, waiting: str, bakery: Client
    ) -> None:
        error = await cancelled(post, waiting, bakery)

        assert error.startswith("This database's runs are in Temporal's namespace 'default'")
        assert (await post.record(waiting)).status == "waiting"

    @pytest.mark.usefixtures("waiting")
    async def test_is_told_of_no_run_that_begins(self, post: Post, bakery: Client) -> None:
        other = await post.run()
        letters = await post.letters(other, "start")

        async with post.dispatcher(bakery) as dispatcher:
            dispatcher.deliver(letters)
            await dispatcher.settle()
            assert len(await post.waiting()) == 1
        post.clock.passes(seconds=31)
        async with post.dispatcher():
            await post.settled()

        assert await post.told(other) == ["start"]

    async def test_is_told_of_nothing_though_it_took_the_place_of_ours_a_moment_ago(
        self, post: Post
    ) -> None:
        run = await post.run()
        async with post.dispatcher() as dispatcher:
            dispatcher.deliver(await post.letters(run, "start"))
            await dispatcher.settle()
            await post.workflow(run).terminate()
            await runs_are_in(post, "another")

            dispatcher.deliver(await post.letters(run, "Order Cancelled"))
            await dispatcher.settle()

        assert (await post.record(run)).status == "waiting"
        assert len(await post.waiting()) == 1

    async def test_is_told_with_the_cure(self, post: Post, client: Client) -> None:
        await runs_are_in(post, "another")
        namespace = RunsNamespace(database=post.database, client=client, now=post.clock)

        with pytest.raises(Invalid) as raised:
            await namespace.require()

        where = client.service_client.config.target_host
        assert str(raised.value) == (
            "This database's runs are in Temporal's namespace 'shop' with the id another, which "
            f"'default' at {where} is not: correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE or, if "
            "Temporal was moved or lost, stop gateways and workers and run `dormouse "
            "forget-namespace`."
        )

    async def test_is_ours_once_the_one_before_is_forgotten(
        self, post: Post, client: Client
    ) -> None:
        await runs_are_in(post, "another")
        async with post.database.writing() as session:
            await forget_namespace(session)

        await RunsNamespace(database=post.database, client=client, now=post.clock).require()

        async with post.database.reading() as session:
            known = await namespace_of_runs(session)
        assert known is not None
        assert known.name == "default"


class TestTheFirstNamespace:
    async def test_is_remembered_once_by_several_at_the_same_time(
        self, post: Post, client: Client, bakery: Client
    ) -> None:
        several = [
            RunsNamespace(database=post.database, client=each, now=post.clock)
            for each in (client, bakery, client, bakery)
        ]

        told = await asyncio.gather(*(each.require() for each in several), return_exceptions=True)

        assert [type(each) for each in told].count(Invalid) == 2
