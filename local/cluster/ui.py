"""Temporal's UI server, which is optional: a cluster runs without it."""

from datetime import timedelta
from pathlib import Path

from local.cluster.roles import write
from local.environment import inherited
from local.programs import Program
from local.services import answers


def ui_program(binary: Path, folder: Path, *, port: int, frontend: str, log: Path) -> Program:
    """The UI at `port` over the frontend; its configuration is written into `folder`."""
    configuration = {
        "temporalGrpcAddress": frontend,
        "host": "127.0.0.1",
        "port": port,
        "enableUi": True,
        "disableWriteActions": False,
        "hideLogs": True,
    }
    write(folder / "ui.yaml", configuration)
    return Program(
        name="ui",
        command=[str(binary), "--root", str(folder), "--config", ".", "--env", "ui", "start"],
        log=log,
        environment=inherited(),
        is_ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"),
        ready_within=timedelta(seconds=30),
    )
