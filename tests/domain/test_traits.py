from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.traits import CHANNELS, Traits, read_traits

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
known_names = st.sampled_from(
    (
        *("email", "phone", "firstName", "lastName", "locale", "timezone", "birthday"),
        *("address", "address.country", "createdAt", "marketing_consent"),
    )
)


class TestTraits:
    def test_are_read_into_values_that_can_be_relied_on(self) -> None:
        traits = read_traits(
            {
                "email": " Ada@Example.COM ",
                "phone": "+43 (1) 234-567",
                "firstName": " Ada  Maria ",
                "lastName": "O'Neill",
                "locale": "de_at",
                "timezone": "europe/vienna",
                "address": {"country": "at", "city": "Wien"},
                "birthday": "1990-04-23",
                "createdAt": "2024-01-01T10:00:00+02:00",
                "marketing_consent": ["email"],
                "plan": "gold",
            }
        )

        assert traits == Traits(
            email="Ada@example.com",
            phone="+431234567",
            first_name="Ada Maria",
            last_name="O'Neill",
            locale="de-AT",
            timezone="Europe/Vienna",
            country="AT",
            birthday=date(1990, 4, 23),
            created_at=datetime(2024, 1, 1, 8, 0, tzinfo=UTC),
            consent=frozenset({"email"}),
            other={"address": {"city": "Wien"}, "plan": "gold"},
            problems=(),
        )

    def test_that_are_null_say_nothing(self) -> None:
        traits = read_traits({"email": None, "marketing_consent": None, "locale": None})

        assert traits == Traits()

    @pytest.mark.parametrize(
        ("name", "value", "problem"),
        [
            ("email", "ada@", "email: this is no address that mail can be sent to"),
            ("email", 7, "email: write it as text"),
            ("phone", "call me", "phone: this is no phone number; write it like '+43 1 234567'"),
            ("firstName", "a\nb: c\x07", "firstName: a name holds no links and no control"),
            ("lastName", "Win now www.spam.example", "lastName: a name holds no links"),
            ("firstName", "x" * 256, "firstName: this is longer than 255 characters"),
            ("locale", "klingon", "locale: this is no locale; write it like 'de-AT'"),
            ("timezone", "CEST+2", "timezone: this is no IANA time zone"),
            ("address", {"country": "Austria"}, "address.country: this is no country's code"),
            ("birthday", "yesterday", "birthday: this is no date; write it like '1990-04-23'"),
            ("birthday", "0001-01-01", "birthday: "),
            ("birthday", True, "birthday: this is no date"),
            ("createdAt", 1e300, "createdAt: this is no date"),
            ("marketing_consent", "yes", "marketing_consent: write true, false or a list"),
        ],
    )
    def test_that_cannot_be_used_are_left_out_and_told(
        self, name: str, value: object, problem: str
    ) -> None:
        traits = read_traits({name: value})

        assert len(traits.problems) == 1
        assert traits.problems[0].startswith(problem)
        assert traits == Traits(problems=traits.problems)

    def test_survive_a_bad_neighbour(self) -> None:
        traits = read_traits({"email": "nonsense", "firstName": "Ada"})

        assert traits.first_name == "Ada"

    @given(st.dictionaries(known_names | st.text(), json_values))
    def test_can_be_any_json_object(self, said: dict[str, object]) -> None:
        traits = read_traits(said)

        assert traits.consent is None or traits.consent <= CHANNELS


class TestMarketingConsent:
    @pytest.mark.parametrize(
        ("said", "consent"),
        [
            (True, {"email", "sms", "push"}),
            (False, set()),
            ([], set()),
            (["sms", "email"], {"email", "sms"}),
        ],
    )
    def test_is_all_channels_none_or_a_list(self, said: object, consent: set[str]) -> None:
        traits = read_traits({"marketing_consent": said})

        assert traits.consent == frozenset(consent)
        assert traits.problems == ()

    @pytest.mark.parametrize("said", [["whatsapp"], [{}], ["EMAIL"], [True]])
    def test_is_not_given_for_a_channel_that_is_not_named_exactly(self, said: object) -> None:
        traits = read_traits({"marketing_consent": said})

        assert traits.consent == frozenset()
        assert traits.problems == (
            "marketing_consent: something is left out; the channels are email, push, sms",
        )

    @pytest.mark.parametrize("said", ["true", 1, {"email": True}])
    def test_is_neither_given_nor_refused_by_anything_else(self, said: object) -> None:
        traits = read_traits({"marketing_consent": said})

        assert traits.consent is None


class TestLocale:
    @pytest.mark.parametrize(
        ("said", "locale"),
        [
            ("en", "en"),
            ("DE_de", "de-DE"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("de_DE.UTF-8", "de-DE"),
            ("en-US-u-ca-gregory", "en-US"),
        ],
    )
    def test_is_written_the_bcp_47_way(self, said: str, locale: str) -> None:
        assert read_traits({"locale": said}).locale == locale
