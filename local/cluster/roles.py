"""Temporal's server in roles: each instance a process with ports and a configuration of its own."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from temporalio.service import ConnectConfig, RPCError, ServiceClient

from local.cluster.postgres import USER, PostgresServer
from local.environment import inherited
from local.programs import Program, tail
from local.temporal_server import QUICK_QUEUES

STORE: Final = "temporal"
VISIBILITY: Final = "temporal_visibility"
#: Cannot be changed once a cluster exists: it decides which run lives where.
HISTORY_SHARDS: Final = 64
#: The instances of a cluster, by name, with the role that each has; the first needs no other.
INSTANCES: Final = {
    "matching": "matching",
    "history-1": "history",
    "history-2": "history",
    "frontend": "frontend",
    "system-worker": "worker",
}
_HEALTH: Final = {
    "frontend": "temporal.api.workflowservice.v1.WorkflowService",
    "history": "temporal.api.workflowservice.v1.HistoryService",
    "matching": "temporal.api.workflowservice.v1.MatchingService",
}
_ONE_CALL: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Role:
    """One instance of a role."""

    name: str
    service: str
    port: int
    membership_port: int

    @property
    def address(self) -> str:
        """Where the other roles, or clients of the frontend, reach it."""
        return f"127.0.0.1:{self.port}"

    @property
    def rpc(self) -> dict[str, Any]:
        """Its ports, as configuration files give them."""
        return {
            "rpc": {
                "grpcPort": self.port,
                "membershipPort": self.membership_port,
                "bindOnIP": "127.0.0.1",
            }
        }

    def configuration(
        self, others: Sequence["Role"], postgres: PostgresServer, *, dynamic: Path
    ) -> dict[str, Any]:
        """The server's configuration file for this instance alone.

        The server wants to read of all roles, and asks their members where they really listen.
        """
        services = {role.service: role.rpc for role in others} | {self.service: self.rpc}
        [frontend] = [role for role in others if role.service == "frontend"]
        return {
            "log": {"stdout": True, "level": "warn", "format": "json"},
            "persistence": _persistence(postgres),
            "global": {
                "membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"},
            },
            "services": services,
            "clusterMetadata": _one_cluster(frontend.address),
            "dcRedirectionPolicy": {"policy": "noop"},
            "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "10s"},
        }

    def program(self, binary: Path, configuration: Path, *, log: Path) -> Program:
        """The instance as a program to supervise."""
        command = [str(binary), "--config-file", str(configuration), "--allow-no-auth", "start"]
        return Program(
            name=self.name,
            command=[*command, "--service", self.service],
            log=log,
            environment={**inherited(), "GOGC": "200"},
            is_ready=self.answers,
            explain=_explain,
            last_word=_cause,
            ready_within=timedelta(seconds=60),
            stops_within=timedelta(seconds=10),
        )

    async def answers(self) -> bool:
        """True when it takes calls; the system worker takes none, it only joins the others."""
        if service := _HEALTH.get(self.service):
            return await _is_healthy(self.address, service)
        return await _listens(self.membership_port)


def roles(*, frontend_port: int, ports: Sequence[int]) -> list[Role]:
    """All instances: the frontend where clients expect it, everything else on `ports`."""
    free = iter(ports)
    return [
        Role(name, service, frontend_port if name == "frontend" else next(free), next(free))
        for name, service in INSTANCES.items()
    ]


#: How many ports `roles` takes besides the frontend's.
PORTS: Final = 2 * len(INSTANCES) - 1


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a configuration file, for the owner's eyes only: it holds the database's password."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    # JSON is YAML, which is what the server reads.
    path.write_text(json.dumps(value, indent=2) + "\n")


def dynamic_configuration() -> dict[str, Any]:
    """What the server reads again while it runs: queues that are polled without a pause."""
    return {name: [{"value": value}] for name, value in QUICK_QUEUES.items()}


def _explain(program: Program) -> str:
    cause = _cause(program.log) or "it said nothing"
    return f"Temporal's {program.name} did not start ({cause}): see {program.log}."


def _cause(log: Path) -> str:
    """Why the server gave up, without the functions on the way; empty when it said nothing."""
    last = tail(log)
    try:
        told = json.loads(last)
        return str(told.get("error") or told["msg"])
    except ValueError:
        return last.rpartition(": ")[2]


def _persistence(postgres: PostgresServer) -> dict[str, Any]:
    def store(database: str, connections: int) -> dict[str, Any]:
        return {
            "sql": {
                "pluginName": "postgres12",
                "databaseName": database,
                "connectAddr": postgres.address,
                "connectProtocol": "tcp",
                "user": USER,
                "password": postgres.password,
                "maxConns": connections,
                "maxIdleConns": connections,
                "maxConnLifetime": "1h",
            }
        }

    return {
        "defaultStore": "default",
        "visibilityStore": "visibility",
        "numHistoryShards": HISTORY_SHARDS,
        "datastores": {"default": store(STORE, 20), "visibility": store(VISIBILITY, 10)},
    }


def _one_cluster(frontend: str) -> dict[str, Any]:
    return {
        "enableGlobalNamespace": False,
        "failoverVersionIncrement": 10,
        "masterClusterName": "active",
        "currentClusterName": "active",
        "clusterInformation": {
            "active": {
                "enabled": True,
                "initialFailoverVersion": 1,
                "rpcName": "frontend",
                "rpcAddress": frontend,
            }
        },
    }


async def _is_healthy(address: str, service: str) -> bool:
    client = await ServiceClient.connect(ConnectConfig(target_host=address, lazy=True))
    try:
        async with asyncio.timeout(_ONE_CALL.total_seconds()):
            return await client.check_health(service=service, retry=False)
    except (RuntimeError, RPCError, TimeoutError):
        return False


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
