"""Addresses that must not be written to."""

import httpx
import pytest

from store.audits import audits_of
from store.sessions import Database
from store.suppressions import address_key, suppress
from tests.api.conftest import NewKey
from tests.fakes.rows import NOON

ADA = {"email": "Ada@example.org"}


@pytest.fixture
async def ada_bounced(database: Database) -> None:
    async with database.writing() as session:
        await suppress(session, "ada@example.org", reason="bounced", source="sendgrid", at=NOON)


async def done_to(database: Database, address: str) -> list[tuple[str, str, dict[str, object]]]:
    async with database.reading() as session:
        found = await audits_of(session, address_key(address))
    return [(row.actor, row.action, dict(row.detail)) for row in found]


class TestASuppressedAddress:
    @pytest.mark.usefixtures("ada_bounced")
    async def test_is_shown_with_its_reason(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.get("/v1/suppressions", params=ADA)

        assert answer.json()["suppressions"] == [
            {
                "channel": "email",
                "scope": "all",
                "reason": "bounced",
                "source": "sendgrid",
                "at": "2026-03-02T12:00:00Z",
            }
        ]

    @pytest.mark.usefixtures("ada_bounced")
    async def test_is_free_once_that_is_lifted(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        answer = await engineer.delete("/v1/suppressions", params=ADA)

        assert answer.status_code == 204
        shown = (await engineer.get("/v1/suppressions", params=ADA)).json()
        assert shown["suppressions"] == []
        assert await done_to(database, "ada@example.org") == [
            ("ada's laptop", "address.freed", {"reasons": ["bounced"]})
        ]

    @pytest.mark.usefixtures("ada_bounced")
    async def test_keeps_its_first_reason(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        answer = await engineer.put("/v1/suppressions", params=ADA, json={})

        assert [row["reason"] for row in answer.json()["suppressions"]] == ["bounced"]
        assert await done_to(database, "ada@example.org") == []


class TestAnAddress:
    async def test_may_be_suppressed_by_hand(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        answer = await engineer.put("/v1/suppressions", params=ADA, json={"scope": "marketing"})

        [shown] = answer.json()["suppressions"]
        assert answer.status_code == 200
        assert (shown["scope"], shown["reason"], shown["source"]) == ("marketing", "manual", "api")
        assert await done_to(database, "ada@example.org") == [
            ("ada's laptop", "address.suppressed", {"scope": "marketing"})
        ]

    async def test_that_nothing_suppresses_cannot_be_freed(
        self, engineer: httpx.AsyncClient
    ) -> None:
        answer = await engineer.delete("/v1/suppressions", params=ADA)

        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            "Nothing suppresses this address.",
        )

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    async def test_must_be_one(self, engineer: httpx.AsyncClient, method: str) -> None:
        answer = await engineer.request(method, "/v1/suppressions", params={"email": "ada"})

        assert (answer.status_code, answer.json()["detail"]) == (422, "This is no email address.")

    async def test_is_changed_only_by_a_key_that_may_manage(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        auth = (await new_key("ingest", "read"), "")

        lifted = await client.delete("/v1/suppressions", params=ADA, auth=auth)
        added = await client.put("/v1/suppressions", params=ADA, json={}, auth=auth)

        assert (lifted.status_code, added.status_code) == (403, 403)
