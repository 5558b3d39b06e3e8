"""The gateway's end: it says that it is stopping, and nobody is left without an answer."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import unavailable


class LastAnswers:
    """Middleware that answers a request which the server breaks off because it stops."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        has_begun = False

        async def note_begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_begin)
        except asyncio.CancelledError:
            if has_begun or scope["type"] != "http":
                raise
            answer = unavailable("This gateway is stopping; send it again.")
            await answer(scope, receive, send)
