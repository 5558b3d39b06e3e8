"""The outbox's pages."""

import httpx
import pytest

from api.app import create_app
from api.services import Services
from config import Sender, Settings
from store.sessions import Database
from store.tables import MessageContent
from tests.fakes.rows import ada, keep, message, run

HTML = "<html><head><title>x</title></head><body><script>alert(1)</script><p>Still here"


@pytest.fixture
async def _mail(database: Database) -> None:
    mail = MessageContent(
        message_id="msg_1", html=HTML, text="Still <here>", headers={"List-Id": "<shop.example>"}
    )
    await keep(database, ada(), run(), message(subject="Kept & safe"), mail)


@pytest.mark.usefixtures("_mail")
class TestTheOutbox:
    async def test_lists_the_latest_mails(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/outbox")

        assert page.status_code == 200
        assert '<a href="/outbox/msg_1">Kept &amp; safe</a>' in page.text
        assert "ada@example.org" in page.text
        assert "kept-for-you" in page.text

    async def test_looks_again_by_itself(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/outbox")

        assert '<meta http-equiv="refresh" content="5">' in page.text

    async def test_leads_on_to_older_mails(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await keep(database, message("msg_0", step="incentive", subject="Oldest"))

        first = await client.get("/outbox?limit=1")
        older = first.text.partition('href="/outbox?cursor=')[2].partition('"')[0]
        second = await client.get(f"/outbox?limit=1&cursor={older}")

        assert "Kept &amp; safe" in first.text
        assert "Oldest" in second.text
        assert "refresh" not in second.text

    async def test_loads_nothing_but_its_own_style(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/outbox")
        style = await client.get("/outbox/style.css")

        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert policy.endswith("; style-src-elem 'self'")
        assert style.headers["Content-Type"].startswith("text/css")

    async def test_shows_a_mail_in_all_its_parts(self, client: httpx.AsyncClient) -> None:
        page = (await client.get("/outbox/msg_1")).text

        assert 'src="/outbox/msg_1/mail" sandbox="allow-popups' in page
        assert "Still &lt;here&gt;" in page
        assert "List-Id" in page
        assert "/namespaces/default/workflows/cart-abandonment%2Fcus_ada%2Frun_1" in page

    async def test_lets_a_mail_run_no_script(self, client: httpx.AsyncClient) -> None:
        mail = await client.get("/outbox/msg_1/mail")

        policy = mail.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
        assert "allow-scripts" not in policy
        assert '<head><base target="_blank">' in mail.text

    async def test_says_when_a_message_never_became_a_mail(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        skipped = message("msg_2", step="incentive", subject=None, reason="no consent")
        await keep(database, skipped)

        page = await client.get("/outbox/msg_2")
        mail = await client.get("/outbox/msg_2/mail")

        assert "This message never became a mail: no consent." in page.text
        assert mail.status_code == 404

    async def test_knows_no_other_messages(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/outbox/msg_9")).status_code == 404


class TestAnEmptyOutbox:
    async def test_says_what_will_appear(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/outbox")

        assert "No mail yet." in page.text


class TestAnInstallationThatSendsMail:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"sender": Sender.SMTP, "smtp_url": "smtp://localhost"})

    @pytest.mark.parametrize("path", ["/outbox", "/outbox/msg_1", "/outbox/msg_1/mail"])
    async def test_shows_its_mails_to_nobody(self, services: Services, path: str) -> None:
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.get(path)

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
