"""A SendGrid on a local port: takes mails as strictly as the real one, fails when told to, and
signs its event batches with a real key.

It runs in a thread of its own, so that it answers while a test blocks, and serves other processes:

    with FakeSendGrid() as sendgrid:
        ...                                   # DORMOUSE_SENDGRID_URL=sendgrid.url
        [mail] = sendgrid.mails
        await sendgrid.post_events(url, [sendgrid.event_for(mail, "delivered")])
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from aiohttp import ClientSession, web

from tests.fakes.sendgrid_mail import AcceptedMail
from tests.fakes.sendgrid_rules import complaints
from tests.fakes.sendgrid_signer import EventSigner


@dataclass(frozen=True)
class Plan:
    """How to meet the next mail."""

    status: int = 202
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes_the_mail: bool = False
    #: answer, hang (for ever) or drop (close the connection without a word)
    ending: str = "answer"


class FakeSendGrid:
    """One account with one key. Mails are in `mails`, in the order in which they were taken."""

    def __init__(self, *, api_key: str = "SG.test-key") -> None:
        self.api_key = api_key
        self.mails: list[AcceptedMail] = []
        #: What the key may do, and the domains that the account may send from.
        self.scopes = ["mail.send", "whitelabel.read"]
        self.domains = ["shop.example"]
        #: How many requests came in, whatever became of them.
        self.requests = 0
        #: How many connections they came over.
        self.connections: set[object] = set()
        self.url = ""
        #: Signs what is posted to the Event Webhook.
        self.signer = EventSigner()
        self._arrived = threading.Condition()
        self._plans: deque[Plan] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._closing: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What happens to the next mails

    def fail_next(
        self,
        status: int,
        *,
        errors: Sequence[str] = (),
        body: str | None = None,
        reset_in: int | None = None,
        retry_after: int | str | None = None,
        location: str | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next mails with `status`, SendGrid's error document and such headers."""
        document = {"errors": [{"message": m, "field": None, "help": None} for m in errors]}
        headers = {}
        if reset_in is not None:
            headers["X-RateLimit-Reset"] = str(int(time.time()) + reset_in)
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        said = json.dumps(document) if body is None else body
        if location is not None:
            headers["Location"] = location
        self._plans.extend([Plan(status, said, headers)] * times)

    def accept_then_hang(self) -> None:
        """Take the next mail and never answer."""
        self._plans.append(Plan(takes_the_mail=True, ending="hang"))

    def accept_then_drop(self) -> None:
        """Take the next mail and close the connection without an answer."""
        self._plans.append(Plan(takes_the_mail=True, ending="drop"))

    def drop_next(self) -> None:
        """Close the connection on the next mail, without taking it."""
        self._plans.append(Plan(ending="drop"))

    def refuse(self) -> None:
        """Stop listening: connections are refused until `listen`."""
        self._run(self._stop())

    def listen(self) -> None:
        """Listen, on the same port as before."""
        self._run(self._start())

    # What SendGrid reports

    @property
    def public_key(self) -> str:
        """The verification key, as DORMOUSE_SENDGRID_WEBHOOK_KEYS takes it."""
        return self.signer.public_key

    def event_for(
        self, mail: AcceptedMail, event: str, *, at: datetime | None = None, **more: Any
    ) -> dict[str, Any]:
        """What SendGrid reports about a mail; `more` adds or replaces fields."""
        return {
            "email": mail.to_address,
            "timestamp": int((at or datetime.now(UTC)).timestamp()),
            "event": event,
            "sg_event_id": uuid4().hex,
            "sg_message_id": f"{mail.provider_message_id}.filterdrecv-5f4b-1-64F0.0",
            "smtp-id": f"<{mail.provider_message_id}@ismtpd.example>",
            "category": list(mail.categories),
            **mail.custom_args,
            **more,
        }

    async def post_events(self, url: str, events: Sequence[Mapping[str, Any]]) -> int:
        """Post a signed batch to a webhook; the status of its answer."""
        batch = self.signer.sign(events)
        async with (
            ClientSession() as session,
            session.post(url, data=batch.body, headers=batch.headers) as answer,
        ):
            return answer.status

    async def wait_for_mails(self, count: int, *, within: float = 10) -> list[AcceptedMail]:
        """The mails, as soon as there are so many; TimeoutError when that takes too long."""
        there = await asyncio.to_thread(self._wait, count, within)
        if not there:
            raise TimeoutError(f"SendGrid has {len(self.mails)} mails, not {count}.")
        return list(self.mails)

    # The server

    def _wait(self, count: int, within: float) -> bool:
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.mails) >= count, within)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _start(self) -> None:
        app = web.Application(client_max_size=30 * 2**20)
        app.router.add_post("/v3/mail/send", self._take)
        app.router.add_get("/v3/scopes", self._tell_scopes)
        app.router.add_get("/v3/whitelabel/domains", self._tell_domains)
        self._closing = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def _stop(self) -> None:
        if self._runner and self._closing:
            self._closing.set()
            await self._runner.cleanup()
            self._runner = None

    async def _tell_scopes(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return _refusal(401, [("", "authorization required")])
        return web.json_response({"scopes": self.scopes})

    async def _tell_domains(self, request: web.Request) -> web.Response:
        if not self._knows(request) or "whitelabel.read" not in self.scopes:
            return _refusal(403, [("", "access forbidden")])
        return web.json_response([{"domain": name, "valid": True} for name in self.domains])

    def _knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.api_key}"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if request.transport:
            self.connections.add(request.transport.get_extra_info("peername"))
        body = await request.read()
        if not self._knows(request):
            return _refusal(
                401, [("", "The provided authorization grant is invalid, expired, or revoked")]
            )
        if request.content_type != "application/json":
            return _refusal(415, [("", "Content-Type should be application/json.")])
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        wrong = complaints(payload) if isinstance(payload, dict) else [("", "Bad Request")]
        if wrong:
            return _refusal(400, wrong)
        plan = self._plans.popleft() if self._plans else Plan(takes_the_mail=True)
        return await self._follow(plan, request, payload)

    async def _follow(
        self, plan: Plan, request: web.Request, payload: dict[str, Any]
    ) -> web.StreamResponse:
        headers = dict(plan.headers)
        sandbox = payload.get("mail_settings", {}).get("sandbox_mode", {}).get("enable", False)
        if plan.takes_the_mail:
            headers["X-Message-Id"] = uuid4().hex[:22]
            if not sandbox:
                self._keep(AcceptedMail(payload, headers["X-Message-Id"], datetime.now(UTC)))
        if plan.ending == "hang" and self._closing:
            await self._closing.wait()
        if plan.ending != "answer" and request.transport:
            request.transport.abort()
        status = 200 if sandbox and plan.status == 202 else plan.status
        return web.Response(
            status=status, text=plan.body, headers=headers, content_type="application/json"
        )

    def _keep(self, mail: AcceptedMail) -> None:
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()


def _refusal(status: int, wrong: Sequence[tuple[str, str]]) -> web.Response:
    errors = [{"message": text, "field": path or None, "help": None} for path, text in wrong]
    return web.json_response({"errors": errors}, status=status)
