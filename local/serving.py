"""`dormouse api`: the gateway as a process."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

import uvicorn
import uvloop
from fastapi import FastAPI

from api.app import create_app
from api.opening import open_services
from api.services import Services
from config import Settings
from local.collecting import rarely_look_for_cycles
from local.patience import PatientProtocol
from local.ports import require_free

#: Seconds that requests in progress have when the gateway is asked to stop.
_LAST_ANSWERS_WITHIN = 2


class _Server(uvicorn.Server):
    """Stops when asked, after a while in which it says so; a second signal ends the while.

    Uvicorn's own would raise the signal once more at the end and die of it.
    """

    def __init__(self, app: FastAPI, config: uvicorn.Config, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._drain_seconds = drain_seconds

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._stop, each)
        yield

    def _stop(self, asked_by: signal.Signals) -> None:
        if self._drain_seconds and not self._app.state.is_stopping:
            later = asyncio.get_running_loop().call_later
            later(self._drain_seconds, self.handle_exit, asked_by, None)
        else:
            self.handle_exit(asked_by, None)
        self._app.state.is_stopping = True


#: How to open what the gateway works with, from the settings.
Opening = Callable[[Settings], AbstractAsyncContextManager[Services]]


def serve_gateway(settings: Settings, opening: Opening = open_services) -> None:
    """Serve until SIGTERM or Ctrl-C; raises DormouseError when something is in the way."""
    require_free(settings.port, host=settings.host, setting="DORMOUSE_PORT")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, opening))


async def _serve(settings: Settings, opening: Opening) -> None:
    # Opened before the server begins: what is missing is told in a sentence, not in its log.
    async with opening(settings) as services:
        app = create_app(services)
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=PatientProtocol,
            log_config=None,  # as every program of ours logs
            access_log=False,  # paths name people and hold the tokens of links; /metrics counts
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=_LAST_ANSWERS_WITHIN,
        )
        rarely_look_for_cycles()
        await _Server(app, config, drain_seconds=settings.drain_seconds).serve()
