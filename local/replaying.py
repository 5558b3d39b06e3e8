"""The replay as seen in a terminal: a progress bar, and a summary at the end."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import replay
from local.gateway import open_gateway
from local.recording import Recording

#: How long a gateway may stay away before a replay gives up.
_PATIENCE = timedelta(minutes=5)
#: And how long one may take to answer for the first time.
_FIRST_PATIENCE = timedelta(seconds=2)
_BAD_LINES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be replayed, where, and how."""

    path: Path
    url: str
    key: str
    #: The gateway's own when None.
    time_scale: float | None = None
    may_take_long: bool = False


def replay_file(order: Order, *, as_json: bool) -> None:
    """Replay a file to a gateway, telling on the terminal how it goes."""
    words = Console(stderr=as_json)
    recording = Recording.scan(order.path)
    _tell_bad_lines(recording, words)
    tally = replay.Tally()
    try:
        asyncio.run(_replay(recording, order, tally, words))
    finally:
        if tally.has_begun:
            _tell_tally(tally, words, as_json=as_json)


async def _replay(recording: Recording, order: Order, tally: replay.Tally, words: Console) -> None:
    scale = await _scale_of_gateway(order)
    if not order.may_take_long:
        replay.require_patience(recording, scale)

    def on_trouble(line: str) -> None:
        words.print(line, style="yellow", markup=False)

    async with open_gateway(
        order.url, order.key, patience=_PATIENCE, on_trouble=on_trouble
    ) as gateway:
        with _progress(recording, words) as on_progress:
            await replay.replay(recording, gateway, tally, scale=scale, on_progress=on_progress)


async def _scale_of_gateway(order: Order) -> float:
    """The scale to replay at; raises Unavailable soon when there is no gateway to begin with."""
    async with open_gateway(order.url, order.key, patience=_FIRST_PATIENCE) as gateway:
        scale = await replay.time_scale_of(gateway)
    return order.time_scale or scale


def _tell_bad_lines(recording: Recording, words: Console) -> None:
    for bad in recording.bad_lines[:_BAD_LINES_SHOWN]:
        words.print(f"Line {bad.number} is left out: {bad.reason}.", style="yellow", markup=False)
    if (more := len(recording.bad_lines) - _BAD_LINES_SHOWN) > 0:
        words.print(f"… and {more} more lines.", style="yellow")


@contextmanager
def _progress(recording: Recording, words: Console) -> Iterator[replay.Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=words) as bars:
        bar = bars.add_task(f"{recording.begins_at:%d %b %Y}", total=len(recording.places))

        def on_progress(done: int, after: timedelta) -> None:
            there = recording.begins_at + after
            bars.update(bar, completed=done, description=f"{there:%d %b %Y}")

        yield on_progress


def _tell_tally(tally: replay.Tally, words: Console, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(tally.as_json()) + "\n")
    else:
        words.print(_summary(tally))


def _summary(tally: replay.Tally) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("Sent", str(tally.sent))
    table.add_row("Rejected", str(tally.rejected.total()))
    for reason, count in tally.rejected.most_common():
        table.add_row("", f"{count}: {reason}")
    if tally.bad_lines:
        table.add_row("Left out", f"{len(tally.bad_lines)} lines")
    table.add_row("Elapsed", f"{tally.elapsed.total_seconds():.1f} s")
    return table
