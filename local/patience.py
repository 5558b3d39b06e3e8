"""How long the gateway waits for a request to be said: nobody may hold a connection for ever."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Seconds from a connection or the first byte of a request to its last; a large body on a slow
#: line fits in.
LONGEST_REQUEST: Final = 30.0


class PatientProtocol(HttpToolsProtocol):
    """Closes connections over which no whole request comes in time.

    Uvicorn itself bounds only the rest between two requests.
    """

    patience = LONGEST_REQUEST
    _deadline: asyncio.TimerHandle | None = None
    _is_complete = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._expect_an_end()

    def data_received(self, data: bytes) -> None:
        """Read on; a request that came in one piece costs no timer."""
        super().data_received(data)
        if not self._is_complete:
            self._expect_an_end()
        elif self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_complete = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request was said to its end."""
        self._is_complete = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if self._deadline:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _expect_an_end(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self._give_up)

    def _give_up(self, *_: Any) -> None:
        if not self.transport.is_closing():
            self.transport.close()
