import json
import stat
from pathlib import Path

import pytest

from local.cluster.postgres import PostgresServer
from local.cluster.roles import PORTS, Role, roles, write
from local.programs import Program


@pytest.fixture
def postgres(tmp_path: Path) -> PostgresServer:
    return PostgresServer(Path("/bin"), tmp_path, port=5432, password="secret", owner=None)


def instances() -> dict[str, Role]:
    return {role.name: role for role in roles(frontend_port=7233, ports=range(20_000, 20_009))}


class TestTheRolesOfACluster:
    def test_are_the_four_of_temporal_with_history_twice(self) -> None:
        assert [role.service for role in instances().values()] == [
            "matching",
            "history",
            "history",
            "frontend",
            "worker",
        ]

    def test_take_a_port_and_a_membership_port_each(self) -> None:
        found = instances().values()

        ports = [port for role in found for port in (role.port, role.membership_port)]
        assert len(set(ports)) == 10
        assert PORTS == 9

    def test_let_clients_find_the_frontend_where_they_expect_it(self) -> None:
        assert instances()["frontend"].address == "127.0.0.1:7233"


class TestTheConfigurationOfAnInstance:
    def test_gives_it_its_own_ports(self, postgres: PostgresServer) -> None:
        second = instances()["history-2"]

        configuration = second.configuration(
            list(instances().values()), postgres, dynamic=Path("/d.yaml")
        )

        assert configuration["services"]["history"]["rpc"] == {
            "grpcPort": second.port,
            "membershipPort": second.membership_port,
            "bindOnIP": "127.0.0.1",
        }

    def test_names_all_roles_as_the_server_demands(self, postgres: PostgresServer) -> None:
        configuration = instances()["matching"].configuration(
            list(instances().values()), postgres, dynamic=Path("/d.yaml")
        )

        assert set(configuration["services"]) == {"frontend", "history", "matching", "worker"}

    def test_leads_to_both_databases_of_the_server(self, postgres: PostgresServer) -> None:
        configuration = instances()["frontend"].configuration(
            list(instances().values()), postgres, dynamic=Path("/d.yaml")
        )

        stores = configuration["persistence"]["datastores"]
        assert {name: store["sql"]["databaseName"] for name, store in stores.items()} == {
            "default": "temporal",
            "visibility": "temporal_visibility",
        }
        assert {store["sql"]["connectAddr"] for store in stores.values()} == {"127.0.0.1:5432"}
        assert {store["sql"]["password"] for store in stores.values()} == {"secret"}

    def test_is_written_for_its_owners_eyes_only(self, tmp_path: Path) -> None:
        path = tmp_path / "temporal" / "frontend.yaml"

        write(path, {"persistence": {"password": "secret"}})

        assert json.loads(path.read_text()) == {"persistence": {"password": "secret"}}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


class TestARoleThatDidNotStart:
    @pytest.mark.parametrize(
        ("last_line", "cause"),
        [
            ('{"level":"fatal","msg":"no start","error":"bind: in use"}', "bind: in use"),
            ('{"level":"fatal","msg":"no start"}', "no start"),
            ("Unable to create server. Error: could not build (fx.go:1): no shards", "no shards"),
            ("", "it said nothing"),
        ],
    )
    def test_is_told_with_the_cause_alone(self, tmp_path: Path, last_line: str, cause: str) -> None:
        log = tmp_path / "matching.log"
        log.write_text(f"{last_line}\n")
        program: Program = instances()["matching"].program(Path("/bin/x"), Path("/c"), log=log)

        assert program.explain(program) == (
            f"Temporal's matching did not start ({cause}): see {log}."
        )
