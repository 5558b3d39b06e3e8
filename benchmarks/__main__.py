"""`python -m benchmarks`: measure, print the table, and fail when a target was missed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from benchmarks import machine
from benchmarks.catalogue import BENCHMARKS
from benchmarks.harness import FULL, QUICK, Benchmark, Effort, Result, Verdict, run
from benchmarks.report import as_json, table_of

#: A whole line of the table, where the output is no terminal.
_WIDE = 140

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    *,
    only: Annotated[
        list[str] | None, typer.Option(help="Names, or how they begin; repeat for several.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only show that each runs; the figures mean nothing.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Pairs of measurements.")] = FULL.rounds,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Also write the results to this file.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Show what can be measured.")] = False,
) -> None:
    """Measure Dormouse beside the least that anybody could do of the same."""
    chosen = [one for one in BENCHMARKS if one.name.startswith(tuple(only or [""]))]
    if not chosen:
        raise typer.BadParameter("nothing is called that; --list shows the names.")
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    if list_them:
        for benchmark in chosen:
            console.print(f"[bold]{benchmark.name}[/]  {benchmark.title}")
        return
    described = machine.describe()
    effort = QUICK if quick else Effort(rounds=rounds, seconds=FULL.seconds)
    results = uvloop.run(_measure(chosen, effort))
    console.print(table_of(results, are_judged=not quick))
    console.print(f"\n{machine.in_words(described)}", style="dim")
    if json_to:
        text = json.dumps(as_json(results, described), indent=2, ensure_ascii=False)
        json_to.write_text(f"{text}\n", encoding="utf-8")
    if not quick and any(result.verdict is Verdict.MISSED for result in results):
        raise typer.Exit(1)


async def _measure(benchmarks: Sequence[Benchmark], effort: Effort) -> list[Result]:
    progress = Console(stderr=True, highlight=False)
    results: list[Result] = []
    for benchmark in benchmarks:
        progress.print(f"{benchmark.name}: {benchmark.title}", style="dim")
        results += await run(benchmark, effort)
    return results


if __name__ == "__main__":
    app()
