"""The ledger: what is written around a message, before and after its provider is called.

Customers are locked before messages, and messages before runs: here, and in the intake.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import Update, bindparam, update

from domain.ids import message_id
from domain.journeys import OVER
from domain.messages import MessageKind, MessageStatus, StepRequest
from store import tables
from store.conclusions import CONCLUSIONS, UNREPORTED
from store.queries import Query
from store.sessions import AsyncSession
from store.sqlite_driver import on_the_spot
from store.statements import write
from store.step_records import StepRecords
from store.upserts import put, table_of

#: What only we know, even when a provider's report overtook its own answer.
_OURS: Final = frozenset({"sent_at", "provider_message_id"})
#: What never changes of a message.
_FIXED: Final = frozenset(
    {"id", "run_id", "journey", "step", "occurrence", "channel", "created_at"}
)
_RUN: Final = table_of(tables.Run)
_IF_FREE: Final = {
    "message": Query("SELECT id FROM message WHERE id {in_1} ORDER BY id {locked_if_free}"),
    "run": Query("SELECT id FROM run WHERE id {in_1} ORDER BY id {locked_if_free}"),
}


@dataclass(frozen=True, slots=True)
class Entries:
    """What is to be written of steps, collected so that many are written at once."""

    _messages: list[dict[str, Any]] = field(default_factory=list)
    _contents: list[dict[str, Any]] = field(default_factory=list)
    _runs: list[dict[str, Any]] = field(default_factory=list)

    def note(
        self,
        records: StepRecords,
        request: StepRequest,
        *,
        kind: MessageKind,
        now: datetime,
        **changes: Any,
    ) -> str:
        """What is known of the step's message now; returns the message's id."""
        run, known = records.run, records.message
        row = {
            "id": message_id(run.id, request.step, request.occurrence),
            "run_id": run.id,
            "customer_id": records.customer.id,
            "journey": run.journey,
            "step": request.step,
            "occurrence": request.occurrence,
            "channel": "email",
            "kind": kind,
            "attempts": known.attempts if known else 0,
            "shown": [],
            "held_until": None,
            "created_at": now,
            **changes,
        }
        self._messages.append(row)
        return str(row["id"])

    def keep_content(
        self, message: str, *, html: str, text: str, headers: Mapping[str, str]
    ) -> None:
        """The mail as it leaves."""
        row = {"message_id": message, "html": html, "text": text, "headers": dict(headers)}
        self._contents.append(row)

    def mark_run(self, run_id: str, **changes: Any) -> None:
        """What changes of a run; one that is over stays as it ended."""
        self._runs.append({"run_id": run_id, **changes})

    async def write(self, session: AsyncSession) -> None:
        """Write all of it."""
        with on_the_spot():
            await self._write(session)

    async def _write(self, session: AsyncSession) -> None:
        for alike in _alike(self._messages):
            change = sorted(alike[0].keys() - _FIXED)
            await put(session, tables.Message, alike, key=["id"], change=change)
        change = ["html", "text", "headers"]
        await put(session, tables.MessageContent, self._contents, key=["message_id"], change=change)
        for alike in _alike(self._runs):
            await mark_runs(session, alike)


def _alike(rows: Sequence[dict[str, Any]]) -> Sequence[list[dict[str, Any]]]:
    """The rows by the columns that they have."""
    found: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[tuple(row)].append(row)
    return list(found.values())


async def locked_if_free(
    session: AsyncSession, table: Literal["message", "run"], ids: Collection[str]
) -> set[str]:
    """Lock those of these rows that nobody else has locked, and say which; waits for none.

    On SQLite, whose only writer has locked everything, all of them.
    """
    if session.get_bind().dialect.name == "sqlite":
        return set(ids)
    return {found for (found,) in await _IF_FREE[table].rows(session, ids)}


async def conclude_all(
    session: AsyncSession, news: Mapping[str, Mapping[str, Any]]
) -> dict[str, MessageStatus]:
    """Record what became of claimed messages; returns the status that each has now.

    A provider's later report is never overwritten.
    """
    with on_the_spot():
        concluded = await CONCLUSIONS.record(session, news)
    found = {message: MessageStatus(news[message]["status"]) for message in concluded}
    for message in sorted(news.keys() - concluded):
        changes = dict(news[message])
        found[message] = await _conclude_late(session, message, changes.pop("status"), changes)
    return found


async def _conclude_late(
    session: AsyncSession, message: str, status: MessageStatus, changes: dict[str, Any]
) -> MessageStatus:
    """As `conclude_all`, where meanwhile the provider reported or the person was erased."""
    row = await session.get_one(tables.Message, message, with_for_update={"key_share": True})
    if row.to_address is None:
        changes.pop("reason", None)  # erased: the provider's words may name the person
    if row.status in UNREPORTED:
        row.status = status
    else:
        changes = {name: changes[name] for name in _OURS & changes.keys() if not _has(row, name)}
    for name, value in changes.items():
        setattr(row, name, value)
    session.add(row)
    return MessageStatus(row.status)


def _has(row: tables.Message, name: str) -> bool:
    return getattr(row, name) is not None


async def mark_run(session: AsyncSession, run_id: str, **changes: Any) -> None:
    """Bring a run's row up to date; a run that is over stays as it ended."""
    await mark_runs(session, [{"run_id": run_id, **changes}])


async def mark_runs(session: AsyncSession, runs: Sequence[Mapping[str, Any]]) -> None:
    """As `mark_run` for each `run_id`; the same columns change of all."""
    changed = tuple(name for name in runs[0] if name != "run_id")
    rows = [
        {"run_id": run["run_id"], **{f"new_{name}": run[name] for name in changed}}
        for run in sorted(runs, key=lambda run: str(run["run_id"]))
    ]
    with on_the_spot():
        await write(session, _marking(changed), rows)


@cache
def _marking(changed: tuple[str, ...]) -> Update:
    """The statement of `mark_run`."""
    return (
        update(_RUN)
        # Not by `not_in`, which many rows at once do not go with.
        .where(_RUN.c.id == bindparam("run_id"), *(_RUN.c.status != over for over in OVER))
        .values({name: bindparam(f"new_{name}") for name in changed})
    )
