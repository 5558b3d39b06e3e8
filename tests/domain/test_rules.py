from datetime import timedelta

import pytest

from domain.errors import Invalid
from tests.fakes.journeys import FakeSettings, journey


class TestSettings:
    def test_go_on_top_of_those_in_force(self) -> None:
        rules = journey(settings=FakeSettings(seen_times=5))

        settings = rules.settings_with({"min_dwell": "2 minutes"})

        assert settings == FakeSettings(seen_times=5, min_dwell=timedelta(minutes=2))

    @pytest.mark.parametrize(
        ("overrides", "field"),
        [
            ({"min_dwell": "soon"}, "settings.min_dwell"),
            ({"min_dwell": "9" * 400 + " days"}, "settings.min_dwell"),
            ({"seen_times": "often"}, "settings.seen_times"),
            ({"colour": "red"}, "settings.colour"),
        ],
    )
    def test_are_refused_by_the_field_that_is_wrong(
        self, overrides: dict[str, object], field: str
    ) -> None:
        with pytest.raises(Invalid, match=field) as refused:
            journey().settings_with(overrides)

        assert refused.value.field == field

    def test_of_a_shop_come_with_their_version(self) -> None:
        tuned = journey().tuned({"seen_times": 3}, version=7, is_paused=True)

        assert tuned.settings == FakeSettings(seen_times=3)
        assert (tuned.settings_version, tuned.is_paused) == (7, True)
