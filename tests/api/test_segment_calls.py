from typing import Any

import httpx
import pytest

from domain.events import EventName
from domain.incoming import Call
from tests.api.conftest import NewKey
from tests.fakes.intake import FakeIntake


class TestTrack:
    async def test_is_taken_as_an_event_of_the_customer(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post(
            "/v1/track",
            json={
                "messageId": "m-1",
                "userId": "4711",
                "anonymousId": "b-81",
                "event": "Product Viewed",
                "properties": {"product_id": "mug"},
                "integrations": {"All": False},
            },
        )

        assert answer.status_code == 200
        assert answer.json() == {"success": True}
        [taken] = intake.taken
        assert taken.call is Call.TRACK
        assert taken.message_id == "m-1"
        assert (taken.user_id, taken.anonymous_id) == ("4711", "b-81")
        assert taken.name == EventName("Product Viewed")
        assert taken.properties == {"product_id": "mug"}
        assert not taken.is_history

    async def test_takes_numbers_as_ids(self, shop: httpx.AsyncClient, intake: FakeIntake) -> None:
        await shop.post("/v1/track", json={"userId": 4711, "event": "Cart Viewed"})

        assert intake.taken[0].user_id == "4711"

    async def test_gets_a_message_id_when_it_has_none(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        event = {"userId": "4711", "event": "Cart Viewed", "messageId": None}

        await shop.post("/v1/track", json=event)
        await shop.post("/v1/track", json=event)

        assert len({message.message_id for message in intake.taken}) == 2

    async def test_is_read_from_a_beacon_that_says_it_is_text(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post(
            "/v1/track",
            content=b'{"anonymousId": "b-81", "event": "Cart Viewed"}',
            headers={"Content-Type": "text/plain;charset=UTF-8"},
        )

        assert answer.status_code == 200
        assert intake.taken[0].anonymous_id == "b-81"

    @pytest.mark.parametrize(
        ("message", "field", "reason"),
        [
            ({"event": "A"}, "userId", "a userId or an anonymousId is needed"),
            ({"event": "A", "userId": ""}, "userId", "a userId or an anonymousId is needed"),
            ({"event": "A", "userId": "x" * 256}, "userId", "String should have at most 255"),
            ({"event": "A", "userId": True}, "userId", "Input should be a valid string"),
            ({"userId": "1"}, "event", "Field required"),
            ({"userId": "1", "event": " "}, "event", "String should have at least 1 character"),
            ({"userId": "1", "event": "x" * 256}, "event", "String should have at most 255"),
            ({"userId": "1", "event": "A", "properties": []}, "properties", "Input should be"),
            ({"userId": "1", "event": "A", "timestamp": "soon"}, "timestamp", "Input should be"),
            ({"userId": "1", "event": "A\0"}, None, "a message cannot hold a NUL character"),
            ([], None, "a message is a JSON object"),
        ],
    )
    async def test_is_refused_with_the_place_when_malformed(
        self,
        shop: httpx.AsyncClient,
        intake: FakeIntake,
        message: object,
        field: str | None,
        reason: str,
    ) -> None:
        answer = await shop.post("/v1/track", json=message)

        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid-message"
        assert answer.json()["errors"][0].get("field") == field
        assert answer.json()["errors"][0]["message"].startswith(reason)
        assert intake.taken == []

    async def test_is_to_be_sent_again_while_the_database_is_away(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        intake.failures_ahead = 1

        answer = await shop.post("/v1/track", json={"userId": "1", "event": "Cart Viewed"})

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["code"] == "unavailable"


class TestOtherCalls:
    async def test_page_and_screen_are_events_with_a_name_and_a_category(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        seen = {"anonymousId": "b", "name": "Mugs", "category": "Kitchen", "properties": {"x": 1}}

        await shop.post("/v1/page", json=seen)
        await shop.post("/v1/screen", json=seen)

        assert [message.name for message in intake.taken] == ["Page Viewed", "Screen Viewed"]
        properties = {"x": 1, "name": "Mugs", "category": "Kitchen"}
        assert [message.properties for message in intake.taken] == [properties, properties]

    async def test_alias_joins_two_ids(self, shop: httpx.AsyncClient, intake: FakeIntake) -> None:
        await shop.post("/v1/alias", json={"previousId": "b-81", "userId": "4711"})

        [taken] = intake.taken
        assert taken.call is Call.ALIAS
        assert (taken.previous_id, taken.user_id) == ("b-81", "4711")

    @pytest.mark.parametrize("may", [False, True])
    async def test_alias_may_join_two_users_only_by_a_key_that_manages(
        self, client: httpx.AsyncClient, new_key: NewKey, intake: FakeIntake, *, may: bool
    ) -> None:
        key = await new_key("ingest", *(["manage"] if may else []))

        await client.post("/v1/alias", json={"previousId": "1", "userId": "2"}, auth=(key, ""))

        assert intake.taken[0].may_join_users is may

    @pytest.mark.parametrize(
        ("properties", "name"),
        [
            ({}, "Email Bounced"),
            ({"type": "hard"}, "Email Bounced"),
            ({"type": "soft"}, "Email Blocked"),
            ({"bounce_type": "Transient"}, "Email Blocked"),
        ],
    )
    async def test_a_soft_bounce_is_none_that_ends_journeys(
        self,
        shop: httpx.AsyncClient,
        intake: FakeIntake,
        properties: dict[str, str],
        name: str,
    ) -> None:
        bounce = {"userId": "1", "event": "Email Bounced", "properties": properties}

        await shop.post("/v1/track", json=bounce)

        assert intake.taken[0].name == name

    async def test_alias_needs_the_id_that_stays(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/alias", json={"previousId": "b", "anonymousId": "c"})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"] == "alias needs the userId that stays"

    async def test_group_says_nothing_about_the_person(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        group = {"userId": "1", "groupId": 9, "traits": {"email": "office@example.com"}}

        await shop.post("/v1/group", json=group)

        [taken] = intake.taken
        assert taken.call is Call.GROUP
        assert taken.traits == {}
        assert taken.properties == {"groupId": "9", "traits": {"email": "office@example.com"}}


class TestAnEventAboutNoProduct:
    @pytest.mark.parametrize("event", ["Product Viewed", "Product Added", "Product Removed"])
    async def test_is_kept_with_a_warning(
        self, shop: httpx.AsyncClient, intake: FakeIntake, event: str
    ) -> None:
        answer = await shop.post(
            "/v1/track",
            json={
                "messageId": "m-1",
                "userId": "1",
                "event": event,
                "properties": {"name": "Blue mug", "price": 12.5},
            },
        )

        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "warnings": [
                {
                    "messageId": "m-1",
                    "errors": [
                        {
                            "field": "properties.product_id",
                            "message": "no product is named, so no journey starts and no "
                            "cart changes: send its product_id (or sku)",
                        }
                    ],
                }
            ],
        }
        assert len(intake.taken) == 1

    @pytest.mark.parametrize(
        ("event", "properties"),
        [
            ("Product Added", {"sku": "mug-blue"}),
            ("Product Added", {"products": [{"productId": "mug-blue"}]}),
            ("Checkout Started", {"total": 90}),
            ("Order Completed", {"order_id": "o1"}),
        ],
    )
    async def test_is_told_from_others(
        self, shop: httpx.AsyncClient, event: str, properties: dict[str, Any]
    ) -> None:
        answer = await shop.post(
            "/v1/track", json={"userId": "1", "event": event, "properties": properties}
        )

        assert answer.json() == {"success": True}


class TestIdentify:
    async def identified(
        self, shop: httpx.AsyncClient, intake: FakeIntake, **message: Any
    ) -> dict[str, Any]:
        await shop.post("/v1/identify", json={"userId": "1", **message})
        return dict(intake.taken[0].traits)

    async def test_passes_the_traits_on(self, shop: httpx.AsyncClient, intake: FakeIntake) -> None:
        traits = {"email": "ada@example.com", "marketing_consent": ["email"]}

        assert await self.identified(shop, intake, traits=traits) == traits

    async def test_learns_from_the_context_what_the_traits_do_not_say(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        context = {
            "locale": "en-US",
            "timezone": "Europe/Vienna",
            "traits": {"firstName": "Ada"},
            "ip": "203.0.113.7",
        }

        traits = await self.identified(shop, intake, traits={"locale": "de-AT"}, context=context)

        assert traits == {"locale": "de-AT", "timezone": "Europe/Vienna", "firstName": "Ada"}

    async def test_takes_no_consent_from_a_context_that_clients_repeat(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        context = {"traits": {"marketing_consent": True, "firstName": "Ada"}}

        assert await self.identified(shop, intake, context=context) == {"firstName": "Ada"}

    async def test_is_kept_with_a_warning_when_a_trait_cannot_be_used(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post(
            "/v1/identify",
            json={
                "messageId": "m-1",
                "userId": "1",
                "traits": {"email": "nonsense", "marketing_consent": "yes", "firstName": "Ada"},
            },
        )

        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "warnings": [
                {
                    "messageId": "m-1",
                    "errors": [
                        {
                            "field": "traits.email",
                            "message": "this is no address that mail can be sent to",
                        },
                        {
                            "field": "traits.marketing_consent",
                            "message": "write true, false or a list of channels (email, push, sms)",
                        },
                    ],
                }
            ],
        }
        assert len(intake.taken) == 1
