"""Customers by the shop's ids."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.paging import write_cursor
from intake.intake import Intake
from store.consents import consent_history
from store.sessions import Database
from store.suppressions import suppress
from tests.fakes.deliverer import FakeDeliverer
from tests.fakes.intakes import open_intake
from tests.fakes.rows import NOON, ada, consent, event, identity, keep, message, run

AGREED = {"marketing": ["email"]}


@pytest.fixture
def deliverer() -> FakeDeliverer:
    return FakeDeliverer()


@pytest.fixture
async def intake(database: Database, deliverer: FakeDeliverer) -> AsyncIterator[Intake]:
    async with open_intake(database, deliverer) as intake:
        yield intake


@pytest.fixture(autouse=True)
async def _ada(database: Database) -> None:
    await keep(
        database,
        ada(consents=AGREED, attributes={"plan": "gold"}),
        identity("cus_ada", "4711"),
        identity("cus_ada", "b-81", kind="anonymous"),
        consent(),
    )


class TestACustomer:
    async def test_is_shown_with_what_they_allowed(self, engineer: httpx.AsyncClient) -> None:
        shown = (await engineer.get("/v1/customers/4711")).json()

        assert (shown["id"], shown["email"], shown["first_name"]) == (
            "4711",
            "ada@example.org",
            "Ada",
        )
        assert (shown["anonymous_ids"], shown["attributes"]) == (["b-81"], {"plan": "gold"})
        assert shown["consents"] == [
            {
                "topic": "marketing",
                "channel": "email",
                "granted": True,
                "status": "granted",
                "basis": "express",
                "source": "api",
                "wording": None,
                "happened_at": "2026-03-02T12:00:00Z",
                "confirm_until": None,
            }
        ]
        assert shown["suppressions"] == []

    @pytest.mark.parametrize(
        ("confirm_until", "status"),
        [(datetime(2999, 1, 1, tzinfo=UTC), "pending"), (NOON, "lapsed"), (None, "withdrawn")],
    )
    async def test_is_shown_with_what_still_waits_to_be_confirmed(
        self,
        engineer: httpx.AsyncClient,
        database: Database,
        confirm_until: datetime | None,
        status: str,
    ) -> None:
        await keep(database, consent(channel="push", granted=False, confirm_until=confirm_until))

        shown = (await engineer.get("/v1/customers/4711")).json()
        [push] = [one for one in shown["consents"] if one["channel"] == "push"]

        assert (push["granted"], push["status"]) == (False, status)

    async def test_is_shown_with_why_nobody_may_write(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        async with database.writing() as session:
            await suppress(session, "ADA@example.org", reason="bounced", source="sendgrid", at=NOON)

        shown = (await engineer.get("/v1/customers/4711")).json()

        assert [(s["scope"], s["reason"]) for s in shown["suppressions"]] == [("all", "bounced")]

    async def test_whom_nobody_knows_is_not_found(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.get("/v1/customers/4712")

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")

    async def test_whose_id_no_database_can_hold_is_a_problem_of_the_caller(
        self, engineer: httpx.AsyncClient
    ) -> None:
        answer = await engineer.get("/v1/customers/%00")

        assert answer.status_code in {404, 422}


class TestAStory:
    async def test_is_told_the_latest_first_page_by_page(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        await keep(
            database,
            event("e1", NOON + timedelta(hours=1), properties={"product_id": "mug"}),
            run(entered_at=NOON + timedelta(hours=1)),
            message(created_at=NOON + timedelta(hours=2)),
        )

        told: list[dict[str, Any]] = []
        cursor = None
        while not told or cursor:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await engineer.get("/v1/customers/4711/timeline", params=query)).json()
            told += page["items"]
            cursor = page["next"]

        assert [(moment["kind"], moment["title"]) for moment in told] == [
            ("message", "Message cart-abandonment/kept-for-you: accepted"),
            ("run-entered", "Entered cart-abandonment"),
            ("event", "Product Viewed"),
            ("consent", "Consent given: marketing by email"),
        ]
        assert told[2]["detail"] == {"properties": {"product_id": "mug"}}
        assert (told[0]["run_id"], told[0]["message_id"]) == ("run_1", "msg_1")

    @pytest.mark.parametrize(
        "cursor",
        [
            "nonsense",
            write_cursor(("a",)),
            write_cursor(("0001-01-01T00:00:00+14:00", 1, 1)),
            write_cursor(("2026-03-02T12:00:00Z", 1, "a name where a number is")),
            write_cursor(("2026-03-02T12:00:00Z", 4, 7)),
            write_cursor(("2026-03-02T12:00:00Z", 9, 7)),
        ],
    )
    async def test_is_not_told_behind_a_cursor_of_somebody_else(
        self, engineer: httpx.AsyncClient, cursor: str
    ) -> None:
        answer = await engineer.get("/v1/customers/4711/timeline", params={"cursor": cursor})

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


class TestConsent:
    async def test_withdrawn_is_recorded_with_its_proof(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        body = {
            "consents": [{"granted": False, "wording": "No more mails, please."}],
            "evidence": {"ticket": "T-17"},
        }

        answer = await engineer.put("/v1/customers/4711/consents", json=body)

        assert answer.status_code == 200
        (now,) = answer.json()["consents"]
        assert (now["granted"], now["source"], now["wording"]) == (
            False,
            "api",
            "No more mails, please.",
        )
        async with database.reading() as session:
            history = await consent_history(session, "cus_ada")
        assert history[0].evidence == {"ticket": "T-17", "key": "ada's laptop"}

    async def test_withdrawn_ends_the_journeys(
        self, engineer: httpx.AsyncClient, database: Database, deliverer: FakeDeliverer
    ) -> None:
        await keep(database, run())

        await engineer.put("/v1/customers/4711/consents", json={"consents": [{"granted": False}]})

        assert [(row.run_id, row.name) for row in deliverer.delivered] == [
            ("run_1", "Unsubscribed")
        ]

    async def test_for_other_channels_is_recorded_beside(self, engineer: httpx.AsyncClient) -> None:
        body = {"consents": [{"channel": "sms", "granted": True, "basis": "double_opt_in"}]}

        answer = await engineer.put("/v1/customers/4711/consents", json=body)

        found = [(c["channel"], c["granted"], c["basis"]) for c in answer.json()["consents"]]
        assert found == [("email", True, "express"), ("sms", True, "double_opt_in")]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"consents": []},
            {"consents": [{"channel": "pigeon", "granted": True}]},
            {"consents": [{"granted": True, "basis": "we just know"}]},
        ],
    )
    async def test_that_makes_no_sense_is_refused(
        self, engineer: httpx.AsyncClient, body: dict[str, object]
    ) -> None:
        answer = await engineer.put("/v1/customers/4711/consents", json=body)

        assert answer.status_code == 422


class TestAVisitor:
    """Somebody subscribed in a browser; the shop has no id for them."""

    @pytest.fixture(autouse=True)
    async def _eve(self, database: Database) -> None:
        eve = ada(id="cus_eve", external_id=None, consents=AGREED)
        await keep(database, eve, identity("cus_eve", "b-7", kind="anonymous"))

    @pytest.mark.parametrize("known_as", ["cus_eve", "b-7"])
    async def test_is_seen_by_our_id_and_by_that_of_the_browser(
        self, engineer: httpx.AsyncClient, known_as: str
    ) -> None:
        shown = (await engineer.get(f"/v1/customers/{known_as}")).json()

        assert (shown["id"], shown["anonymous_ids"]) == ("cus_eve", ["b-7"])

    async def test_may_withdraw_and_be_forgotten(self, engineer: httpx.AsyncClient) -> None:
        body = {"consents": [{"granted": False}]}
        withdrawn = await engineer.put("/v1/customers/b-7/consents", json=body)
        forgotten = await engineer.delete("/v1/customers/b-7")

        assert (withdrawn.status_code, forgotten.status_code) == (200, 204)
        assert (await engineer.get("/v1/customers/cus_eve")).status_code == 404

    async def test_is_named_by_their_runs_until_they_are_forgotten(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        await keep(database, run(customer_id="cus_eve"))
        [before] = (await engineer.get("/v1/runs", params={"customer_id": "b-7"})).json()["items"]
        await engineer.delete("/v1/customers/cus_eve")

        listed = (await engineer.get("/v1/runs")).json()["items"]

        assert (before["customer_id"], listed[0]["customer_id"]) == ("cus_eve", None)

    async def test_never_stands_in_for_a_user_of_the_same_id(
        self, engineer: httpx.AsyncClient, database: Database
    ) -> None:
        await keep(database, identity("cus_eve", "4711", kind="anonymous"))

        assert (await engineer.get("/v1/customers/4711")).json()["id"] == "4711"


class TestForgetting:
    async def test_leaves_nothing_to_look_at(self, engineer: httpx.AsyncClient) -> None:
        answer = await engineer.delete("/v1/customers/4711")

        assert (answer.status_code, answer.content) == (204, b"")
        assert (await engineer.get("/v1/customers/4711")).status_code == 404
        assert (await engineer.delete("/v1/customers/4711")).status_code == 404

    async def test_ends_the_runs(
        self, engineer: httpx.AsyncClient, database: Database, deliverer: FakeDeliverer
    ) -> None:
        await keep(database, run())

        await engineer.delete("/v1/customers/4711")

        assert [(row.run_id, row.name) for row in deliverer.delivered] == [
            ("run_1", "Customer Deleted")
        ]
