import json
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import Refused, Unavailable
from local.gateway import Rejected, open_gateway
from local.recording import Recording
from local.replay import Tally, replay, require_patience, time_scale_of
from tests.fakes.gateway import FakeGateway

#: A day of the recording passes in 86 ms.
FAST = 1_000_000


def recording(tmp_path: Path, *messages: Mapping[str, object]) -> Recording:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    return Recording.scan(path)


def track(message_id: str, day: int, **more: object) -> dict[str, object]:
    at = f"2024-01-{day:02}T00:00:00Z"
    return {"type": "track", "event": "Product Viewed", "messageId": message_id} | {
        "userId": "u",
        "timestamp": at,
        **more,
    }


async def replayed(
    story: Recording, gateway: FakeGateway, *, patience: timedelta = timedelta(seconds=20)
) -> tuple[Tally, list[str]]:
    tally, trouble = Tally(), list[str]()
    async with open_gateway(
        gateway.url, "dm_right", patience=patience, on_trouble=trouble.append
    ) as client:
        await replay(story, client, tally, scale=FAST, on_progress=lambda *_: None)
    return tally, trouble


class TestReplay:
    async def test_posts_everything_once_and_in_order(self, tmp_path: Path) -> None:
        story = recording(tmp_path, *[track(str(n), 1 + n % 3) for n in range(230)])

        async with FakeGateway().running() as gateway:
            tally, _ = await replayed(story, gateway)

        assert tally.sent == 230
        assert len(gateway.kept) == 230
        assert [m["timestamp"] for m in gateway.kept] == sorted(
            m["timestamp"] for m in gateway.kept
        )

    async def test_dates_the_first_message_now_and_the_others_compressed(
        self, tmp_path: Path
    ) -> None:
        story = recording(tmp_path, track("a", 1), track("b", 5))

        async with FakeGateway().running() as gateway:
            await replayed(story, gateway)

        first, last = (datetime.fromisoformat(m["timestamp"]) for m in gateway.kept)
        assert abs(first - datetime.now(first.tzinfo)) < timedelta(seconds=10)
        assert last - first == pytest.approx(timedelta(days=4) / FAST, abs=timedelta(seconds=1))

    async def test_counts_rejected_messages_by_reason_and_goes_on(self, tmp_path: Path) -> None:
        bad = {"messageId": "bad", "timestamp": "2024-01-02T00:00:00Z"}
        story = recording(tmp_path, track("a", 1), bad, track("b", 2), track("c", 3))

        async with FakeGateway().running() as gateway:
            tally, _ = await replayed(story, gateway)

        assert tally.sent == 3
        assert dict(tally.rejected) == {"type is missing": 1}

    async def test_goes_on_when_a_whole_batch_is_refused(self, tmp_path: Path) -> None:
        bad = {"messageId": "bad", "timestamp": "2024-01-05T00:00:00Z"}
        story = recording(tmp_path, track("a", 1), bad, track("b", 9))

        async with FakeGateway().running() as gateway:
            tally, _ = await replayed(story, gateway)

        assert tally.sent == 2
        assert dict(tally.rejected) == {"No message was kept: type is missing.": 1}

    async def test_loses_nothing_when_the_gateway_is_away_for_a_while(self, tmp_path: Path) -> None:
        story = recording(tmp_path, *[track(str(n), 1 + n) for n in range(5)])

        async with FakeGateway(trouble=[503, None, 200, 502]).running() as gateway:
            tally, trouble = await replayed(story, gateway)

        assert tally.sent == 5
        assert [m["messageId"] for m in gateway.kept] == ["0", "1", "2", "3", "4"]
        assert trouble[0] == "The database is busy; trying again in 0.25 s"
        assert trouble[1] == "The gateway does not answer; trying again in 0.5 s"

    async def test_sends_the_same_ids_again_when_an_answer_is_lost(self, tmp_path: Path) -> None:
        story = recording(tmp_path, track("a", 1), track("b", 2))

        async with FakeGateway(trouble=[None], keeps_in_trouble=True).running() as gateway:
            await replayed(story, gateway)

        sent = [m["messageId"] for batch in gateway.batches for m in batch]
        assert sent.count("a") == 2
        assert [m["messageId"] for m in gateway.kept] == ["a", "b"]

    async def test_dates_messages_anew_after_an_outage(self, tmp_path: Path) -> None:
        story = recording(tmp_path, track("a", 1))

        async with FakeGateway(trouble=[503, 503]).running() as gateway:
            started_at = datetime.now().astimezone()
            await replayed(story, gateway)

        at = datetime.fromisoformat(gateway.kept[0]["timestamp"])
        assert at - started_at > timedelta(seconds=0.5)

    async def test_gives_up_when_the_gateway_stays_away(self, tmp_path: Path) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            gateway = FakeGateway(url=f"http://127.0.0.1:{nobody.getsockname()[1]}")

            with pytest.raises(Unavailable, match=r"No gateway answers at .* 'dormouse up'"):
                await replayed(
                    recording(tmp_path, track("a", 1)), gateway, patience=timedelta(seconds=0.5)
                )

    async def test_stops_at_once_when_the_key_is_wrong(self, tmp_path: Path) -> None:
        story = recording(tmp_path, track("a", 1))

        async with FakeGateway().running() as gateway, open_gateway(gateway.url, "x") as client:
            with pytest.raises(Rejected, match="unknown or revoked"):
                await replay(story, client, Tally(), scale=FAST, on_progress=lambda *_: None)

    async def test_learns_the_scale_from_the_gateway(self) -> None:
        async with (
            FakeGateway(time_scale=20_000).running() as gateway,
            open_gateway(gateway.url, "dm_right") as client,
        ):
            assert await time_scale_of(client) == 20_000


def asks_nothing(story: Recording, scale: float) -> bool:
    try:
        require_patience(story, scale)
    except Refused:
        return False
    return True


class TestPatience:
    def test_is_not_asked_of_a_short_replay(self, tmp_path: Path) -> None:
        story = recording(tmp_path, track("a", 1), track("b", 21))

        assert asks_nothing(story, 20_000)

    def test_is_asked_of_a_long_one_with_how_long_and_what_helps(self, tmp_path: Path) -> None:
        story = recording(tmp_path, track("a", 1), track("b", 21))

        with pytest.raises(Refused) as refusal:
            require_patience(story, 1)

        assert str(refusal.value) == (
            "Replaying events.jsonl at time scale 1 takes 20 days: start the gateway with "
            "DORMOUSE_TIME_SCALE=6000 (about 5 minutes), or pass --yes."
        )
