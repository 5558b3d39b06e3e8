"""The text part of a mail, made from its MJML: what a person would write, without the layout."""

import re
from html.parser import HTMLParser
from typing import Final

_PARAGRAPHS: Final = {
    *("p", "h1", "h2", "h3", "div", "ul", "ol", "table", "tr"),
    *("mj-wrapper", "mj-section", "mj-column", "mj-hero", "mj-text", "mj-button", "mj-table"),
    *("mj-social", "mj-navbar", "mj-image"),
}
#: Each begins a line; the next of its kind ends it.
_LINES: Final = {"br", "li", "td", "th", "mj-social-element", "mj-navbar-link"}
_RULES: Final = {"hr", "mj-divider"}
_SILENT: Final = {"mj-head", "style"}
_VOID: Final = {"br", "hr", "img", "link", "meta", "wbr"}
#: Characters in a line (RFC 2822 wants 78 with its end).
_LINE: Final = 76
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_LINE_END: Final = re.compile(r"[ \t]*\n[ \t]*")
_BLANK_LINES: Final = re.compile(r"\n{3,}")


def text_template(mjml: str) -> str:
    """The text template of a mail: paragraphs, and links as `label: address`.

    Jinja is kept as it is. What carries `aria-hidden="true"` is for the eye alone and left out.
    """
    writer = _Writer()
    writer.feed(mjml)
    writer.close()
    return tidy("".join(writer.out))


def tidy(text: str) -> str:
    """The text without spaces at the ends of lines and without more than one blank line."""
    return _BLANK_LINES.sub("\n\n", _LINE_END.sub("\n", text)).strip() + "\n"


def wrapped(text: str) -> str:
    """The text in lines that every mail program shows whole, as long as words allow."""
    return "\n".join(line if len(line) <= _LINE else _broken(line) for line in text.split("\n"))


def _broken(line: str) -> str:
    lines, length = [], _LINE
    for word in line.split(" "):
        if length + 1 + len(word) > _LINE:
            lines.append(word)
            length = len(word)
        else:
            lines[-1] += f" {word}"
            length += 1 + len(word)
    return "\n".join(lines)


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        #: For each open tag: its address, when it is a link, and where its label begins.
        self._open: list[tuple[str | None, int]] = []
        self._silent_depth: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        if tag in _VOID:
            return
        given = dict(attrs)
        if self._silent_depth is None and (tag in _SILENT or given.get("aria-hidden") == "true"):
            self._silent_depth = len(self._open)
        self._open.append((given.get("href"), len(self.out)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        given = dict(attrs)
        if tag == "mj-image" and given.get("href"):
            self._write(_link(given.get("alt") or "", given["href"] or ""))
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or not self._open:
            return
        href, start = self._open.pop()
        if self._silent_depth is not None:
            if len(self._open) == self._silent_depth:
                self._silent_depth = None
            return
        if href:
            self.out[start:] = [_link("".join(self.out[start:]).strip(), href)]
        if tag in _PARAGRAPHS:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        self._write(_SPACE.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._write("\n\n")
        elif tag in _LINES:
            self._write("\n")
        elif tag in _RULES:
            self._write("\n\n----\n\n")

    def _write(self, text: str) -> None:
        if self._silent_depth is None:
            self.out.append(text)


def _link(label: str, href: str) -> str:
    address = href.removeprefix("mailto:")
    return address if label in {"", address} else f"{label}: {address}"
