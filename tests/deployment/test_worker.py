"""The worker as a program of its own: its version, its metrics, its end."""

import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.common import WorkerDeploymentVersion

from api.opening import open_services
from config import Settings, WrongSetting
from dispatch.connection import connect
from domain.errors import Invalid
from local.environment import complete
from local.ports import free_port
from tests.fakes.installation import Installation
from worker import running_workers, runtime_of, version_of


def settings(**changes: Any) -> Settings:
    return Settings(_env_file=None, **changes)


class TestTheWorkersVersion:
    def test_is_its_build_of_the_deployment(self) -> None:
        version = version_of(settings(build_id="1.2.0", deployment_name="shop"))

        assert version == WorkerDeploymentVersion("shop", "1.2.0")

    def test_is_none_where_no_build_is_named(self) -> None:
        assert version_of(settings()) is None

    def test_is_none_on_one_machine_where_nobody_would_make_it_current(
        self, tmp_path: Path
    ) -> None:
        local = complete(settings(build_id="1.2.0", data_dir=tmp_path))

        assert version_of(local) is None

    @pytest.mark.parametrize("build", ["a:b", "a__b", "-1", "1.2.0 beta"])
    def test_may_not_hold_what_temporal_keeps_to_itself(self, build: str) -> None:
        with pytest.raises(ValueError, match="build_id"):
            settings(build_id=build)


class TestTheWorkersStart:
    async def test_needs_a_database_with_tables(self, temporal: str, tmp_path: Path) -> None:
        worker = await Installation(tmp_path).run(
            "worker", DORMOUSE_SECRET_KEY="s" * 32, TEMPORAL_ADDRESS=temporal
        )

        assert worker.code == 1
        assert worker.err == "The database has no tables: run `dormouse migrate`.\n"


class TestTheWorkersMetrics:
    async def test_are_shown_to_prometheus(self, temporal: str) -> None:
        port = free_port()
        runtime = runtime_of(settings(worker_metrics_port=port))
        await (await connect(temporal, runtime=runtime)).service_client.check_health()

        async with httpx.AsyncClient() as client:
            shown = (await client.get(f"http://127.0.0.1:{port}/metrics")).text

        assert "temporal_request{" in shown

    def test_need_a_free_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

            with pytest.raises(WrongSetting) as raised:
                runtime_of(settings(worker_metrics_port=port))

        assert str(raised.value) == (
            f"The worker cannot show its metrics at 127.0.0.1:{port} (Failed starting Prometheus "
            "exporter: Address already in use (os error 98)): set DORMOUSE_WORKER_METRICS_PORT to "
            "a free port."
        )

    def test_are_shown_nowhere_unless_asked_for(self) -> None:
        assert runtime_of(settings()) is None


class TestAWrongNamespace:
    @pytest.fixture
    def shop(self, temporal: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("TEMPORAL_ADDRESS", temporal)
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "bakery")
        secret_key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        return settings(database_url=database_url, secret_key=secret_key)

    async def test_keeps_a_worker_from_beginning(self, shop: Settings) -> None:
        with pytest.raises(Invalid) as raised:
            async with running_workers(shop):
                pass

        assert str(raised.value) == (
            "Temporal has no namespace 'bakery': make it with `temporal operator namespace create "
            "--namespace bakery --retention 30d`, or correct TEMPORAL_NAMESPACE."
        )

    async def test_keeps_a_gateway_from_beginning(self, shop: Settings) -> None:
        with pytest.raises(Invalid, match="Temporal has no namespace 'bakery'"):
            async with open_services(shop):
                pass
