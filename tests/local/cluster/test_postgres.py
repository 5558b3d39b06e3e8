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
