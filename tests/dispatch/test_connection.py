"""Temporal's own configuration: plain, with mutual TLS, by a profile; and what goes wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatch.connection import connect
from domain.errors import Invalid, Unavailable
from local.ports import free_port
from tests.fakes.certificate import Certificate
from tests.fakes.wire import wire_to


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """What Temporal shows."""
    return Certificate(tmp_path, "temporal")


@pytest.fixture
def ours(tmp_path: Path) -> Certificate:
    """What Temporal asks us for."""
    return Certificate(tmp_path, "ours")


@pytest.fixture
async def guarded(temporal: str, certificate: Certificate, ours: Certificate) -> AsyncIterator[str]:
    """The address of a Temporal that lets in only those who show our certificate."""
    async with wire_to(temporal, tls=certificate.server_for(ours)) as wire:
        yield wire.address


class TestTemporalWithMutualTls:
    async def test_is_reached_by_what_the_environment_says(
        self,
        guarded: str,
        certificate: Certificate,
        ours: Certificate,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("TEMPORAL_ADDRESS", guarded)
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(certificate.file))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(ours.file))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(ours.file))

        client = await connect("127.0.0.1:1")

        assert await client.service_client.check_health()

    async def test_is_reached_by_a_profile(
        self,
        guarded: str,
        certificate: Certificate,
        ours: Certificate,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        file = tmp_path / "temporal.toml"
        file.write_text(
            f"""
            [profile.shop]
            address = "{guarded}"
            namespace = "shop.a1b2c"
            [profile.shop.tls]
            server_ca_cert_path = "{certificate.file}"
            client_cert_path = "{ours.file}"
            client_key_path = "{ours.file}"
            """
        )
        monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
        monkeypatch.setenv("TEMPORAL_PROFILE", "shop")

        client = await connect("127.0.0.1:1")

        assert await client.service_client.check_health()
        assert client.namespace == "shop.a1b2c"

    async def test_hangs_up_on_another_certificate(
        self, guarded: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(certificate.file))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(certificate.file))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(certificate.file))

        with pytest.raises(Unavailable) as raised:
            await connect(guarded)

        assert str(raised.value) == (
            f"Temporal at {guarded} hangs up: check that it accepts our client certificate "
            "(TEMPORAL_TLS_…)."
        )

    async def test_is_not_trusted_without_its_authority(
        self, guarded: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_TLS", "true")

        with pytest.raises(Unavailable) as raised:
            await connect(guarded)

        assert str(raised.value) == (
            f"Temporal at {guarded} shows a certificate that is not trusted here: set "
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority that signed it, and "
            "TEMPORAL_TLS_SERVER_NAME if it goes by another name."
        )

    async def test_hangs_up_on_those_who_speak_no_tls(self, guarded: str) -> None:
        with pytest.raises(Unavailable) as raised:
            await connect(guarded)

        assert str(raised.value) == (
            f"Temporal at {guarded} hangs up: if it wants TLS, set TEMPORAL_TLS=true or "
            "TEMPORAL_API_KEY."
        )


class TestAConnection:
    async def test_with_tls_is_refused_by_a_server_without(
        self, temporal: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_API_KEY", "a key")

        with pytest.raises(Unavailable) as raised:
            await connect(temporal)

        assert str(raised.value) == (
            f"Temporal at {temporal} speaks no TLS: correct TEMPORAL_ADDRESS, or take "
            "TEMPORAL_TLS, TEMPORAL_API_KEY and certificates away."
        )

    async def test_to_nobody_names_the_address(self) -> None:
        port = free_port()

        with pytest.raises(Unavailable) as raised:
            await connect(f"127.0.0.1:{port}")

        assert str(raised.value) == (
            f"Temporal does not answer at 127.0.0.1:{port}: start it (`dormouse up` does) or set "
            "TEMPORAL_ADDRESS."
        )

    async def test_names_a_file_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nowhere/client.pem")

        with pytest.raises(Invalid) as raised:
            await connect("127.0.0.1:1")

        assert str(raised.value) == (
            "A file named by TEMPORAL_TLS_… cannot be read (/nowhere/client.pem: No such file or "
            "directory): correct its path or rights."
        )

    async def test_needs_certificate_and_key_together(
        self, ours: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(ours.file))

        with pytest.raises(Invalid) as raised:
            await connect("127.0.0.1:1")

        assert str(raised.value) == (
            "Temporal's own settings (TEMPORAL_…) do not fit: Must have both client cert and "
            "private key or neither."
        )

    @pytest.mark.parametrize(
        ("variable", "value", "says"),
        [
            (
                "TEMPORAL_CONFIG_FILE",
                "/nowhere/temporal.toml",
                (
                    "TEMPORAL_CONFIG_FILE names /nowhere/temporal.toml, which is not there: "
                    "correct its path."
                ),
            ),
            (
                "TEMPORAL_ADDRESS",
                "http://temporal:7233",
                (
                    "TEMPORAL_ADDRESS is http://temporal:7233, but must be host and port alone, "
                    "like temporal:7233; TLS is switched on by TEMPORAL_TLS or TEMPORAL_API_KEY."
                ),
            ),
            (
                "TEMPORAL_PROFILE",
                "nobody",
                "Temporal's own settings (TEMPORAL_…) cannot be used: Profile 'nobody' not found.",
            ),
        ],
    )
    async def test_names_a_setting_of_temporals_that_leads_nowhere(
        self, variable: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, value)

        with pytest.raises(Invalid) as raised:
            await connect("127.0.0.1:1", lazy=True)

        assert str(raised.value) == says
