"""What a story says and cannot mean: verbs that are not awaited, settings that it has not.

Python would only find out in a run, weeks after the start, and the run would hang or hurry. Only
what is certainly wrong is refused: a coroutine that is handed on may be awaited elsewhere.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeGuard

from runtime.reading import module_of, place_in

Parents = Mapping[ast.AST, ast.AST]
#: What takes an expression for what it is, as no coroutine is meant to be taken.
_LOOKS_AT_IT = (ast.Attribute, ast.BoolOp, ast.Compare, ast.Subscript, ast.UnaryOp)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def slips_of(journey: type[Any]) -> Iterator[str]:
    """What would go wrong in any run, each as a sentence about the journey."""
    tree = module_of(journey)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == journey.__name__:
            yield from _not_awaited(journey, node)
            yield from _misspelt(journey, node)


def _not_awaited(journey: type[Any], story: ast.ClassDef) -> Iterator[str]:
    parents = {child: node for node in ast.walk(story) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(story):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=verb)):
                waits = inspect.iscoroutinefunction(getattr(journey, verb, None))
                if waits and _is_dropped(node, parents):
                    place = place_in(journey, node.lineno)
                    yield f"does not await self.{verb}(…) in {place}: write await self.{verb}(…)."


def _is_dropped(call: ast.expr, parents: Parents) -> bool:
    """Whether nobody can come to await the call."""
    match parents[call]:
        case ast.Expr():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            within = next(node for node in _around(call, parents) if isinstance(node, _Function))
            uses = [node for node in ast.walk(within) if _is_read(node, name)]
            return all(_is_looked_at(use, parents) for use in uses)
        case _:
            return _is_looked_at(call, parents)


def _is_looked_at(node: ast.AST, parents: Parents) -> bool:
    user = parents[node]
    is_test = isinstance(user, ast.If | ast.IfExp | ast.While) and user.test is node
    return is_test or isinstance(user, _LOOKS_AT_IT)


def _around(node: ast.AST, parents: Parents) -> Iterator[ast.AST]:
    while node in parents:
        node = parents[node]
        yield node


def _is_read(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _misspelt(journey: type[Any], story: ast.ClassDef) -> Iterator[str]:
    """The settings that the story reads, and that its settings have not."""
    fields, known = journey.settings_type.model_fields, dir(journey.settings_type())
    for read in _read_settings(story):
        if read.attr not in known:
            place, close = place_in(journey, read.lineno), get_close_matches(read.attr, fields, n=1)
            cure = f": did you mean {close[0]!r}?" if close else "."
            yield f"in {place} reads the setting {read.attr!r}, which it has not{cure}"


def _read_settings(story: ast.ClassDef) -> Iterator[ast.Attribute]:
    """Whatever `run` reads from `start.settings`, or from a name that it gave to them."""
    for run in story.body:
        if not isinstance(run, ast.AsyncFunctionDef) or run.name != "run":
            continue
        names = _names_of_settings(run)
        for node in ast.walk(run):
            match node:
                case ast.Attribute(value=ast.Name(id=name)) if name in names:
                    yield node
                case ast.Attribute(value=owner) if _is_settings(owner):
                    yield node


def _names_of_settings(run: ast.AsyncFunctionDef) -> set[str]:
    """The names that mean the settings wherever they stand: given once, and by nobody else."""
    given = [node.id for node in ast.walk(run) if _is_given(node)]
    taken = {node.arg for node in ast.walk(run) if isinstance(node, ast.arg)}
    names = {name for node in ast.walk(run) for name in _named_settings(node)}
    return {name for name in names - taken if given.count(name) == 1}


def _named_settings(node: ast.AST) -> Iterator[str]:
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ) if _is_settings(value):
            yield name


def _is_given(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _is_settings(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="start"), attr="settings"):
            return True
    return False
