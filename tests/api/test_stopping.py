import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from api.stopping import LastAnswers

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/v1/track", "headers": []}


async def broken_off(app: Any) -> tuple[list[Message], asyncio.Task[None]]:
    """What a client hears when the server breaks its request off."""
    heard: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        heard.append(message)

    request = asyncio.create_task(LastAnswers(app)(SCOPE, receive, send))
    await asyncio.sleep(0)
    request.cancel()
    await asyncio.wait([request])
    return heard, request


class TestARequestBrokenOffAtTheEnd:
    async def test_is_told_to_come_again(self) -> None:
        async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
            await asyncio.sleep(60)

        heard, _ = await broken_off(slow)

        assert heard[0]["status"] == 503
        assert (b"retry-after", b"1") in heard[0]["headers"]
        assert b"This gateway is stopping; send it again." in heard[1]["body"]

    async def test_is_told_nothing_more_once_its_answer_began(self) -> None:
        async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(60)

        heard, request = await broken_off(slow)

        assert [message["type"] for message in heard] == ["http.response.start"]
        assert request.cancelled()
