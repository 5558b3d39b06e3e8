"""Chromium without a window, driven over its DevTools websocket: one process, many pictures."""

import asyncio
import base64
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
_WITHOUT_IMAGES: Final = "--blink-settings=imagesEnabled=false"
#: Seconds; a busy machine is slow to start a browser.
_START: Final = 60.0
_ANSWER: Final = 60.0
_POLL: Final = 0.05
#: The height in which a page is laid out first; the picture takes what it needs.
_SCREEN: Final = 600
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
        self._is_loaded = False

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
        await self._resize(view.width, _SCREEN)
        self._is_loaded = False
        await self._ask("Page.navigate", url=address)
        while not self._is_loaded:
            await self._heard()

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
        while (answer := await self._heard()).get("id") != number:
            pass
        if "error" in answer:
            raise NoBrowser(f"Chromium refused {method}: {answer['error']['message']}.")
        return dict(answer["result"])

    async def _heard(self) -> dict[str, Any]:
        """The next thing that Chromium says."""
        try:
            message = await self._socket.receive(timeout=_ANSWER)
        except TimeoutError as error:
            raise NoBrowser("Chromium does not answer: is this machine very busy?") from error
        if message.type is not WSMsgType.TEXT:
            raise NoBrowser("Chromium ended in the middle of the gallery: run it again.")
        said: dict[str, Any] = message.json()
        self._is_loaded |= said.get("method") == "Page.loadEventFired"
        return said


def find_browser(program: Path | None) -> str:
    """Where the browser is: `program`, else one of the PATH; raises NoBrowser."""
    candidates = (str(program),) if program else _NAMES
    for name in candidates:
        if path := shutil.which(name):
            return path
    missing = f"there is no program {program}" if program else "none was found on this machine"
    raise NoBrowser(
        f"The gallery's pictures need Chromium or Chrome, and {missing}: install it, or say where "
        "it is with --chromium PATH (make mails CHROMIUM=PATH)."
    )


@asynccontextmanager
async def open_browser(
    program: Path | None = None, *, with_images: bool = True
) -> AsyncIterator[Browser]:
    """A browser for as long as the block lasts; raises NoBrowser when none can be started."""
    path = find_browser(program)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = _arguments(profile, with_images=with_images)
        process = await asyncio.create_subprocess_exec(
            path, *arguments, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        try:
            address = await _address(process, Path(profile), path)
            async with ClientSession() as session, session.ws_connect(address, max_msg_size=0) as s:
                yield await Browser.attached(s)
        finally:
            await _stop(process)


def _arguments(profile: str, *, with_images: bool) -> tuple[str, ...]:
    # Chromium's own sandbox does not work for root, which containers are run as.
    sandbox = () if os.geteuid() else ("--no-sandbox",)
    images = () if with_images else (_WITHOUT_IMAGES,)
    return (*_QUIET, *sandbox, *images, f"--user-data-dir={profile}", "about:blank")


async def _address(process: Process, profile: Path, path: str) -> str:
    """The websocket's address: Chromium writes it down when it is ready."""
    written = profile / "DevToolsActivePort"
    for _ in range(int(_START / _POLL)):
        if written.exists() and len(lines := written.read_text().split()) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        if process.returncode is not None:
            break
        await asyncio.sleep(_POLL)
    raise NoBrowser(f"{path} did not start as a browser: does '{path} --version' work?")


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _ANSWER)
        except TimeoutError:
            process.kill()
            await process.wait()
