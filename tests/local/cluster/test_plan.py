import socket
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from config import Settings
from local.cluster.binaries import Binaries
from local.cluster.plan import Plan, plan
from local.ports import PortTaken, lasting_ports
from local.programs import Program
from local.services import Commands

COMMANDS = Commands(gateway=["dormouse", "api"], worker=["dormouse", "worker"])


@pytest.fixture
def binaries() -> Binaries:
    """Programs of which none is started."""
    return Binaries(
        temporal_server=Path("/bin/temporal-server"),
        temporal_sql_tool=Path("/bin/temporal-sql-tool"),
        temporal_ui_server=Path("/bin/temporal-ui-server"),
        postgresql=Path("/bin"),
    )


def settings() -> Settings:
    gateway, _, temporal, ui = lasting_ports(4)
    return Settings.model_validate(
        {"port": gateway, "temporal_port": temporal, "temporal_ui_port": ui}
    )


@pytest.fixture
def planned(binaries: Binaries, tmp_path: Path) -> Plan:
    return plan(settings(), binaries, tmp_path)


def services(planned: Plan) -> dict[str, Program]:
    return {program.name: program for program in planned.services(COMMANDS)}


class TestAPlan:
    def test_has_two_workers_two_gateways_and_the_ui(self, planned: Plan) -> None:
        assert list(services(planned)) == ["ui", "worker-1", "worker-2", "gateway-1", "gateway-2"]

    def test_does_without_the_ui_where_it_is_not_installed(
        self, binaries: Binaries, tmp_path: Path
    ) -> None:
        without = plan(settings(), replace(binaries, temporal_ui_server=None), tmp_path)

        assert "ui" not in services(without)
        assert "ui" not in dict(without.addresses())

    def test_lets_gateways_listen_at_successive_ports(self, planned: Plan) -> None:
        first = planned.settings.port

        ports = [
            services(planned)[name].environment["DORMOUSE_PORT"]
            for name in ("gateway-1", "gateway-2")
        ]

        assert ports == [str(first), str(first + 1)]

    def test_leads_all_of_ours_to_one_database_and_one_temporal(self, planned: Plan) -> None:
        ours = [services(planned)[name] for name in ("worker-1", "worker-2", "gateway-1")]

        told = {
            (
                program.environment["DORMOUSE_DATABASE_URL"],
                program.environment["TEMPORAL_ADDRESS"],
                program.environment["TEMPORAL_NAMESPACE"],
            )
            for program in ours
        }

        assert told == {(planned.postgres.url("dormouse"), planned.frontend, "dormouse")}

    def test_tells_other_commands_the_same(self, planned: Plan) -> None:
        environment = planned.environment()

        assert environment["TEMPORAL_ADDRESS"] == planned.frontend
        assert environment["DORMOUSE_DATABASE_URL"] == planned.postgres.url("dormouse")

    def test_leads_customers_to_the_first_gateway(self, planned: Plan) -> None:
        assert planned.settings.public_url == planned.url(planned.settings.port)

    def test_says_where_each_process_is(self, planned: Plan) -> None:
        addresses = dict(planned.addresses())

        assert addresses["postgresql"] == planned.postgres.address
        assert addresses["frontend"] == planned.frontend
        assert addresses["worker-2"] == "polls Temporal"
        assert addresses["gateway-2"] == planned.url(planned.settings.port + 1)

    def test_writes_a_configuration_for_each_role(self, planned: Plan, tmp_path: Path) -> None:
        names = [program.name for program in planned.temporal()]

        written = {path.stem for path in (tmp_path / "temporal").glob("*.yaml")}
        assert written == {*names, "dynamic"}


class TestATakenPort:
    def test_of_the_second_gateway_is_told_with_the_setting(
        self, binaries: Binaries, tmp_path: Path
    ) -> None:
        wanted = settings()

        with (
            socket.create_server(("127.0.0.1", wanted.port + 1)),
            pytest.raises(PortTaken, match=r"set DORMOUSE_PORT \(two in succession\) to a free"),
        ):
            plan(wanted, binaries, tmp_path)

    def test_of_a_ui_that_is_not_installed_does_not_matter(
        self, binaries: Binaries, tmp_path: Path
    ) -> None:
        wanted, without = settings(), replace(binaries, temporal_ui_server=None)

        with socket.create_server(("127.0.0.1", wanted.temporal_ui_port)):
            planned = plan(wanted, without, tmp_path)

        assert planned.settings.port == wanted.port


class TestTheUi:
    def test_looks_at_the_frontend(self, planned: Plan, tmp_path: Path) -> None:
        command = services(planned)["ui"].command

        told = yaml.safe_load((tmp_path / "temporal" / "ui.yaml").read_text())
        assert command[0] == "/bin/temporal-ui-server"
        assert told["temporalGrpcAddress"] == planned.frontend
        assert told["port"] == planned.settings.temporal_ui_port
        assert told["host"] == "127.0.0.1"
