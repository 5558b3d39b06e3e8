"""A rendered mail as a tree, as mail programs read it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder

_VOID: Final = {"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}


def parsed(html: str) -> Element:
    """The tree of a page whose every element is closed, as the MJML compiler writes it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root()


def text_of(element: Element) -> str:
    """What the element says, in one line; of its pictures, the words instead of them."""
    return " ".join(" ".join(_said(element)).split())


def _said(element: Element) -> Iterator[str]:
    yield element.get("alt") or ""
    yield element.text or ""
    for child in element:
        yield from _said(child)
        yield child.tail or ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._tree = TreeBuilder()
        self._open: list[str] = []
        self._tree.start("page", {})

    def root(self) -> Element:
        for tag in reversed(self._open):
            self._tree.end(tag)
        self._tree.end("page")
        return self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tree.start(tag, {name: value or "" for name, value in attrs})
        if tag in _VOID:
            self._tree.end(tag)
        else:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tree.start(tag, {name: value or "" for name, value in attrs})
        self._tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            return
        while self._open[-1] != tag:
            self._tree.end(self._open.pop())
        self._tree.end(self._open.pop())

    def handle_data(self, data: str) -> None:
        self._tree.data(data)
