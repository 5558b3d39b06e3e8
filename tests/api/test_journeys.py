"""Journeys: tuning, pausing and starting them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from intake.intake import Intake
from store.audits import audits_of
from store.sessions import Database
from tests.api.conftest import NewKey
from tests.fakes.deliverer import FakeDeliverer
from tests.fakes.intakes import open_intake
from tests.fakes.rows import ada, identity, keep, message
from workflows.catalogue import CATALOGUE

SETTINGS = "/v1/journeys/cart-abandonment/settings"
RUNS = "/v1/journeys/cart-abandonment/runs"
AGREED = {"marketing": ["email"]}


@pytest.fixture
def deliverer() -> FakeDeliverer:
    return FakeDeliverer()


@pytest.fixture
async def intake(database: Database, deliverer: FakeDeliverer) -> AsyncIterator[Intake]:
    async with open_intake(database, deliverer) as intake:
        yield intake


async def start(
    engineer: httpx.AsyncClient, key: str | None = None, **changes: Any
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await engineer.post(RUNS, json={"customer_id": "4711", **changes}, headers=headers)


class TestTheListOfJourneys:
    async def test_says_what_each_does_and_who_enters(self, engineer: httpx.AsyncClient) -> None:
        listed = (await engineer.get("/v1/journeys")).json()

        assert [journey["name"] for journey in listed["items"]] == list(CATALOGUE)
        [browse] = [one for one in listed["items"] if one["name"] == "browse-abandonment"]
        assert browse["title"].startswith("Bring back a visitor who looked closely")
        assert browse["entry"].startswith("on Product Viewed or Product List Viewed")
        assert (browse["goal"], browse["paused"]) == ("Order Completed", False)
        assert browse["settings"]["first_reminder_after"] == "2 hours"
        assert "first_reminder_after" in browse["settings_schema"]["properties"]


class TestSettings:
    async def test_are_the_defaults_at_first(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.get(SETTINGS)

        shown = answer.json()
        assert (shown["version"], shown["overrides"], shown["history"]) == (0, {}, [])
        assert answer.headers["ETag"] == '"0"'

    async def test_hold_from_the_moment_they_are_changed(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.put(SETTINGS, json={"settings": {"first_reminder_after": "90m"}})

        assert answer.status_code == 200
        shown = (await engineer.get(SETTINGS)).json()
        assert shown == answer.json()
        assert shown["version"] == 1
        assert shown["settings"]["first_reminder_after"] == "1 hour 30 minutes"
        assert shown["overrides"] == {"first_reminder_after": "1 hour 30 minutes"}
        assert [(v["version"], v["author"]) for v in shown["history"]] == [(1, "ada's laptop")]

    async def test_may_be_sent_back_as_they_were_read(self, engineer: httpx.AsyncClient) -> None:
        read = (await engineer.get(SETTINGS)).json()
        read["settings"]["first_reminder_after"] = "2h"

        answer = await engineer.put(SETTINGS, json=read)

        assert answer.json()["overrides"] == {"first_reminder_after": "2 hours"}

    async def test_that_are_not_named_go_back_to_their_defaults(
        self, engineer: httpx.AsyncClient
    ) -> None:
        await engineer.put(SETTINGS, json={"settings": {"first_reminder_after": "2h"}})

        answer = await engineer.put(SETTINGS, json={"settings": {}})

        assert answer.json()["settings"]["first_reminder_after"] == "1 hour"

    async def test_that_are_wrong_are_refused_field_by_field(
        self, engineer: httpx.AsyncClient
    ) -> None:
        wrong = {"first_reminder_after": "soon", "reminders": 3}

        answer = await engineer.put(SETTINGS, json={"settings": wrong})

        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "field": "settings.first_reminder_after",
                "message": "'soon' is not a duration; write it like '90 minutes', '2h', '3 days'",
            },
            {"field": "settings.reminders", "message": "Extra inputs are not permitted"},
        ]

    async def test_that_changed_meanwhile_are_not_overwritten(
        self, engineer: httpx.AsyncClient
    ) -> None:
        await engineer.put(SETTINGS, json={"settings": {}, "version": 0})

        answer = await engineer.put(SETTINGS, json={"settings": {}, "version": 0})

        assert (answer.status_code, answer.json()["code"]) == (409, "settings-changed")

    async def test_that_changed_meanwhile_fail_the_precondition(
        self, engineer: httpx.AsyncClient
    ) -> None:
        etag = (await engineer.get(SETTINGS)).headers["ETag"]
        first = await engineer.put(SETTINGS, json={"settings": {}}, headers={"If-Match": etag})

        second = await engineer.put(SETTINGS, json={"settings": {}}, headers={"If-Match": etag})

        assert (first.status_code, second.status_code) == (200, 412)

    async def test_need_an_etag_of_ours_to_compare(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.put(
            SETTINGS, json={"settings": {}}, headers={"If-Match": "yesterday"}
        )

        assert answer.status_code == 422

    async def test_of_no_journey_are_not_found(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.get("/v1/journeys/cart-abandonmnt/settings")

        assert answer.status_code == 404
        assert answer.json()["detail"].endswith(f"there are: {', '.join(CATALOGUE)}.")

    async def test_leave_their_mark_in_the_audit_trail(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        await engineer.put(SETTINGS, json={"settings": {"first_reminder_after": "2h"}})

        async with database.reading() as session:
            trail = await audits_of(session, "cart-abandonment")
        assert [(entry.action, entry.detail) for entry in trail] == [
            (
                "journey.settings-changed",
                {"version": 1, "overrides": {"first_reminder_after": "2 hours"}},
            )
        ]


class TestAJourney:
    async def test_is_paused_and_resumed(self, engineer: httpx.AsyncClient) -> None:
        paused = await engineer.post("/v1/journeys/win-back/pause")
        resumed = await engineer.post("/v1/journeys/win-back/resume")

        assert (paused.json()["paused"], resumed.json()["paused"]) == (True, False)

    async def test_is_paused_by_a_key_that_may_manage_only(
        self, client: httpx.AsyncClient, new_key: NewKey
    ) -> None:
        key = await new_key("read", "ingest")

        answer = await client.post(
            "/v1/journeys/win-back/pause", headers={"Authorization": f"Bearer {key}"}
        )

        assert answer.status_code == 403


class TestStartingARun:
    @pytest.fixture(autouse=True)
    async def _ada(self, database: Database) -> None:
        await keep(database, ada(consents=AGREED), identity("cus_ada", "4711"))

    async def test_takes_the_customer_through_the_journey(
        self, engineer: httpx.AsyncClient, deliverer: FakeDeliverer
    ) -> None:
        answer = await start(engineer, settings={"first_reminder_after": "10m"})

        started = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"/v1/runs/{started['id']}"
        assert (started["customer_id"], started["status"]) == ("4711", "waiting")
        assert [row.run_id for row in deliverer.delivered] == [started["id"]]

    async def test_twice_with_one_key_starts_one_run(self, engineer: httpx.AsyncClient) -> None:
        first = await start(engineer, key="order 1001")
        second = await start(engineer, key="order 1001")

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]

    async def test_twice_shows_what_it_sent_only_to_a_key_that_may_read(
        self, client: httpx.AsyncClient, new_key: NewKey, database: Database
    ) -> None:
        sender, reader = await new_key("ingest"), await new_key("ingest", "read", name="desk")
        client.headers["Authorization"] = f"Bearer {sender}"
        first = await start(client, key="order 1001")
        await keep(database, message(run_id=first.json()["id"]))

        unseen = await start(client, key="order 1001")
        client.headers["Authorization"] = f"Bearer {reader}"
        seen = await start(client, key="order 1001")

        assert unseen.json()["messages"] == []
        assert [mail["to"] for mail in seen.json()["messages"]] == ["ada@example.org"]

    async def test_twice_without_a_key_is_refused(self, engineer: httpx.AsyncClient) -> None:
        await start(engineer)

        answer = await start(engineer)

        assert (answer.status_code, answer.json()["code"]) == (409, "already-running")

    async def test_refuses_a_used_key_for_another_request(
        self, engineer: httpx.AsyncClient
    ) -> None:
        await start(engineer, key="order 1001")

        answer = await start(engineer, key="order 1001", product_ids=["mug"])

        assert answer.status_code == 422
        assert "fresh one" in answer.json()["detail"]

    async def test_refuses_a_key_that_is_too_long(self, engineer: httpx.AsyncClient) -> None:
        answer = await start(engineer, key="k" * 256)

        assert answer.status_code == 422

    async def test_for_somebody_unknown_is_not_found(self, engineer: httpx.AsyncClient) -> None:
        answer = await start(engineer, customer_id="4712")

        assert answer.status_code == 404

    async def test_without_consent_is_refused(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        bob = ada(id="cus_bob", external_id="4712")
        await keep(database, bob, identity("cus_bob", "4712"))

        answer = await start(engineer, customer_id="4712")

        assert (answer.status_code, answer.json()["code"]) == (409, "no-consent")

    async def test_of_a_paused_journey_is_refused(self, engineer: httpx.AsyncClient) -> None:
        await engineer.post("/v1/journeys/cart-abandonment/pause")

        answer = await start(engineer)

        assert (answer.status_code, answer.json()["code"]) == (409, "journey-paused")

    async def test_with_wrong_settings_is_refused(self, engineer: httpx.AsyncClient) -> None:
        answer = await start(engineer, settings={"first_reminder_after": "soon"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "settings.first_reminder_after"

    async def test_with_a_misspelt_field_is_refused(self, engineer: httpx.AsyncClient) -> None:
        answer = await start(engineer, order="1001")

        assert answer.json()["errors"] == [
            {"field": "order", "message": "Extra inputs are not permitted"}
        ]

    async def test_of_no_journey_is_not_found(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.post("/v1/journeys/nudge/runs", json={"customer_id": "4711"})

        assert answer.status_code == 404
