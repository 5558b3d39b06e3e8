"""Watching a running gateway: what is new about runs and messages since the last look."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

from local.gateway import Gateway

_LOOK_EVERY = timedelta(milliseconds=500)
#: As many as the gateway shows at once; the newest come first.
_PAGE = 200

#: A run or message as the gateway shows it.
Shown = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run is there that was not before."""

    run: Shown


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message is there, or has another status than before."""

    message: Shown
    run: Shown


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run came to its end."""

    run: Shown


Change = RunBegan | MessageChanged | RunEnded


@dataclass(frozen=True, slots=True)
class View:
    """The newest runs and messages at one moment, by id, oldest first."""

    runs: Mapping[str, Shown] = field(default_factory=dict)
    messages: Mapping[str, Shown] = field(default_factory=dict)

    def changes_since(self, before: "View") -> Iterator[Change]:
        """What happened meanwhile, in an order that makes a story."""
        began = (RunBegan(run) for key, run in self.runs.items() if key not in before.runs)
        changed = (
            MessageChanged(message, self.runs.get(message["run_id"], {}))
            for key, message in self.messages.items()
            if message["status"] != before.messages.get(key, {}).get("status")
        )
        ended = (
            RunEnded(run)
            for key, run in self.runs.items()
            if run["ended_at"] and not before.runs.get(key, {}).get("ended_at")
        )
        return chain(began, changed, ended)


async def look(gateway: Gateway) -> View:
    """The newest runs and messages now."""
    # Messages first: the run of each is then among the runs.
    messages = await gateway.get("/v1/messages", limit=_PAGE)
    runs = await gateway.get("/v1/runs", limit=_PAGE)
    return View(_oldest_first(runs), _oldest_first(messages))


async def watch(gateway: Gateway, before: View, *onlookers: Callable[[Change], None]) -> None:
    """Look again and again, until cancelled, and tell the onlookers what changed."""
    while True:
        now = await look(gateway)
        for change in now.changes_since(before):
            for onlooker in onlookers:
                onlooker(change)
        before = now
        await asyncio.sleep(_LOOK_EVERY.total_seconds())


def _oldest_first(page: Mapping[str, Any]) -> dict[str, Shown]:
    return {item["id"]: item for item in reversed(page["items"])}
