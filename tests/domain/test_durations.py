from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from domain.durations import Duration, parse_duration, say_duration

ten_years = timedelta(days=3_650)
durations = st.timedeltas(min_value=timedelta(), max_value=ten_years)


class Setting(BaseModel):
    wait: Duration


class TestParsingADuration:
    @pytest.mark.parametrize(
        ("text", "duration"),
        [
            ("2h", timedelta(hours=2)),
            ("90 minutes", timedelta(minutes=90)),
            ("1 Day", timedelta(days=1)),
            ("1 week 2 days", timedelta(days=9)),
            ("1 hour, 30 mins", timedelta(minutes=90)),
            ("1.5h", timedelta(minutes=90)),
            (" 10 s ", timedelta(seconds=10)),
            ("0 seconds", timedelta()),
            ("3d12h", timedelta(days=3, hours=12)),
        ],
    )
    def test_reads_what_people_write(self, text: str, duration: timedelta) -> None:
        assert parse_duration(text) == duration

    @pytest.mark.parametrize(
        "text", ["", "  ", "soon", "2", "h", "2 months", "-1h", "1h and a bit", "2hh", "1e3 s"]
    )
    def test_refuses_what_is_none_with_an_example(self, text: str) -> None:
        with pytest.raises(ValueError, match="write it like '90 minutes', '2h', '3 days'"):
            parse_duration(text)

    @pytest.mark.parametrize("text", ["99999999999 days", "9" * 400 + "s"])
    def test_refuses_what_is_too_long_to_be_counted(self, text: str) -> None:
        with pytest.raises(ValueError, match="longer than any duration"):
            parse_duration(text)

    @given(st.text())
    def test_raises_nothing_but_value_errors(self, text: str) -> None:
        with suppress(ValueError):
            assert parse_duration(text) >= timedelta()


class TestSayingADuration:
    @pytest.mark.parametrize(
        ("duration", "words"),
        [
            (timedelta(), "0 seconds"),
            (timedelta(seconds=1), "1 second"),
            (timedelta(days=2, hours=3), "2 days 3 hours"),
            (timedelta(minutes=90), "1 hour 30 minutes"),
            (timedelta(seconds=0.25), "0.25 seconds"),
            (timedelta(minutes=1, microseconds=1), "1 minute 0.000001 seconds"),
        ],
    )
    def test_uses_the_largest_units(self, duration: timedelta, words: str) -> None:
        assert say_duration(duration) == words

    @given(durations)
    def test_says_what_can_be_read_back_exactly(self, duration: timedelta) -> None:
        assert parse_duration(say_duration(duration)) == duration


class TestASettingThatIsADuration:
    @pytest.mark.parametrize(
        ("value", "duration"),
        [
            ("2h", timedelta(hours=2)),
            ("P1DT2H", timedelta(hours=26)),
            (90, timedelta(seconds=90)),
            (timedelta(days=1), timedelta(days=1)),
        ],
    )
    def test_is_read_from_words_iso_8601_and_seconds(
        self, value: object, duration: timedelta
    ) -> None:
        assert Setting.model_validate({"wait": value}).wait == duration

    def test_is_written_in_words(self) -> None:
        assert Setting(wait=timedelta(hours=2)).model_dump(mode="json") == {"wait": "2 hours"}

    @pytest.mark.parametrize(
        "value", ["-P1D", -1, "11 years", "4000 days", "soon", "", None, [], 1e300, "9" * 400 + "s"]
    )
    def test_is_refused_when_it_is_negative_endless_or_none(self, value: object) -> None:
        with pytest.raises(ValidationError):
            Setting.model_validate({"wait": value})

    @given(durations)
    def test_survives_being_written_and_read(self, duration: timedelta) -> None:
        written = Setting(wait=duration).model_dump_json()

        assert Setting.model_validate_json(written).wait == duration
