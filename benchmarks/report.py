"""Results as a table for people, and as JSON for programs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

from benchmarks.harness import Result, Verdict

#: From here on decimals say nothing.
_LARGE: Final = 100


def table_of(results: Sequence[Result], *, are_judged: bool) -> Table:
    """One line a figure: Dormouse, what it is compared with, ratio, target, verdict.

    Figures of a quick look are not judged.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("benchmark", "figure"):
        table.add_column(column, no_wrap=True)
    for column in ("Dormouse", "baseline", "ratio"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for result in results:
        figure, target = result.figure, result.figure.target
        table.add_row(
            result.benchmark,
            f"{figure.name} ({figure.unit})",
            result.reason or number(result.value),
            number(result.baseline),
            "" if result.ratio is None else f"{result.ratio:.2f}",
            target.say() if target else "",
            result.verdict if are_judged else "",
            style="red" if are_judged and result.verdict is Verdict.MISSED else None,
        )
    return table


def number(value: float | None) -> str:
    """A value with as many digits as mean something."""
    if value is None:
        return ""
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(results: Sequence[Result], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was found, and where."""
    return {"machine": dict(machine), "results": [_plain(result) for result in results]}


def _plain(result: Result) -> dict[str, Any]:
    target = result.figure.target
    return {
        "benchmark": result.benchmark,
        "figure": result.figure.name,
        "unit": result.figure.unit,
        "value": result.value,
        "baseline": result.baseline,
        "ratio": result.ratio,
        "target": target.say() if target else None,
        "verdict": result.verdict.name.lower(),
        "reason": result.reason,
    }
