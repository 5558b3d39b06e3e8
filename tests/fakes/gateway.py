"""A gateway over real HTTP that keeps what it is sent, and has bad days when told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class FakeGateway:
    """Takes batches like the real one: each message id counts once, a bad one is reported."""

    time_scale: float = 1.0
    #: The answer to each of the next batches: a status, or None to hang up without one.
    trouble: list[int | None] = field(default_factory=list)
    #: Whether a batch in trouble is kept all the same: the answer got lost, not the request.
    keeps_in_trouble: bool = False
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The messages that count, in the order of their coming."""
        by_id: dict[str, dict[str, Any]] = {}
        for batch in self.batches:
            for message in batch:
                if "type" in message:
                    by_id.setdefault(message["messageId"], message)
        return list(by_id.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeGateway"]:
        """Listening on a port of its own."""
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_post("/v1/batch", self._batch)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "time_scale": self.time_scale})

    async def _batch(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "Bearer dm_right":
            return _problem(401, "This key is unknown or revoked.")
        messages = (await request.json())["batch"]
        status = self.trouble.pop(0) if self.trouble else 200
        if status == 200 or self.keeps_in_trouble:
            self.batches.append(messages)
        if status is None:
            assert request.transport
            request.transport.abort()
        if status != 200:
            return _problem(status or 500, "The database is busy.")
        return _answer(messages)


def _answer(messages: list[dict[str, Any]]) -> web.Response:
    bad = [index for index, message in enumerate(messages) if "type" not in message]
    rejected = [{"index": index, "errors": [{"message": "type is missing"}]} for index in bad]
    if len(bad) == len(messages):
        return _problem(422, "No message was kept: type is missing.")
    return web.json_response({"success": True, **({"rejected": rejected} if rejected else {})})


def _problem(status: int, detail: str) -> web.Response:
    return web.json_response(
        {"status": status, "detail": detail},
        status=status,
        content_type="application/problem+json",
    )
