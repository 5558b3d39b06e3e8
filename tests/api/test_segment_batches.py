from datetime import timedelta

import httpx
import pytest

from tests.fakes.intake import FakeIntake

VIEW = {
    "type": "track",
    "userId": "1",
    "event": "Product Viewed",
    "properties": {"product_id": "mug-blue"},
}


class TestBatch:
    async def test_is_taken_in_its_order(self, shop: httpx.AsyncClient, intake: FakeIntake) -> None:
        batch = [
            {"type": "identify", "userId": "1", "messageId": "a"},
            {"type": "page", "userId": "1", "messageId": "b"},
            {**VIEW, "messageId": "c"},
        ]

        answer = await shop.post("/v1/batch", json={"batch": batch, "writeKey": "ignored"})

        assert answer.json() == {"success": True}
        assert [message.message_id for message in intake.taken] == ["a", "b", "c"]

    async def test_keeps_the_good_messages_and_reports_the_bad_by_index(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        batch = [
            {**VIEW, "messageId": "good"},
            {"type": "track", "userId": "1", "messageId": "nameless"},
            {"type": "purchase", "userId": "1"},
            "nonsense",
            {**VIEW, "properties": {"note": "a\0b"}},
            {**VIEW, "properties": {"note": "x" * 40_000}},
        ]

        answer = await shop.post("/v1/batch", json={"batch": batch})

        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "rejected": [
                {
                    "index": 1,
                    "messageId": "nameless",
                    "errors": [{"field": "event", "message": "Field required"}],
                },
                {
                    "index": 2,
                    "errors": [
                        {
                            "field": "type",
                            "message": "must be one of track, identify, page, screen, group, alias",
                        }
                    ],
                },
                {"index": 3, "errors": [{"message": "a message is a JSON object"}]},
                {"index": 4, "errors": [{"message": "a message cannot hold a NUL character"}]},
                {"index": 5, "errors": [{"message": "a message is 32 KB at most"}]},
            ],
        }
        assert [message.message_id for message in intake.taken] == ["good"]

    async def test_tells_the_log_of_bad_messages_but_not_what_they_say(
        self, shop: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = {"type": "identify", "traits": {"email": "ada@example.com"}}

        await shop.post("/v1/batch", json={"batch": [VIEW, secret, secret]})

        assert caplog.messages == [
            (
                "messages.rejected: 2 by key shop, the first because of userId:"
                " a userId or an anonymousId is needed"
            )
        ]

    async def test_is_refused_when_no_message_is_good(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post("/v1/batch", json={"batch": [{"type": "track", "userId": "1"}]})

        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"] == [
            {"index": 0, "field": "event", "message": "Field required"}
        ]
        assert intake.calls == 0

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "batch"),
            ({"batch": []}, "batch"),
            ({"batch": {}}, "batch"),
            ({"batch": [VIEW], "sentAt": "now"}, "sentAt"),
            ({"batch": [VIEW], "context": {"traits": {"a": "\0"}}}, "context"),
            ([VIEW], "body"),
        ],
    )
    async def test_is_refused_when_its_envelope_is_wrong(
        self, shop: httpx.AsyncClient, body: object, field: str
    ) -> None:
        answer = await shop.post("/v1/batch", json=body)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == field

    async def test_takes_a_thousand_messages(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post("/v1/batch", json={"batch": [VIEW] * 1_000})

        assert answer.status_code == 200
        assert len(intake.taken) == 1_000

    async def test_corrects_every_message_by_the_clock_of_its_envelope(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        message = {**VIEW, "timestamp": "1970-01-01T00:00:10Z"}

        await shop.post("/v1/batch", json={"batch": [message], "sentAt": "1970-01-01T00:01:10Z"})

        [taken] = intake.taken
        assert taken.received_at - taken.happened_at == timedelta(minutes=1)

    async def test_gives_every_message_the_context_of_its_envelope(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        messages = [
            {"type": "identify", "userId": "1", "context": {"locale": "de"}},
            {"type": "identify", "userId": "2"},
        ]

        await shop.post("/v1/batch", json={"batch": messages, "context": {"locale": "en"}})

        assert [message.traits for message in intake.taken] == [{"locale": "de"}, {"locale": "en"}]


class TestImport:
    async def test_takes_messages_as_history(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post("/v1/import", json={"batch": [VIEW]})

        assert answer.json() == {"success": True}
        assert intake.taken[0].is_history

    async def test_by_segments_ruby_client_is_news(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        ruby = {"User-Agent": "analytics-ruby/2.5.0"}

        await shop.post("/v1/import", json={"batch": [VIEW]}, headers=ruby)

        assert not intake.taken[0].is_history
