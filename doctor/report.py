"""How findings are told: to people in a table, to programs as JSON."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from doctor.examination import is_healthy
from doctor.findings import Finding, Verdict

_MARKS: Final = {
    Verdict.OK: ("ok", "green"),
    Verdict.WARNING: ("warning", "yellow"),
    Verdict.FAILED: ("failed", "bold red"),
}

#: The sentences write commands so.
_CODE: Final = re.compile(r"`([^`]+)`")


def table_of(findings: Sequence[Finding]) -> Group:
    """The findings for people, the commands in them to be copied, and how many there are."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        word, style = _MARKS[finding.verdict]
        table.add_row(Text(word, style=style), finding.check, Text(finding.says))
    commands = [Text(command, no_wrap=True, overflow="ignore") for command in _commands(findings)]
    return Group(table, "", *commands, *[""][: len(commands)], _summary(findings))


def _commands(findings: Sequence[Finding]) -> list[str]:
    """What can be copied into a shell, each once."""
    cures = (finding.says for finding in findings if finding.verdict is not Verdict.OK)
    return list(dict.fromkeys(chain.from_iterable(_CODE.findall(says) for says in cures)))


def json_of(findings: Sequence[Finding]) -> Mapping[str, Any]:
    """The findings for programs."""
    return {
        "healthy": is_healthy(findings),
        "findings": [asdict(finding) for finding in findings],
    }


def _summary(findings: Sequence[Finding]) -> str:
    count = Counter(finding.verdict for finding in findings)
    return ", ".join(
        f"{count[verdict]} {word}" for verdict, (word, _) in _MARKS.items() if count[verdict]
    )
