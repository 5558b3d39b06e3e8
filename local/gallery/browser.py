"""Chromium without a window, driven over its DevTools websocket: one process, many pictures."""

import asyncio
import base64
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from domain.errors import DormouseError

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
    # Pictures are files beside the page. Whatever else a page asks for is not there.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-port=0",
)
_LISTENING: Final = b"DevTools listening on "
_START: Final = 30.0
_ANSWER: Final = 30.0
#: Taller than this, a page is no mail; it keeps a picture within what Chromium can draw.
_TALLEST: Final = 8_000


class NoBrowser(DormouseError):
    """Pictures need Chromium or Chrome, and none could be started."""


@dataclass(frozen=True, slots=True)
class View:
    """How a page is looked at: `width` in CSS pixels, in the light or in the dark."""

    name: str
    width: int
    is_dark: bool = False
    has_images: bool = True


class Browser:
    """One page of a running Chromium, shown one file after the other."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._session: str | None = None

    @classmethod
    async def attached(cls, socket: ClientWebSocketResponse) -> Self:
        """A browser with an empty page open."""
        browser = cls(socket)
        page = await browser._ask("Target.createTarget", url="about:blank")
        attached = await browser._ask(
            "Target.attachToTarget", targetId=page["targetId"], flatten=True
        )
        browser._session = attached["sessionId"]
        await browser._ask("Page.enable")
        return browser

    async def show(self, address: str, view: View) -> None:
        """Open a page and wait until it and its pictures are there."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if view.is_dark else "light"}
        await self._ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        await self._resize(view.width, 600)
        await self._ask("Page.navigate", url=address)
        await self._heard("Page.loadEventFired")

    async def picture(self, view: View) -> bytes:
        """The whole page as it is shown now, as PNG."""
        height = await self.run("document.documentElement.scrollHeight")
        await self._resize(view.width, min(int(height), _TALLEST))
        taken = await self._ask("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        return base64.b64decode(taken["data"])

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression on the page."""
        answer = await self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    async def _resize(self, width: int, height: int) -> None:
        await self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def _ask(self, method: str, **given: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send_json(message)
        async for answer in self._answers():
            if answer.get("id") == number:
                if "error" in answer:
                    raise NoBrowser(f"Chromium refused {method}: {answer['error']['message']}.")
                return dict(answer["result"])
        raise NoBrowser("Chromium ended in the middle of the gallery: run it again.")

    async def _heard(self, event: str) -> None:
        async for answer in self._answers():
            if answer.get("method") == event:
                return

    async def _answers(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            message = await self._socket.receive(timeout=_ANSWER)
            if message.type is not WSMsgType.TEXT:
                return
            yield message.json()


@asynccontextmanager
async def open_browser(program: Path | None) -> AsyncIterator[Browser]:
    """A browser for as long as the block lasts; raises NoBrowser when none can be started."""
    path = _found(program)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            str(path), *_arguments(profile), stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )
        try:
            address = await _address(process, path)
            async with ClientSession() as session, session.ws_connect(address, max_msg_size=0) as s:
                yield await Browser.attached(s)
        finally:
            await _stop(process)


def _found(program: Path | None) -> Path:
    candidates = (str(program),) if program else _NAMES
    for name in candidates:
        if path := shutil.which(name):
            return Path(path)
    missing = f"there is no program {program}" if program else "none was found on this machine"
    raise NoBrowser(
        f"The gallery's pictures need Chromium or Chrome, and {missing}: install it, or say where "
        "it is with --chromium PATH (make mails CHROMIUM=PATH)."
    )


def _arguments(profile: str) -> tuple[str, ...]:
    # Chromium's own sandbox does not work for root, which containers are run as.
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return (*_QUIET, *sandbox, f"--user-data-dir={profile}", "about:blank")


async def _address(process: Process, path: Path) -> str:
    """The websocket's address, as Chromium tells it on stderr."""
    assert process.stderr is not None  # noqa: S101 - it was asked for
    with suppress(TimeoutError):
        async with asyncio.timeout(_START):
            async for line in process.stderr:
                if _LISTENING in line:
                    return line.partition(_LISTENING)[2].decode().strip()
    raise NoBrowser(f"{path} did not start as a browser: does '{path} --version' work?")


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _ANSWER)
        except TimeoutError:
            process.kill()
            await process.wait()
