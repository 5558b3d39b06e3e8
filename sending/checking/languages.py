"""Rules on the catalogues: every text of the mails in every language, whole and fitting."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import shorten
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po
from jinja2.ext import babel_extract

from sending.checking.finding import Finding, Severity

_PLACEHOLDER: Final = re.compile(r"%\(\w+\)s")
_SYNTAX: Final = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
_UPDATE: Final = "run make texts"

#: So much of a text is quoted.
_QUOTED: Final = 60

#: A text in English: one form, or singular and plural.
Text = str | tuple[str, ...]
#: The same as Babel has it, where a form may be missing.
_Given = str | Iterable[str | None] | None


def language_findings(folder: Path) -> Iterator[Finding]:
    """What the catalogues below `folder`/locale lack, or have without need."""
    texts = written_texts(folder / "mails")
    for path in sorted((folder / "locale").glob("*/LC_MESSAGES/mails.po")):
        language = path.parent.parent.name
        yield from _catalogue_findings(path, language, texts)


def written_texts(folder: Path) -> dict[Text, str]:
    """Every English text in the mails below `folder`, and the first file it stands in."""
    found: dict[Text, str] = {}
    for path in sorted(folder.glob("**/*.mjml")):
        with path.open("rb") as stream:
            for _, _, text, _ in babel_extract(stream, ("_", "gettext", "ngettext"), (), _SYNTAX):
                found.setdefault(_text(text), path.relative_to(folder).as_posix())
    return found


def _catalogue_findings(path: Path, language: str, texts: dict[Text, str]) -> Iterator[Finding]:
    file = f"locale/{language}/LC_MESSAGES/{path.name}"
    try:
        with path.open("rb") as stream:
            catalogue = read_po(stream, locale=language, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        yield Finding("language", file, f"this is no readable catalogue ({error}): mend the file.")
        return
    translated = {_text(message.id): message for message in catalogue if message.id}
    for text in texts.keys() - translated.keys():
        sentence = (
            f"{_quoted(text)} of {texts[text]} has no translation: {_UPDATE}, and translate it."
        )
        yield Finding("language", file, sentence)
    for text in translated.keys() - texts.keys():
        sentence = f"no mail says {_quoted(text)} any more: {_UPDATE}."
        yield Finding("language", file, sentence, translated[text].lineno, Severity.WARNING)
    for text in texts.keys() & translated.keys():
        if flaw := _flaw(translated[text], catalogue):
            yield Finding("language", file, f"{_quoted(text)} {flaw}", translated[text].lineno)


def _flaw(message: Message, catalogue: Catalog) -> str | None:
    forms = _forms(message.string)
    if not any(forms):
        return "is not translated: write its msgstr."
    if message.fuzzy:
        return "is marked fuzzy: read the translation, and take the mark away."
    wanted = catalogue.num_plurals if message.pluralizable else 1
    if len(forms) != wanted or not all(forms):
        written = sum(map(bool, forms))
        return f"has {written} of the {wanted} plural forms of this language: write all of them."
    return _placeholder_flaw(message, forms)


def _placeholder_flaw(message: Message, forms: tuple[str, ...]) -> str | None:
    known = {name for text in _forms(message.id) for name in _PLACEHOLDER.findall(text)}
    for form in forms:
        used = set(_PLACEHOLDER.findall(form))
        if lost := sorted(known - used):
            return f"lost {', '.join(lost)} in its translation: put it back."
        if made_up := sorted(used - known):
            return f"got {', '.join(made_up)} in its translation, which nobody fills in."
    return None


def _text(given: _Given) -> Text:
    forms = tuple(filter(None, _forms(given)))
    return forms[0] if len(forms) == 1 else forms


def _forms(text: _Given) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(form or "" for form in text or ())


def _quoted(text: Text) -> str:
    words = text if isinstance(text, str) else text[0]
    return f"“{shorten(words, _QUOTED, placeholder='…')}”"
