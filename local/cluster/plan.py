"""What a cluster consists of: which process with which settings at which port."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config import Settings
from local.cluster import roles
from local.cluster.binaries import Binaries
from local.cluster.postgres import PostgresServer, own_server
from local.cluster.roles import Role
from local.cluster.ui import ui_program
from local.environment import complete, environment_of, using_temporal
from local.ports import lasting_ports, require_free
from local.programs import Program
from local.services import Commands, gateway, reachable, worker

#: The Temporal namespace that the cluster's runs live in.
NAMESPACE: Final = "dormouse"
#: Our own database, beside Temporal's two on the same server.
DATABASE: Final = "dormouse"
_GATEWAYS: Final = 2
_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of one cluster. Gateways listen at successive ports, from DORMOUSE_PORT on."""

    #: Of every gateway and worker, but for a gateway's port.
    settings: Settings
    binaries: Binaries
    postgres: PostgresServer
    roles: list[Role]

    @property
    def frontend(self) -> str:
        """Where clients reach Temporal."""
        [role] = [role for role in self.roles if role.service == "frontend"]
        return role.address

    @property
    def gateway_ports(self) -> range:
        """Where the gateways listen."""
        return range(self.settings.port, self.settings.port + _GATEWAYS)

    def url(self, port: int) -> str:
        """A gateway's address on this machine."""
        return f"http://{reachable(self.settings.host)}:{port}"

    def log(self, name: str) -> Path:
        """Where a process's output goes."""
        return self.settings.data_dir / "logs" / f"{name}.log"

    def environment(self) -> dict[str, str]:
        """What a gateway, a worker or any command of ours needs to be part of this cluster."""
        return {
            "TEMPORAL_ADDRESS": self.frontend,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            **environment_of(self.settings),
        }

    def temporal(self) -> list[Program]:
        """Temporal's roles, their configurations written."""
        folder = self.settings.data_dir / "temporal"
        dynamic = folder / "dynamic.yaml"
        roles.write(dynamic, roles.dynamic_configuration())
        return [self._role(role, folder / f"{role.name}.yaml", dynamic) for role in self.roles]

    def services(self, commands: Commands) -> Iterator[Program]:
        """Workers and gateways, and the UI where it is installed; all ready together."""
        common = {
            **using_temporal(self.frontend, namespace=NAMESPACE),
            **environment_of(self.settings),
        }
        logs = self.settings.data_dir / "logs"
        if self.binaries.temporal_ui_server:
            yield self._ui(self.binaries.temporal_ui_server)
        seen_by = self.url(self.gateway_ports[0])
        for number in range(1, _WORKERS + 1):
            name = f"worker-{number}"
            yield worker(name, commands, seen_by=seen_by, logs=logs, environment=common)
        for number, port in enumerate(self.gateway_ports, start=1):
            own = {**common, "DORMOUSE_PORT": str(port)}
            name, url = f"gateway-{number}", self.url(port)
            yield gateway(name, commands, url=url, logs=logs, environment=own)

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Each process with the address at which it listens, in the order of their start."""
        yield "postgresql", self.postgres.address
        for role in self.roles:
            yield role.name, role.address
        if self.binaries.temporal_ui_server:
            yield "ui", self.settings.ui_url
        for number in range(1, _WORKERS + 1):
            yield f"worker-{number}", "polls Temporal"
        for number, port in enumerate(self.gateway_ports, start=1):
            yield f"gateway-{number}", self.url(port)

    def _role(self, role: Role, path: Path, dynamic: Path) -> Program:
        configuration = role.configuration(self.roles, self.postgres, dynamic=dynamic)
        roles.write(path, configuration)
        return role.program(self.binaries.temporal_server, path, log=self.log(role.name))

    def _ui(self, binary: Path) -> Program:
        folder = self.settings.data_dir / "temporal"
        port = self.settings.temporal_ui_port
        return ui_program(binary, folder, port=port, frontend=self.frontend, log=self.log("ui"))


def plan(settings: Settings, binaries: Binaries, folder: Path) -> Plan:
    """The cluster of this data folder; raises PortTaken, or DormouseError when root is alone."""
    settings = complete(settings.model_copy(update={"data_dir": folder}))
    postgres_port, *ports = lasting_ports(1 + roles.PORTS)
    postgres = own_server(binaries.postgresql, folder, port=postgres_port)
    first = f"http://{reachable(settings.host)}:{settings.port}"
    settings = settings.model_copy(
        update={
            "database_url": postgres.url(DATABASE),
            "public_url": settings.public_url or first,
        }
    )
    planned = Plan(
        settings,
        binaries,
        postgres,
        roles.roles(frontend_port=settings.temporal_port, ports=ports),
    )
    _require_ports(planned)
    return planned


def _require_ports(planned: Plan) -> None:
    settings = planned.settings
    for port in planned.gateway_ports:
        require_free(port, host=settings.host, setting="DORMOUSE_PORT (two in succession)")
    require_free(settings.temporal_port, host="127.0.0.1", setting="DORMOUSE_TEMPORAL_PORT")
    if planned.binaries.temporal_ui_server:
        ui_port = settings.temporal_ui_port
        require_free(ui_port, host="127.0.0.1", setting="DORMOUSE_TEMPORAL_UI_PORT")
