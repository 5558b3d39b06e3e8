"""The intake: everything that happens to customers passes here, and is committed before an answer.

Group commit: one writer per process takes whatever waits, and commits it with all its effects in
one transaction. Each caller is answered after the commit that holds its messages.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final, Self, TypeVar

from domain.deliveries import DeliveryEvent
from domain.errors import Unavailable
from domain.incoming import Incoming
from domain.opt_in import Confirmation
from domain.pace import Pace
from domain.requests import ConsentRequest, StartedRun, StartRequest
from domain.rules import Catalogue
from intake import requests
from intake.effects import Effects
from intake.group import Group
from intake.learning import Words
from intake.opt_in import Click
from intake.reports import take_reports
from intake.transaction import Deliverer, Transactions
from store.overtaking import Overtaken, again_if, is_of_all
from store.sessions import AsyncSession, Database
from store.sqlite_driver import on_the_spot

T = TypeVar("T")

#: Messages that one commit takes at most.
_LARGEST_GROUP: Final = 2_000
#: Of so few messages no statement takes much longer than a trip to SQLite's thread.
_FEW: Final = 200
#: Callers who come at once are no further apart than this, in seconds.
_BETWEEN_CALLERS: Final = 0.001
#: Descriptions of products remembered, so that repeating them costs nothing.
_MOST_TOLD: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    messages: Sequence[Incoming]
    answer: asyncio.Future[None]

    def conclude(self, error: Exception | None) -> None:
        """Answer the caller, unless they went away meanwhile."""
        if self.answer.done():
            return
        if error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(None)


class Intake:
    """Takes in messages, direct starts, reports, consents and erasures. Open it with `async with`.

    What it commits it hands to the deliverer; closing commits what still waits.
    """

    def __init__(
        self,
        *,
        database: Database,
        catalogue: Catalogue,
        pace: Pace,
        deliverer: Deliverer,
        now: Callable[[], datetime],
        double_opt_in: bool = False,
    ) -> None:
        self._database = database
        self._transactions = Transactions(
            database, catalogue, pace, deliverer, now, double_opt_in=double_opt_in
        )
        self._waiting: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._messages_waiting = 0
        self._told_products: dict[str, Words] = {}
        self._writer: asyncio.Task[None] | None = None
        self._is_closing = False
        #: Whether messages may be known already. Nobody asks about each while they never are; while
        #: they are, as when callers who got no answer come again, nothing is done in vain.
        self._expects_repeats = True
        #: How many the last group answered or kept waiting, and how many seconds it took.
        self._callers, self._took = 0, 0.0
        #: Set when all of those whom a group waits for have come, or nobody came for a while.
        self._company = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closing = True
        await self._waiting.put(None)
        if self._writer:
            await self._writer

    async def accept(self, incoming: Sequence[Incoming]) -> None:
        """Return once the messages and all that follows from them are committed.

        A message id that was accepted before changes nothing. Raises Unavailable when the
        database cannot take them now, or the intake is closing: all of them were kept, or none, and
        they can be sent again.
        """
        if self._is_closing:
            raise Unavailable("This gateway is stopping; send it again.")
        if incoming:
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._messages_waiting += len(incoming)
            await self._waiting.put(_Waiting(incoming, answer))
            if self._are_all_there:
                self._company.set()
            await answer

    async def start(self, request: StartRequest) -> StartedRun:
        """Start a journey directly; raises NotFound, Invalid or Refused with the rule's code."""

        async def work(session: AsyncSession, effects: Effects) -> StartedRun:
            return await requests.start_run(session, effects, request)

        return await self._do(work)

    async def report(self, provider: str, events: Sequence[DeliveryEvent]) -> None:
        """Take in what a provider reports about messages, each report once."""

        async def work(session: AsyncSession, effects: Effects) -> None:
            news = await take_reports(session, provider, events, effects.now)
            await Group(session, effects).take(news)

        await self._do(work)

    async def change_consent(
        self,
        customer_id: str,
        changes: Sequence[ConsentRequest],
        *,
        source: str,
        evidence: Mapping[str, Any],
        message_id: str | None = None,
    ) -> None:
        """Record grants and withdrawals; a withdrawal of marketing mail ends its runs.

        `message_id` is of the mail whose link was used, if one was.
        """

        async def work(session: AsyncSession, effects: Effects) -> None:
            await requests.change_consents(
                session,
                effects,
                customer_id,
                changes,
                source=source,
                evidence=evidence,
                message_id=message_id,
            )

        await self._do(work)

    async def confirm(
        self, customer_id: str, message_id: str, *, wording: str, evidence: Mapping[str, Any]
    ) -> Confirmation:
        """Grant the consent that waits, since the link in this message was used.

        `wording` is what was agreed to, where the shop has not said.
        """
        click = Click(message_id, wording, evidence)

        async def work(session: AsyncSession, effects: Effects) -> Confirmation:
            return await requests.confirm_consent(session, effects, customer_id, click)

        return await self._do(work)

    async def erase(self, customer_id: str, *, actor: str) -> None:
        """Forget a person: their runs end, their data goes, their address stays blocked."""

        async def work(session: AsyncSession, effects: Effects) -> None:
            await requests.erase(session, effects, customer_id, actor=actor)

        await self._do(work)

    async def _do(self, work: Callable[[AsyncSession, Effects], Awaitable[T]]) -> T:
        """Do `work` in a transaction; again when another process wrote the same first."""

        async def attempt() -> T:
            async with self._transactions.open() as (session, effects):
                return await work(session, effects)

        return await again_if(Overtaken, attempt)

    async def _write(self) -> None:
        is_open = True
        while is_open:
            first = await self._waiting.get()
            await self._gather()
            group, size = [first], len(first.messages) if first else 0
            while not self._waiting.empty() and size < _LARGEST_GROUP:
                waiting = self._waiting.get_nowait()
                group.append(waiting)
                size += len(waiting.messages) if waiting else 0
            is_open = None not in group
            self._messages_waiting -= size
            started = monotonic()
            await self._answer([waiting for waiting in group if waiting])
            self._took = monotonic() - started
            self._callers = len(group) + self._waiting.qsize()

    async def _gather(self) -> None:
        """Let all those join who are just coming, as several did last time.

        Answered together, they come again together: without this the first would go alone, and pay
        for a commit of their own while the others wait. Once as many are there, or as much as one
        commit takes, nobody else is waited for. Nobody is kept for longer than the last group
        took, and who comes alone not at all.
        """
        until = monotonic() + self._took if self._callers > 1 else 0
        seen, loop = -1, asyncio.get_running_loop()
        while seen < self._waiting.qsize() and monotonic() < until and not self._are_all_there:
            seen = self._waiting.qsize()
            self._company.clear()
            patience = loop.call_later(_BETWEEN_CALLERS, self._company.set)
            await self._company.wait()
            patience.cancel()

    @property
    def _are_all_there(self) -> bool:
        """Whether nobody else has to be waited for: the first of them has left the queue."""
        others = self._callers - 1
        return self._waiting.qsize() >= others or self._messages_waiting >= _LARGEST_GROUP

    async def _answer(self, group: Sequence[_Waiting]) -> None:
        """Commit a group; when one caller's messages spoil it, each caller's alone."""
        error: Exception | None = None
        try:
            await self._commit([message for waiting in group for message in waiting.messages])
        except Exception as caught:  # noqa: BLE001 - every caller gets an answer, come what may
            error = caught
        if error and len(group) > 1 and not is_of_all(error):
            for waiting in group:
                await self._answer([waiting])
            return
        for waiting in group:
            waiting.conclude(error)

    async def _commit(self, messages: Sequence[Incoming]) -> None:
        """Commit messages in one transaction."""
        if not messages:
            return
        looks_first, self._expects_repeats = self._expects_repeats, True  # unless all goes well

        async def work(session: AsyncSession, effects: Effects) -> Group:
            nonlocal looks_first
            looks, looks_first = looks_first, True
            group = Group(session, effects, self._told_products)
            await group.take(messages, looks_first=looks)
            return group

        with on_the_spot() if len(messages) <= _FEW else nullcontext():
            group = await self._do(work)
        self._expects_repeats = group.has_repeats
        if len(self._told_products) > _MOST_TOLD:
            self._told_products.clear()
        self._told_products |= {name: words for name, (words, _) in group.described.items()}
