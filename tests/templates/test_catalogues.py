"""The translations of the mails: texts as people write them. What they must have is checked."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parents[2] / "templates" / "locale"

every_language = pytest.mark.parametrize("language", ["de", "fr", "tr"])


@cache
def translated(language: str) -> tuple[Message, ...]:
    with (LOCALES / language / "LC_MESSAGES" / "mails.po").open("rb") as stream:
        return tuple(message for message in read_po(stream, locale=language) if message.id)


def forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


class TestCatalogue:
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

    @every_language
    def test_breaks_no_line_within_the_word_for_an_email(self, language: str) -> None:
        texts = [form for message in translated(language) for form in forms(message.string)]

        assert [text for text in texts if re.search(r"\b[Ee]-(?=[Mm]ail|posta)", text)] == []
