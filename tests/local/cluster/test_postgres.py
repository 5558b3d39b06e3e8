import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import DormouseError
from local.cluster.postgres import PostgresServer, owner_of_server


class TestWhoRunsPostgresql:
    def test_is_whoever_asks_for_it(self) -> None:
        assert owner_of_server(is_root=False, accounts=["ada", "postgres"]) is None

    def test_is_never_root(self) -> None:
        assert owner_of_server(is_root=True, accounts=["root", "postgres"]) == "postgres"

    def test_must_exist(self) -> None:
        with pytest.raises(DormouseError) as refusal:
            owner_of_server(is_root=True, accounts=["root", "daemon"])

        assert str(refusal.value) == (
            "PostgreSQL does not run as root: create a user for it ('useradd --system postgres'), "
            "or run this command as another user."
        )


class TestADatabaseOfTheServer:
    def test_has_an_address_whatever_is_in_the_password(self, tmp_path: Path) -> None:
        password = "a/b@c"
        server = PostgresServer(tmp_path, tmp_path, port=5432, password=password, owner=None)

        assert server.url("dormouse") == (
            "postgresql+asyncpg://dormouse:a%2Fb%40c@127.0.0.1:5432/dormouse"
        )


@pytest.fixture
def killed() -> Iterator[subprocess.Popen[bytes]]:
    """A dead process that nobody has asked about yet: its number is still taken."""
    with subprocess.Popen(["sleep", "60"]) as process:
        process.kill()
        yield process


class TestPreparingADataFolderThatIsThere:
    async def test_waits_for_the_end_of_the_server_that_was_killed(
        self, tmp_path: Path, killed: subprocess.Popen[bytes]
    ) -> None:
        server = PostgresServer(tmp_path, tmp_path, port=5432, password="secret", owner=None)
        (tmp_path / "postgresql").mkdir()
        (tmp_path / "postgresql/postmaster.pid").write_text(f"{killed.pid}\n/data\n")

        preparing = asyncio.create_task(server.prepare())
        done_before, _ = await asyncio.wait([preparing], timeout=0.2)
        killed.wait()
        done_after, _ = await asyncio.wait([preparing], timeout=2)

        assert (done_before, done_after) == (set(), {preparing})

    async def test_waits_for_nobody_after_a_server_that_ended_well(self, tmp_path: Path) -> None:
        server = PostgresServer(tmp_path, tmp_path, port=5432, password="secret", owner=None)
        (tmp_path / "postgresql").mkdir()

        preparing = asyncio.create_task(server.prepare())
        done, _ = await asyncio.wait([preparing], timeout=1)

        assert done == {preparing}
        assert preparing.exception() is None
