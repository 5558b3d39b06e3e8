from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from doctor.gateway import look_at_gateway
from local.ports import free_port
from sending.links import fingerprint
from tests.doctor.conftest import Configured, heard, now
from tests.fakes.certificate import Certificate

OURS = {
    "status": "ok",
    "version": "1.0.0",
    "time_scale": 1.0,
    "instance": fingerprint("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
}
Behind = Callable[[Mapping[str, Any] | str], AbstractAsyncContextManager[str]]


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path)


@pytest.fixture
def behind_https(certificate: Certificate) -> Behind:
    """`async with behind_https(health) as url`: what the proxy shows at /healthz."""

    @asynccontextmanager
    async def opened(health: Mapping[str, Any] | str) -> AsyncIterator[str]:
        async def tell(_: web.Request) -> web.Response:
            if isinstance(health, str):
                return web.Response(text=health, content_type="text/html")
            return web.json_response(health)

        app = web.Application()
        app.router.add_get("/healthz", tell)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.server()).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()

    return opened


class TestThePublicAddress:
    async def test_leads_to_a_gateway_of_ours(
        self, configured: Configured, behind_https: Behind, certificate: Certificate
    ) -> None:
        async with behind_https(OURS) as url:
            looks = look_at_gateway(configured(public_url=url), now, tls=certificate.client())
            findings = await heard(looks)

        assert findings == {
            "public address": ("ok", f"Links in mails lead to {url}, where version 1.0.0 answers."),
            "gateway's clock": ("ok", "The gateway's clock agrees with this machine's."),
        }

    async def test_is_not_set(self, configured: Configured) -> None:
        findings = await heard(look_at_gateway(configured(public_url=None), now))

        assert findings["public address"] == (
            "failed",
            (
                "Links in mails lead to http://127.0.0.1:8000: set DORMOUSE_PUBLIC_URL to where "
                "the gateway is reached from outside, like https://journeys.shop.example."
            ),
        )

    async def test_is_not_encrypted(self, configured: Configured) -> None:
        settings = configured(public_url="http://journeys.shop.example")

        findings = await heard(look_at_gateway(settings, now))

        assert findings["public address"] == (
            "failed",
            (
                "Links in mails lead to http://journeys.shop.example, unencrypted: let "
                "DORMOUSE_PUBLIC_URL be https."
            ),
        )

    async def test_leads_nowhere(self, configured: Configured) -> None:
        url = f"https://127.0.0.1:{free_port()}"

        findings = await heard(look_at_gateway(configured(public_url=url), now))

        verdict, says = findings["public address"]
        assert verdict == "failed"
        assert says.startswith(f"No gateway answers at {url} (")
        assert says.endswith("): check DORMOUSE_PUBLIC_URL, the proxy and its certificate.")

    async def test_shows_a_certificate_that_nobody_trusts(
        self, configured: Configured, behind_https: Behind
    ) -> None:
        async with behind_https(OURS) as url:
            findings = await heard(look_at_gateway(configured(public_url=url), now))

        verdict, says = findings["public address"]
        assert verdict == "failed"
        assert "CERTIFICATE_VERIFY_FAILED" in says

    async def test_leads_to_something_else(
        self, configured: Configured, behind_https: Behind, certificate: Certificate
    ) -> None:
        async with behind_https("<h1>Welcome to our shop</h1>") as url:
            looks = look_at_gateway(configured(public_url=url), now, tls=certificate.client())
            findings = await heard(looks)

        assert findings["public address"] == (
            "failed",
            (
                f"Something else than Dormouse answers at {url}: let the proxy pass everything on "
                "to the gateways."
            ),
        )

    async def test_leads_to_a_gateway_with_another_key(
        self, configured: Configured, behind_https: Behind, certificate: Certificate
    ) -> None:
        async with behind_https({**OURS, "instance": fingerprint("another")}) as url:
            looks = look_at_gateway(configured(public_url=url), now, tls=certificate.client())
            findings = await heard(looks)

        assert findings["public address"] == (
            "failed",
            (
                f"The gateway at {url} has another DORMOUSE_SECRET_KEY than these settings, so "
                "that links in mails do not work: use one key everywhere."
            ),
        )

    async def test_lives_in_another_time(
        self, configured: Configured, behind_https: Behind, certificate: Certificate
    ) -> None:
        async with behind_https(OURS) as url:
            looks = look_at_gateway(
                configured(public_url=url),
                lambda: now() + timedelta(minutes=2),
                tls=certificate.client(),
            )
            findings = await heard(looks)

        verdict, says = findings["gateway's clock"]
        assert verdict == "failed"
        assert says.startswith("The gateway's clock is 1")
        assert says.endswith(" seconds behind this machine's: let both follow NTP.")
