"""The compose file, as far as it can be judged without an engine. Its schema: `make check`."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from dispatch.temporal import SEARCH_ATTRIBUTES
from doctor.configuration import look_at_settings
from doctor.findings import Verdict
from tests.deployment.compose import (
    FILE,
    ROOT,
    Service,
    bind_mounts,
    compose,
    is_lasting,
    named_volumes,
    services,
    variables,
)

EXAMPLE = (ROOT / "deploy" / "example.env").read_text()
#: Of one machine, or settled by the image.
ELSEWHERE = {
    "DORMOUSE_DATA_DIR",
    "DORMOUSE_HOST",
    "DORMOUSE_PORT",
    "DORMOUSE_TEMPORAL_PORT",
    "DORMOUSE_TEMPORAL_UI_PORT",
    "DORMOUSE_TIME_SCALE",
}
SECRETS = {
    "DORMOUSE_SECRET_KEY",
    "POSTGRES_PASSWORD",
    "DATABASE_PASSWORD",
    "TEMPORAL_DATABASE_PASSWORD",
}

each_service = pytest.mark.parametrize("name", services())
each_lasting = pytest.mark.parametrize(
    "name", [name for name, service in services().items() if is_lasting(service)]
)


@pytest.fixture
def service(name: str) -> Service:
    return services()[name]


def settings_of(service: Service) -> Mapping[str, Any]:
    found: Mapping[str, Any] = service.get("environment", {})
    return {name: value for name, value in found.items() if name.startswith("DORMOUSE_")}


class TestEachService:
    @each_service
    def test_runs_one_version_of_its_image(self, service: Service) -> None:
        image = service["image"]

        assert re.search(r":(v?\d+\.\d+[\w.-]*|\$\{RELEASE:\?[^}]*\})$", image), image

    @each_service
    def test_has_limits_and_short_logs_and_gains_no_rights(self, service: Service) -> None:
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
        assert service["security_opt"] == ["no-new-privileges:true"]

    @each_service
    def test_refers_only_to_what_is_there(self, service: Service) -> None:
        needed = service.get("depends_on", {})

        assert set(needed) <= set(services())
        assert set(service["networks"]) <= set(compose()["networks"])
        assert set(named_volumes(service)) <= set(compose()["volumes"])
        assert [path for path in bind_mounts(service) if not (ROOT / path).exists()] == []

    @each_service
    def test_waits_for_the_health_of_those_who_stay_and_the_end_of_those_who_do_not(
        self, service: Service
    ) -> None:
        for other, how in service.get("depends_on", {}).items():
            condition = (
                "service_healthy"
                if is_lasting(services()[other])
                else "service_completed_successfully"
            )
            assert how == {"condition": condition}, other

    @each_service
    def test_is_told_only_settings_that_there_are(self, service: Service) -> None:
        known = {f"DORMOUSE_{name.upper()}" for name in Settings.model_fields}

        assert set(settings_of(service)) - known == set()

    @each_lasting
    def test_that_stays_is_asked_for_its_health(self, service: Service) -> None:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])

    @each_service
    def test_opens_no_port_to_the_world_but_the_proxys(self, name: str, service: Service) -> None:
        ports = service.get("ports", [])

        assert name == "proxy" or all(port.startswith("127.0.0.1:") for port in ports)


class TestOurOwnServices:
    OURS = ("gateway", "worker", "migrate", "doctor")

    @pytest.mark.parametrize("name", OURS)
    def test_can_write_nowhere_but_to_their_data_and_temporary_files(
        self, service: Service
    ) -> None:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
        assert service["volumes"] == ["data:/data"]

    @pytest.mark.parametrize("name", OURS)
    def test_can_be_told_every_setting_that_matters_here(self, service: Service) -> None:
        known = {f"DORMOUSE_{name.upper()}" for name in Settings.model_fields}

        untold = known - set(settings_of(service)) - ELSEWHERE

        assert untold <= {"DORMOUSE_WORKER_METRICS_PORT"}, (
            "let docker-compose.yml pass them on, or add them to ELSEWHERE"
        )

    @pytest.mark.parametrize(
        ("name", "time"), [("gateway", "${GATEWAY_STOP_GRACE:-30s}"), ("worker", "60s")]
    )
    def test_are_two_and_have_time_to_finish(self, service: Service, time: str) -> None:
        assert service["deploy"]["replicas"] == 2
        assert service["stop_grace_period"] == time

    @pytest.mark.parametrize("name", OURS)
    def test_can_be_stopped_as_soon_as_they_are_started(self, service: Service) -> None:
        assert service["init"] is True

    def test_send_to_the_catcher_that_the_doctor_tells_of_until_something_is_chosen(self) -> None:
        told = settings_of(services()["gateway"])
        secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        chosen = {
            "sender": told["DORMOUSE_SENDER"].removeprefix("${DORMOUSE_SENDER:-").rstrip("}"),
            "smtp_url": told["DORMOUSE_SMTP_URL"].removeprefix("${DORMOUSE_SMTP_URL:-").rstrip("}"),
        }

        findings = look_at_settings(Settings(_env_file=None, secret_key=secret, **chosen))

        [finding] = [each for each in findings if each.check == "sender"]
        assert finding.verdict is Verdict.WARNING
        assert finding.says.startswith("Mails go to the mail catcher mailpit and reach nobody: ")

    def test_trust_the_network_that_only_the_proxy_shares_with_them(self) -> None:
        [config] = compose()["networks"]["front"]["ipam"]["config"]
        trusted = services()["gateway"]["environment"]["DORMOUSE_TRUSTED_PROXIES"]

        assert ipaddress.ip_network(trusted) == ipaddress.ip_network(config["subnet"])
        assert [n for n, s in services().items() if "front" in s["networks"]] == [
            "gateway",
            "proxy",
        ]


class TestTheVariables:
    def test_are_explained_in_the_example(self) -> None:
        explained = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
        asked = {name for name, _ in variables(FILE.read_text())}
        passed = {
            name
            for service in services().values()
            for name, value in settings_of(service).items()
            if value is None
        }

        assert asked - explained - SECRETS == {"DORMOUSE_TEMPORAL_UI_URL"}
        assert explained <= asked | passed

    def test_have_no_default_where_they_are_secret(self) -> None:
        found = [(n, rest) for n, rest in variables(FILE.read_text()) if n in SECRETS]

        assert {name for name, _ in found} == SECRETS
        assert all(rest == f":?set {name} in .env" for name, rest in found)

    def test_hold_no_secret_in_the_example(self) -> None:
        assert re.findall(r"^[A-Z_]*(?:KEY|PASSWORD|URL)=\S+", EXAMPLE, re.MULTILINE) == []


class TestTheScripts:
    SCRIPTS = sorted((ROOT / "deploy").glob("*/*.sh"))

    @pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
    def test_are_used_and_stop_at_the_first_failure(self, script: Path) -> None:
        mounted = {(ROOT / path).resolve() for s in services().values() for path in bind_mounts(s)}

        assert script.parent in mounted
        assert "set -eu\n" in script.read_text()

    def test_register_what_runs_are_searched_by(self) -> None:
        text = (ROOT / "deploy" / "temporal" / "namespace.sh").read_text()

        assert re.findall(r"--name (\w+)", text) == [key.name for key in SEARCH_ATTRIBUTES]
