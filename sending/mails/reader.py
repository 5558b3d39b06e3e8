"""How a person reads: the language a mail is written in, their way to write money and dates."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_percent

from sending.mails.translations import SOURCE_LANGUAGE

_FIRST_STRONG_ISOLATE: Final = "\u2068"
_POP_ISOLATE: Final = "\u2069"
#: The bidirectional classes of letters that run against each direction.
_AGAINST: Final = {"ltr": frozenset({"R", "AL"}), "rtl": frozenset({"L"})}
_LETTER_BY_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_COLON_BEFORE_LINK: Final = re.compile(r"(?<=\S):(?= (?:https?://|\S+@\S+$))", re.MULTILINE)
_FIRST_OF_MONTH: Final = re.compile(r"^1(?= )")


@dataclass(frozen=True, slots=True)
class Reader:
    """A person's language, region and time zone, as far as we can serve them."""

    language: str
    locale: Locale
    timezone: tzinfo
    texts: NullTranslations

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, of the language the mail is written in."""
        return str(self.locale.text_direction)

    def money(self, amount: Decimal, currency: str) -> str:
        """`39,90 €`; the currency's own number of decimals."""
        return _price(amount, currency, self.locale)

    def date(self, moment: datetime) -> str:
        """`5. Mai 2026`, the day in the person's time zone."""
        written = format_date(moment.astimezone(self.timezone), "long", locale=self.locale)
        if self.locale.language == "fr":
            # CLDR's patterns know no ordinals, and French needs one for this day alone.
            written = _FIRST_OF_MONTH.sub("1er", written)
        return _plain(written)

    def time(self, moment: datetime) -> str:
        """`15:30`, in the person's time zone."""
        local = moment.astimezone(self.timezone)
        return _plain(format_time(local, "short", tzinfo=self.timezone, locale=self.locale))

    def percent(self, value: Decimal) -> str:
        """`15 %`, for the value 15."""
        return _plain(format_percent(value / 100, locale=self.locale, decimal_quantization=False))

    def spaced(self, text: str) -> str:
        """A text part with its colons before links as the language spaces them."""
        if self.locale.language != "fr":
            return text
        return _COLON_BEFORE_LINK.sub("\u00a0:", text)

    def isolated(self, text: str) -> str:
        """The text so that it leaves what surrounds it in order, should it run the other way.

        A name in Hebrew at the start of an English subject would turn all of the line round.
        """
        against = _AGAINST[self.direction]
        if any(unicodedata.bidirectional(letter) in against for letter in text):
            return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
        return text


def choose_reader(
    texts: Mapping[str, NullTranslations], locales: tuple[str, ...], timezones: tuple[str, ...]
) -> Reader:
    """Who reads in the first of `locales` that there are texts for, else in English.

    A region without texts of its own reads its language's (de-AT → de) and keeps its own way
    to write money and dates. The first time zone that exists counts, else UTC.
    """
    timezone = next(filter(None, map(_timezone, timezones)), UTC)
    for wanted, language in _languages((*locales, SOURCE_LANGUAGE)):
        if language in texts:
            return Reader(language, wanted, timezone, texts[language])
    raise LookupError(f"There are no texts in {SOURCE_LANGUAGE}.")


def _languages(locales: tuple[str, ...]) -> Iterator[tuple[Locale, str]]:
    for name in locales:
        yield from _spoken(name)


@lru_cache(maxsize=1_000)
def _spoken(name: str) -> tuple[tuple[Locale, str], ...]:
    """What a locale may find its texts under: `de-AT`, then `de`; nothing when nobody knows it."""
    wanted = name.replace("-", "_")
    for candidate in (wanted, wanted.split("_")[0]):
        try:
            locale = Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
        return (locale, str(locale).replace("_", "-")), (locale, locale.language)
    return ()


@lru_cache(maxsize=1_000)
def _timezone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=10_000)  # a shop has so many prices, and each is in many mails
def _price(amount: Decimal, currency: str, locale: Locale) -> str:
    written = _plain(format_currency(amount, currency, locale=locale))
    # Babel leaves out the space that CLDR wants between letters and digits: `TRY 39.90`.
    return _LETTER_BY_DIGIT.sub("\u00a0", written)


def _plain(text: str) -> str:
    """With the wide no-break space: in some mail programs the narrow one is an empty box."""
    return text.replace("\u202f", "\u00a0")
