"""The translations of the mails: complete, fitting and without left-overs."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[2] / "templates"
PLACEHOLDER = re.compile(r"%\(\w+\)s")

every_language = pytest.mark.parametrize("language", ["de", "fr", "tr"])


@cache
def written() -> frozenset[object]:
    """Every English text in the mails, as translators get it."""
    with (FOLDER / "babel.cfg").open(encoding="utf-8") as configuration:
        # Babel leaves this one function untyped.
        methods, options = parse_mapping_cfg(configuration)  # type: ignore[no-untyped-call]
    found = extract_from_dir(str(FOLDER), methods, options)
    return frozenset(message for _, _, message, _, _ in found)


@cache
def catalogue(language: str) -> Catalog:
    path = FOLDER / "locale" / language / "LC_MESSAGES" / "mails.po"
    with path.open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


def translated(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


class TestCatalogue:
    def test_has_texts_to_translate(self) -> None:
        assert "Go to your cart" in written()
        assert ("Only %(count)s left", "Only %(count)s left") in written()

    @every_language
    def test_translates_only_what_is_written(self, language: str) -> None:
        ids = {
            message.id if isinstance(message.id, str) else tuple(message.id)
            for message in translated(language)
        }

        assert ids - written() == set()

    @every_language
    def test_leaves_nothing_empty_doubtful_or_obsolete(self, language: str) -> None:
        assert [m.id for m in translated(language) if not all(forms(m.string))] == []
        assert [m.id for m in translated(language) if m.fuzzy] == []
        assert list(catalogue(language).obsolete) == []

    @every_language
    def test_has_as_many_plural_forms_as_the_language(self, language: str) -> None:
        plurals = [m for m in translated(language) if m.pluralizable]

        assert {len(forms(m.string)) for m in plurals} == {catalogue(language).num_plurals}

    @every_language
    def test_keeps_the_placeholders(self, language: str) -> None:
        for message in translated(language):
            wanted = set(PLACEHOLDER.findall(forms(message.id)[0]))

            assert all(set(PLACEHOLDER.findall(form)) == wanted for form in forms(message.string))

    @every_language
    def test_translates_rather_than_copies(self, language: str) -> None:
        assert [m.id for m in translated(language) if m.id == m.string] == []

    @every_language
    def test_holds_text_without_markup(self, language: str) -> None:
        texts = [form for message in translated(language) for form in forms(message.string)]

        assert [text for text in texts if re.search(r"[<>\"']", text)] == []

    def test_keeps_french_punctuation_on_its_line(self) -> None:
        texts = [form for message in translated("fr") for form in forms(message.string)]

        assert [text for text in texts if re.search(r" [:;?!»]|« ", text)] == []
