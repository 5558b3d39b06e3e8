"""Which names a mail's Jinja may use: found out when the mail is loaded, not when it is sent."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Final, get_args, get_type_hints

from jinja2 import Environment, nodes
from jinja2.meta import find_undeclared_variables

from sending.context import MailContext

#: What a template may name besides the fields of MailContext.
ADDED: Final = frozenset({"language", "direction", "subject", "preheader"})
FIELDS: Final = tuple(field.name for field in fields(MailContext))


def unknown_names(tree: nodes.Template, environment: Environment) -> Iterator[tuple[int, str]]:
    """The line and the complaint for everything named that will never exist."""
    yield from _unknown_variables(tree, environment)
    yield from _unknown_attributes(tree)
    yield from _unknown_functions(tree, nodes.Filter, "filter", environment.filters)
    yield from _unknown_functions(tree, nodes.Test, "test", environment.tests)


def attributes(tree: nodes.Template) -> set[str]:
    """Everything read from a variable, as `links.unsubscribe`."""
    return {
        f"{found.node.name}.{found.attr}"
        for found in tree.find_all(nodes.Getattr)
        if isinstance(found.node, nodes.Name)
    }


def _unknown_variables(tree: nodes.Template, environment: Environment) -> Iterator[tuple[int, str]]:
    known = {*FIELDS, *ADDED, *environment.globals}
    unknown = find_undeclared_variables(tree) - known
    for found in tree.find_all(nodes.Name):
        if found.name in unknown:
            yield found.lineno, _complaint("", found.name, known)


def _unknown_attributes(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    shapes = _shapes(tree)
    for found in tree.find_all(nodes.Getattr):
        owner = _owner(found.node)
        if owner not in shapes:
            continue
        known = {f"{owner}.{field.name}" for field in fields(shapes[owner])}
        if (name := f"{owner}.{found.attr}") not in known:
            yield found.lineno, _complaint("", name, known)


def _unknown_functions(
    tree: nodes.Template,
    node: type[nodes.Filter] | type[nodes.Test],
    word: str,
    known: Mapping[str, Any],
) -> Iterator[tuple[int, str]]:
    for found in tree.find_all(node):
        if found.name not in known:
            yield found.lineno, _complaint(f"{word} ", found.name, set(known))


def _shapes(tree: nodes.Template) -> dict[str, Any]:
    """The dataclass behind each variable: those of MailContext, and of loops over its lists."""
    hints = get_type_hints(MailContext)
    shapes = {name: shape for name in FIELDS for shape in _dataclasses(hints[name])}
    for loop in tree.find_all(nodes.For):
        listed = {name.name for name in loop.iter.find_all(nodes.Name)} | {_owner(loop.iter)}
        for name in listed & shapes.keys():
            if isinstance(loop.target, nodes.Name):
                shapes[loop.target.name] = shapes[name]
    return shapes


def _dataclasses(hint: object) -> Iterator[Any]:
    if is_dataclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from _dataclasses(inner)


def _owner(node: nodes.Node) -> str:
    """The variable an attribute is read from: `product` or, for `products[0]`, `products`."""
    if isinstance(node, nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""


def _complaint(word: str, name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1)
    cure = f"did you mean “{close[0]}”?" if close else f"use one of {', '.join(sorted(known))}."
    return f"there is no {word}“{name}”: {cure}"
