"""The ledger: what is written around a message, before and after its provider is called.

Customers are locked before messages, and messages before runs: here, and in the intake.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from domain.ids import message_id
from domain.messages import MessageKind, MessageStatus, StepRequest
from store import tables
from store.conclusions import NOT_OVER, UNREPORTED, conclude, conclude_with_runs
from store.drivers import Row
from store.queries import json_of
from store.rows import Addition, Change
from store.sessions import AsyncSession, driver_of
from store.sqlite_driver import on_the_spot
from store.step_records import StepRecords

#: What only we know, even when a provider's report overtook its own answer.
_OURS: Final = frozenset({"sent_at", "provider_message_id"})
#: What never changes of a message.
_FIXED: Final = frozenset(
    {"id", "run_id", "journey", "step", "occurrence", "channel", "created_at"}
)
#: PostgreSQL's types of what is written of messages and runs, where it is not text.
_TYPES: Final = {
    **dict.fromkeys(("held_until", "created_at", "claimed_at"), "timestamptz"),
    **dict.fromkeys(("wakes_at", "ended_at"), "timestamptz"),
    **dict.fromkeys(("occurrence", "attempts"), "int"),
    "shown": "jsonb",
}
_CONTENTS: Final = Addition(
    "message_content",
    {**dict.fromkeys(("message_id", "html", "text"), "text"), "headers": "jsonb"},
    then="ON CONFLICT (message_id) DO UPDATE"
    " SET html = excluded.html, text = excluded.text, headers = excluded.headers",
)


@dataclass(frozen=True, slots=True)
class Entries:
    """What is to be written of steps, collected so that many are written at once."""

    _messages: list[dict[str, Any]] = field(default_factory=list)
    _contents: list[Row] = field(default_factory=list)
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
            "held_until": None,
            "created_at": now,
            **changes,
            "shown": json_of(changes.get("shown", ())),
        }
        self._messages.append(row)
        return str(row["id"])

    def keep_content(
        self, message: str, *, html: str, text: str, headers: Mapping[str, str]
    ) -> None:
        """The mail as it leaves."""
        self._contents.append((message, html, text, json_of(headers)))

    def mark_run(self, run_id: str, **changes: Any) -> None:
        """What changes of a run; one that is over stays as it ended."""
        self._runs.append({"run_id": run_id, **changes})

    async def write(self, session: AsyncSession) -> None:
        """Write all of it."""
        with on_the_spot():
            await self._write(session)

    async def _write(self, session: AsyncSession) -> None:
        for alike in _alike(self._messages):
            rows = [tuple(row.values()) for row in alike]
            await _noting(tuple(alike[0])).add(session, rows)
        await _CONTENTS.add(session, self._contents)
        for marks in _alike(self._runs):
            await mark_runs(session, marks)


def _alike(rows: Sequence[dict[str, Any]]) -> Sequence[list[dict[str, Any]]]:
    """The rows by the columns that they have."""
    found: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[tuple(row)].append(row)
    return list(found.values())


@cache
def _noting(told: tuple[str, ...]) -> Addition:
    """The statement that writes these columns of messages, or changes them where they may."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in told if name not in _FIXED)
    types = {name: _TYPES.get(name, "text") for name in told}
    return Addition("message", types, then=f"ON CONFLICT (id) DO UPDATE SET {changes}")


async def conclude_all(
    session: AsyncSession, news: Mapping[str, Mapping[str, Any]]
) -> dict[str, MessageStatus]:
    """Record what became of claimed messages; returns the status that each has now.

    A provider's later report is never overwritten.
    """
    with on_the_spot():
        concluded = await conclude(session, news)
    found = {message: MessageStatus(news[message]["status"]) for message in concluded}
    for message in sorted(news.keys() - concluded):
        changes = dict(news[message])
        found[message] = await _conclude_late(session, message, changes.pop("status"), changes)
    return found


async def conclude_free(session: AsyncSession, news: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Record news of messages that nobody else has locked, and mark their runs.

    The news tell `run_id`, `step` and `run_status` too. Returns the messages it was done for: the
    rest is known better, or locked, and takes `conclude_all`. On PostgreSQL it is one statement.
    """
    with on_the_spot():
        if not driver_of(session).is_sqlite:
            return await conclude_with_runs(session, news)
        concluded = await conclude(session, news)
        if concluded:
            await mark_runs(session, [_mark_in(news[message]) for message in concluded])
    return concluded


def _mark_in(news: Mapping[str, Any]) -> dict[str, Any]:
    return {"run_id": news["run_id"], "step": news["step"], "status": news["run_status"]}


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
    change, rows = _marks(runs)
    with on_the_spot():
        await change.make(session, rows)


async def mark_free_runs(session: AsyncSession, runs: Sequence[Mapping[str, Any]]) -> set[str]:
    """As `mark_runs` for those that nobody else has locked, in one statement; says which."""
    change, rows = _marks(runs)
    with on_the_spot():
        return await change.make_if_free(session, rows)


def _marks(runs: Sequence[Mapping[str, Any]]) -> tuple[Change, list[Row]]:
    changed = tuple(name for name in runs[0] if name != "run_id")
    in_order = sorted(runs, key=lambda run: str(run["run_id"]))
    rows: list[Row] = [(*(run[name] for name in changed), run["run_id"]) for run in in_order]
    return _marking(changed), rows


@cache
def _marking(changed: tuple[str, ...]) -> Change:
    """The statement of `mark_run`."""
    types = {name: _TYPES.get(name, "text") for name in changed}
    return Change("run", types, key="id", only=NOT_OVER)
