from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from doctor.sendgrid import look_at_sendgrid
from doctor.smtp import look_at_smtp
from local.ports import free_port
from tests.doctor.conftest import Configured, heard, now
from tests.fakes.certificate import Certificate
from tests.fakes.sendgrid_server import FakeSendGrid
from tests.fakes.smtp_server import FakeMailServer

Account = Callable[..., Settings]


@pytest.fixture
def sendgrid() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as sendgrid:
        yield sendgrid


@pytest.fixture
def account(configured: Configured, sendgrid: FakeSendGrid) -> Account:
    """Settings that send through the account, but for what a test changes."""

    def settings(**changes: Any) -> Settings:
        api = {"sendgrid_api_key": sendgrid.api_key, "sendgrid_url": sendgrid.url}
        return configured(sender="sendgrid", **{**api, **changes})

    return settings


class TestASendGridAccount:
    async def test_may_send_from_the_shops_domain(
        self, account: Account, sendgrid: FakeSendGrid
    ) -> None:
        findings = await heard(look_at_sendgrid(account(), now))

        assert findings == {
            "sendgrid": ("ok", "SendGrid takes mail from this key."),
            "sendgrid's clock": ("ok", "SendGrid's clock agrees with this machine's."),
            "sender's domain": ("ok", "shop.example is authenticated with SendGrid."),
        }
        assert sendgrid.mails == []

    async def test_may_send_from_below_an_authenticated_domain(self, account: Account) -> None:
        settings = account(shop_from="Hazel <hello@mail.shop.example>")

        findings = await heard(look_at_sendgrid(settings, now))

        assert findings["sender's domain"][0] == "ok"

    async def test_has_another_key(self, account: Account) -> None:
        findings = await heard(look_at_sendgrid(account(sendgrid_api_key="SG.old"), now))

        assert findings == {
            "sendgrid": (
                "failed",
                (
                    "SendGrid does not know DORMOUSE_SENDGRID_API_KEY: copy it again from "
                    "SendGrid, or make another with the right to send mail."
                ),
            )
        }

    async def test_has_a_key_that_may_not_send(
        self, account: Account, sendgrid: FakeSendGrid
    ) -> None:
        sendgrid.scopes = ["whitelabel.read"]

        findings = await heard(look_at_sendgrid(account(), now))

        assert findings["sendgrid"] == (
            "failed",
            (
                "The key in DORMOUSE_SENDGRID_API_KEY may not send: give it the right Mail Send in "
                "SendGrid."
            ),
        )

    async def test_has_nothing_left_to_send(self, account: Account, sendgrid: FakeSendGrid) -> None:
        sendgrid.fail_next(401, errors=["Maximum credits exceeded"])

        findings = await heard(look_at_sendgrid(account(), now))

        assert findings["sendgrid"] == (
            "failed",
            (
                "SendGrid refuses a trial mail (401: Maximum credits exceeded): see to the account "
                "at SendGrid, or correct DORMOUSE_SHOP_FROM."
            ),
        )

    async def test_does_not_know_the_shops_domain(
        self, account: Account, sendgrid: FakeSendGrid
    ) -> None:
        sendgrid.domains = ["other.example"]

        findings = await heard(look_at_sendgrid(account(), now))

        assert findings["sender's domain"] == (
            "failed",
            (
                "shop.example of DORMOUSE_SHOP_FROM is not authenticated with SendGrid: add it "
                "under Sender Authentication, or send from a domain that is."
            ),
        )

    async def test_has_a_key_that_may_not_ask_for_domains(
        self, account: Account, sendgrid: FakeSendGrid
    ) -> None:
        sendgrid.scopes = ["mail.send"]

        findings = await heard(look_at_sendgrid(account(), now))

        assert findings["sender's domain"] == (
            "warning",
            (
                "This key may not ask whether shop.example is authenticated: look at Sender "
                "Authentication in SendGrid's settings."
            ),
        )

    async def test_cannot_be_reached(self, account: Account, sendgrid: FakeSendGrid) -> None:
        sendgrid.refuse()

        findings = await heard(look_at_sendgrid(account(), now))

        verdict, says = findings["sendgrid"]
        assert verdict == "failed"
        assert says.startswith(f"SendGrid does not answer at {sendgrid.url} (")
        assert says.endswith(
            "): check DORMOUSE_SENDGRID_URL and this machine's way to the internet."
        )

    async def test_lives_in_another_time(self, account: Account) -> None:
        findings = await heard(look_at_sendgrid(account(), lambda: now() - timedelta(hours=1)))

        verdict, says = findings["sendgrid's clock"]
        assert verdict == "failed"
        assert says.endswith(" seconds ahead of this machine's: let both follow NTP.")


class TestAMailServer:
    async def test_lets_us_in_encrypted(self, configured: Configured, tmp_path: Path) -> None:
        certificate = Certificate(tmp_path)
        async with FakeMailServer(tls=certificate.server(), login=("shop", "secret")) as server:
            settings = configured(smtp_url=f"smtp://shop:secret@127.0.0.1:{server.port}")

            findings = await heard(look_at_smtp(settings, tls=certificate.client()))

        assert findings == {
            "smtp": ("ok", f"The mail server 127.0.0.1:{server.port} lets us in, encrypted.")
        }
        assert (server.user, server.mails) == ("shop", [])

    async def test_offers_no_encryption(self, configured: Configured) -> None:
        async with FakeMailServer() as server:
            settings = configured(smtp_url=f"smtp://127.0.0.1:{server.port}")

            findings = await heard(look_at_smtp(settings))

        assert findings["smtp"] == (
            "warning",
            (
                f"The mail server 127.0.0.1:{server.port} offers no encryption: mails and password "
                "can be read on the way, unless both stand in one private network."
            ),
        )

    async def test_knows_another_password(self, configured: Configured, tmp_path: Path) -> None:
        certificate = Certificate(tmp_path)
        async with FakeMailServer(tls=certificate.server(), login=("shop", "new")) as server:
            settings = configured(smtp_url=f"smtp://shop:old@127.0.0.1:{server.port}")

            findings = await heard(look_at_smtp(settings, tls=certificate.client()))

        verdict, says = findings["smtp"]
        assert verdict == "failed"
        assert says.startswith(f"The mail server 127.0.0.1:{server.port} does not let us in (535:")
        assert says.endswith("): correct the user and password in DORMOUSE_SMTP_URL.")

    async def test_cannot_be_reached(self, configured: Configured) -> None:
        port = free_port()

        findings = await heard(look_at_smtp(configured(smtp_url=f"smtp://127.0.0.1:{port}")))

        verdict, says = findings["smtp"]
        assert verdict == "failed"
        assert says.startswith(f"The mail server 127.0.0.1:{port} does not let us in (")
        assert says.endswith("): check DORMOUSE_SMTP_URL.")

    async def test_is_not_one(self, configured: Configured) -> None:
        findings = await heard(look_at_smtp(configured(smtp_url="mail.shop.example")))

        assert findings["smtp"] == (
            "failed",
            "DORMOUSE_SMTP_URL must look like smtp://user:password@host:587 or smtps://….",
        )
