import httpx
import pytest

from tests.fakes.intake import FakeIntake


class TestAnEventThatOnlyDormouseCanKnow:
    @pytest.mark.parametrize(
        "name",
        [
            "Subscribed",
            "Subscription Requested",
            "Customer Merged",
            "Customer Deleted",
            "Journey Requested",
        ],
    )
    async def test_is_refused_from_outside(
        self, shop: httpx.AsyncClient, intake: FakeIntake, name: str
    ) -> None:
        answer = await shop.post("/v1/track", json={"userId": "4711", "event": name})

        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {"field": "event", "message": f"only Dormouse itself says '{name}'; use another name"}
        ]
        assert intake.taken == []

    async def test_does_not_cost_the_rest_of_its_batch(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        batch = [
            {"type": "track", "userId": "4711", "event": "Customer Deleted"},
            {"type": "track", "userId": "4711", "event": "Cart Viewed"},
        ]

        answer = await shop.post("/v1/batch", json={"batch": batch})

        assert [remark["index"] for remark in answer.json()["rejected"]] == [0]
        assert [message.name for message in intake.taken] == ["Cart Viewed"]


class TestAnEventThatShopsMaySay:
    @pytest.mark.parametrize("name", ["Customer Lapsed", "Cart Emptied", "Unsubscribed"])
    async def test_is_taken(self, shop: httpx.AsyncClient, intake: FakeIntake, name: str) -> None:
        await shop.post("/v1/track", json={"userId": "4711", "event": name})

        assert [message.name for message in intake.taken] == [name]
