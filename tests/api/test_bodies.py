import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from api.app import Services, create_app
from tests.fakes.intake import FakeIntake
from tests.fakes.sendgrid_signer import EventSigner
from tests.fakes.waiting import until

VIEW = {"userId": "1", "event": "Product Viewed"}
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


def sized(size: int) -> bytes:
    """A track call of exactly so many bytes."""
    empty = json.dumps({**VIEW, "properties": {"note": ""}}).encode()
    return json.dumps({**VIEW, "properties": {"note": "x" * (size - len(empty))}}).encode()


class TestBody:
    async def test_may_be_as_large_as_the_limit(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/track", content=sized(32_768))

        assert answer.status_code == 200

    async def test_is_refused_when_larger_than_the_limit(
        self, shop: httpx.AsyncClient, intake: FakeIntake
    ) -> None:
        answer = await shop.post("/v1/track", content=sized(32_769))

        assert answer.status_code == 413
        assert answer.json()["code"] == "too-large"
        assert answer.json()["detail"] == "The body is larger than 32 KB; send less at once."
        assert intake.taken == []

    async def test_is_counted_while_it_comes_when_its_length_is_not_said(
        self, shop: httpx.AsyncClient
    ) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1
                yield b" " * 10_000

        answer = await shop.post("/v1/batch", content=endless())

        assert answer.status_code == 413
        assert read <= 53

    async def test_may_be_larger_for_a_batch(self, shop: httpx.AsyncClient) -> None:
        batch = {"batch": [{"type": "track", **VIEW, "properties": {"x": "x" * 1_000}}] * 400}

        answer = await shop.post("/v1/batch", json=batch)

        assert answer.status_code == 200


class TestManyLargeBodies:
    @pytest.mark.parametrize(
        ("method", "path", "size"),
        [("POST", "/v1/webhooks/sendgrid", 10_240_000), ("PUT", "/v1/products", 5_120_000)],
    )
    async def test_of_strangers_are_held_three_at_a_time(
        self, services: Services, method: str, path: str, size: int
    ) -> None:
        settings = services.settings.model_copy(
            update={"sendgrid_webhook_keys": (EventSigner().public_key,)}
        )
        app = create_app(replace(services, settings=settings))
        forged = EventSigner().sign(b"").headers
        all_there, waiting = asyncio.Event(), 0

        async def slow() -> AsyncIterator[bytes]:
            nonlocal waiting
            yield b" " * (size - 1)
            waiting += 1
            await all_there.wait()
            yield b" "

        async def posted(client: httpx.AsyncClient) -> httpx.Response:
            return await client.request(method, path, content=slow(), headers=forged)

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            held = [asyncio.create_task(posted(client)) for _ in range(3)]
            await until(lambda: waiting == 3)
            refused = await posted(client)
            all_there.set()
            answers = await asyncio.gather(*held)
            afterwards = await posted(client)

        assert refused.status_code == 503
        assert refused.json()["detail"] == "Too many large bodies come in at once; send it again."
        assert refused.headers["Retry-After"] == "1"
        assert {answer.status_code for answer in [*answers, afterwards]} <= {400, 401}


class TestCompressedBody:
    async def test_is_unpacked(self, shop: httpx.AsyncClient, intake: FakeIntake) -> None:
        packed = gzip.compress(json.dumps(VIEW).encode())

        answer = await shop.post("/v1/track", content=packed, headers=GZIP)

        assert answer.status_code == 200
        assert intake.taken[0].name == "Product Viewed"

    async def test_is_unpacked_whatever_the_pieces_it_comes_in(
        self, shop: httpx.AsyncClient
    ) -> None:
        packed = gzip.compress(sized(20_000))

        async def in_small_pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(packed), 7):
                yield packed[start : start + 7]

        answer = await shop.post("/v1/track", content=in_small_pieces(), headers=GZIP)

        assert answer.status_code == 200

    async def test_is_refused_when_it_unpacks_to_more_than_the_limit(
        self, shop: httpx.AsyncClient
    ) -> None:
        bomb = gzip.compress(b" " * 100_000_000)

        answer = await shop.post("/v1/batch", content=bomb, headers=GZIP)

        assert len(bomb) < 100_000
        assert answer.status_code == 413

    @pytest.mark.parametrize(
        "body",
        [
            b"not gzip",
            b"",
            gzip.compress(json.dumps(VIEW).encode())[:-9],
            gzip.compress(json.dumps(VIEW).encode()) + b"more",
            zlib.compress(json.dumps(VIEW).encode()),
        ],
        # Named: gzip writes the second into its header, and each process would name it otherwise.
        ids=["plain", "empty", "cut off", "followed by more", "zlib"],
    )
    async def test_is_refused_when_it_is_broken(self, shop: httpx.AsyncClient, body: bytes) -> None:
        answer = await shop.post("/v1/track", content=body, headers=GZIP)

        assert answer.status_code == 400
        assert answer.json()["code"] == "broken-gzip"

    async def test_is_refused_when_it_is_packed_otherwise(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/track", content=b"x", headers={"Content-Encoding": "br"})

        assert answer.status_code == 415
        assert answer.json()["code"] == "unsupported-encoding"
        assert answer.headers["Accept-Encoding"] == "gzip"


class TestJsonBody:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "EOF while parsing a value at line 1 column 0"),
            (b'{"userId":\n nobody}', "expected ident at line 2 column 3"),
            (b'{"userId": "\xff"}', "invalid unicode code point at line 1 column 13"),
            (b'{"userId": "\\ud800"}', "unexpected end of hex escape"),
            (b'{"userId": NaN}', "expected value at line 1 column 12"),
            (b"[" * 300, "recursion limit exceeded"),
            (b"1" * 5_000, "number out of range"),
        ],
    )
    async def test_is_refused_with_the_place_when_it_is_not_json(
        self, shop: httpx.AsyncClient, body: bytes, reason: str
    ) -> None:
        answer = await shop.post("/v1/track", content=body)

        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid-json"
        assert reason in answer.json()["detail"]

    async def test_may_begin_with_a_byte_order_mark(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/track", content=b"\xef\xbb\xbf" + json.dumps(VIEW).encode())

        assert answer.status_code == 200

    async def test_is_refused_when_it_holds_a_number_that_no_database_keeps(
        self, shop: httpx.AsyncClient
    ) -> None:
        body = b'{"userId": "1", "event": "A", "properties": {"deep": [1e999]}}'

        answer = await shop.post("/v1/track", content=body)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"] == (
            "a message cannot hold a number beyond the range of floating-point"
        )

    async def test_may_speak_of_infinity(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post("/v1/track", json={**VIEW, "properties": {"mug": "Infinity"}})

        assert answer.status_code == 200

    async def test_is_refused_under_another_name(self, shop: httpx.AsyncClient) -> None:
        answer = await shop.post(
            "/v1/track", content=json.dumps(VIEW), headers={"Content-Type": "text/csv"}
        )

        assert answer.status_code == 415
        assert answer.json()["code"] == "unsupported-media-type"
        assert answer.headers["Accept"] == "application/json"
