"""Messages: what was sent, and why something was not."""

import httpx
import pytest

from domain.messages import MessageStatus
from store.sessions import Database
from store.tables import MessageContent
from tests.fakes.rows import ada, identity, keep, message, run

SKIPPED = {"step": "incentive", "status": MessageStatus.SKIPPED, "reason": "no consent"}


@pytest.fixture(autouse=True)
async def _two_messages(database: Database) -> None:
    content = MessageContent(
        message_id="msg_1",
        html="<p>Still here</p>",
        text="Still here",
        headers={"List-Id": "<marketing.shop.example>"},
    )
    await keep(
        database,
        ada(),
        identity("cus_ada", "4711"),
        run(),
        message(),
        message("msg_2", subject=None, **SKIPPED),
        content,
    )


class TestTheListOfMessages:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, ["msg_2", "msg_1"]),
            ({"customer_id": "4711"}, ["msg_2", "msg_1"]),
            ({"customer_id": "4712"}, []),
            ({"run_id": "run_1", "status": "skipped"}, ["msg_2"]),
        ],
    )
    async def test_holds_those_that_are_wanted(
        self, engineer: httpx.AsyncClient, wanted: dict[str, str], found: list[str]
    ) -> None:
        listed = (await engineer.get("/v1/messages", params=wanted)).json()

        assert [message["id"] for message in listed["items"]] == found

    async def test_is_paged(self, engineer: httpx.AsyncClient) -> None:
        first = (await engineer.get("/v1/messages", params={"limit": 1})).json()
        query = {"limit": 1, "cursor": first["next"]}
        second = (await engineer.get("/v1/messages", params=query)).json()

        assert [page["items"][0]["id"] for page in (first, second)] == ["msg_2", "msg_1"]
        assert second["next"] is None

    async def test_says_why_something_was_not_sent(self, engineer: httpx.AsyncClient) -> None:
        listed = (await engineer.get("/v1/messages", params={"status": "skipped"})).json()

        assert listed["items"][0]["reason"] == "no consent"


class TestAMessage:
    async def test_is_shown_as_it_left(self, engineer: httpx.AsyncClient) -> None:
        shown = (await engineer.get("/v1/messages/msg_1")).json()

        assert (shown["subject"], shown["html"], shown["text"], shown["headers"]) == (
            "We kept it for you",
            "<p>Still here</p>",
            "Still here",
            {"List-Id": "<marketing.shop.example>"},
        )

    async def test_that_never_left_has_no_content(self, engineer: httpx.AsyncClient) -> None:
        shown = (await engineer.get("/v1/messages/msg_2")).json()

        assert (shown["status"], shown["html"], shown["headers"]) == ("skipped", None, None)

    async def test_that_nobody_knows_is_not_found(self, engineer: httpx.AsyncClient) -> None:
        assert (await engineer.get("/v1/messages/msg_9")).status_code == 404
