from datetime import UTC, datetime
from decimal import Decimal
from gettext import NullTranslations

import pytest

from sending.mails.reader import Reader, choose_reader

MOMENT = datetime(2026, 5, 4, 22, 30, tzinfo=UTC)
SPACE = "\N{NO-BREAK SPACE}"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


def reader(locale: str, timezone: str = "Europe/Berlin") -> Reader:
    texts = {language: NullTranslations() for language in ("en", "de", "fr", "tr", "ar", "pt-BR")}
    return choose_reader(texts, (locale,), (timezone,))


class TestReader:
    @pytest.mark.parametrize(
        ("locale", "amount", "currency", "written"),
        [
            ("en", "39.90", "EUR", "€39.90"),
            ("en-GB", "1234.5", "GBP", "£1,234.50"),
            ("de", "39.90", "EUR", f"39,90{SPACE}€"),
            ("de-AT", "39.90", "EUR", f"€{SPACE}39,90"),
            ("de-CH", "1234.5", "CHF", f"CHF{SPACE}1{APOSTROPHE}234.50"),
            ("fr", "1234.5", "EUR", f"1{SPACE}234,50{SPACE}€"),
            ("tr", "39.90", "TRY", "₺39,90"),
            ("en", "1200", "JPY", "¥1,200"),
            ("en", "18499.9", "TRY", f"TRY{SPACE}18,499.90"),
            ("tr", "12345678.9", "CHF", f"CHF{SPACE}12.345.678,90"),
        ],
    )
    def test_writes_money(self, locale: str, amount: str, currency: str, written: str) -> None:
        assert reader(locale).money(Decimal(amount), currency) == written

    @pytest.mark.parametrize(
        ("locale", "timezone", "day", "time"),
        [
            ("en", "UTC", "May 4, 2026", f"10:30{SPACE}PM"),
            ("en-GB", "Europe/London", "4 May 2026", "23:30"),
            ("de", "Europe/Berlin", "5. Mai 2026", "00:30"),
            ("fr", "America/Montreal", "4 mai 2026", "18:30"),
            ("tr", "Europe/Istanbul", "5 May\N{LATIN SMALL LETTER DOTLESS I}s 2026", "01:30"),
        ],
    )
    def test_writes_days_and_times_of_its_own_zone(
        self, locale: str, timezone: str, day: str, time: str
    ) -> None:
        assert reader(locale, timezone).date(MOMENT) == day
        assert reader(locale, timezone).time(MOMENT) == time

    @pytest.mark.parametrize(
        ("day", "written"),
        [(1, "1er mai 2026"), (11, "11 mai 2026"), (21, "21 mai 2026")],
    )
    def test_counts_the_first_of_a_french_month(self, day: int, written: str) -> None:
        noon = datetime(2026, 5, day, 12, tzinfo=UTC)

        assert reader("fr-CH").date(noon) == written

    @pytest.mark.parametrize(
        ("locale", "value", "written"),
        [("en", "10", "10%"), ("de", "12.5", f"12,5{SPACE}%"), ("tr", "10", "%10")],
    )
    def test_writes_percents(self, locale: str, value: str, written: str) -> None:
        assert reader(locale).percent(Decimal(value)) == written

    def test_reads_from_the_side_its_language_is_written(self) -> None:
        assert reader("de").direction == "ltr"
        assert reader("ar-EG").direction == "rtl"

    @pytest.mark.parametrize(
        ("locale", "name"),
        [("en", "נועה"), ("tr", "عائشة"), ("ar", "Anna")],
    )
    def test_isolates_what_runs_the_other_way(self, locale: str, name: str) -> None:
        isolated = f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"

        assert reader(locale).isolated(name) == isolated

    @pytest.mark.parametrize(("locale", "name"), [("en", "Zoë"), ("ar", "عائشة"), ("en", "5 🎁")])
    def test_leaves_alone_what_runs_its_way(self, locale: str, name: str) -> None:
        assert reader(locale).isolated(name) == name


class TestChooseReader:
    @pytest.mark.parametrize(
        ("locale", "language"),
        [("de-AT", "de"), ("tr_TR", "tr"), ("pt-BR", "pt-BR"), ("pt-PT", "en"), ("xx", "en")],
    )
    def test_finds_the_nearest_language_with_texts(self, locale: str, language: str) -> None:
        assert reader(locale).language == language

    def test_takes_the_first_zone_that_exists(self) -> None:
        chosen = choose_reader(
            {"en": NullTranslations()}, ("en",), ("", "No/Where", "../etc", "Europe/Istanbul")
        )

        assert chosen.time(MOMENT) == f"1:30{SPACE}AM"

    def test_takes_utc_when_no_zone_exists(self) -> None:
        chosen = choose_reader({"en": NullTranslations()}, ("en",), ("Nowhere",))

        assert chosen.timezone is UTC
