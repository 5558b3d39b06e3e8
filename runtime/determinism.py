"""What a story may not touch: clocks, chance, the world, and what other runs touch too.

A run is told again from its history whenever it wakes, and must say the same each time. Temporal's
sandbox watches over that by executing the journey's file anew for each run, which costs more than
the run itself. So its list of what is forbidden is held against the file once, before any run;
tests replay every run inside the sandbox as well.
"""

import ast
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from temporalio.worker.workflow_sandbox import SandboxRestrictions

from runtime.reading import module_of, place_in

_FORBIDDEN: Final = SandboxRestrictions.default.invalid_module_members
_BUILTINS: Final = "__builtins__"
#: What to do instead, by the module that is forbidden or forbidden in parts.
_CURES: Final[Mapping[str, str]] = {
    "asyncio": "write workflow.wait() or workflow.as_completed()",
    "datetime": "write workflow.now()",
    "random": "write workflow.random()",
    "secrets": "write workflow.random()",
    "time": "write workflow.now(), and self.wait() to let time pass",
    "uuid": "write workflow.uuid4()",
}
_CURE: Final = "leave it to an activity"
#: What would pass the time as if nothing could happen meanwhile.
_SLEEPS: Final = (("asyncio", "sleep"), ("temporalio", "workflow", "sleep"))
_MUTABLE: Final = (bytearray, deque, dict, list, set)


def breaches_of(journey: type[Any]) -> Iterator[str]:
    """What would make a run differ when it is told again, each as a sentence about the journey."""
    module = sys.modules[journey.__module__]
    tree = module_of(journey)
    known = {name: (_BUILTINS, name) for name in _from_nowhere(tree)} | _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield from _forbidden(_path(node, known), place_in(journey, node.lineno))
        elif isinstance(node, ast.Global):
            yield f"changes {node.names[0]!r}, which all its runs share: keep it in self."
    for owner in (module, journey):
        yield from _shared(vars(owner))


def _imported(tree: ast.AST) -> dict[str, tuple[str, ...]]:
    """Name in the file → where it comes from: `clock` → ("time", "monotonic")."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                path = tuple(alias.name.split("."))
                found |= {alias.asname: path} if alias.asname else {path[0]: path[:1]}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            origin = tuple(node.module.split("."))
            found |= {alias.asname or alias.name: (*origin, alias.name) for alias in node.names}
    return found


def _from_nowhere(tree: ast.AST) -> set[str]:
    """The names that the file uses without giving them a meaning: Python's own."""
    used: set[str] = set()
    given: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                given.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                given.add(name)
    return used - given


def _path(node: ast.expr, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What an expression like `datetime.now` reaches, from its module on; () for all else."""
    if isinstance(node, ast.Name):
        return known.get(node.id, ())
    if isinstance(node, ast.Attribute) and (owner := _path(node.value, known)):
        return (*owner, node.attr)
    return ()


def _forbidden(path: tuple[str, ...], place: str) -> Iterator[str]:
    if path in _SLEEPS:
        yield (
            f"sleeps by {'.'.join(path)} in {place}, which no ending, pause or fast-forward cuts "
            "short: write await self.wait()."
        )
    listed = (_FORBIDDEN.child_matcher(*path), _FORBIDDEN.child_matcher(*path, "__call__"))
    if any(found and found.match_self for found in listed):
        name = ".".join(path).removeprefix(f"{_BUILTINS}.")
        cure = _CURES.get(path[0], _CURE)
        yield f"uses {name} in {place}, which differs when a run is told again: {cure}."


def _shared(names: Mapping[str, Any]) -> Iterator[str]:
    for name, value in names.items():
        if isinstance(value, _MUTABLE) and not name.startswith("__"):
            kind = type(value).__name__
            yield f"keeps {name!r} as a {kind} that all its runs share: make it a tuple, or self's."
