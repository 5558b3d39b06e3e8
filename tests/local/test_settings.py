from pathlib import Path

import pytest

from config import Settings, WrongSetting, doubts, read_settings
from tests.fakes.sendgrid_signer import EventSigner

SHORT = "hunter2-short"
FULL = "correct horse battery staple, and more"


class TestAWrongSetting:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("port", "70000", "must be less than or equal to 65535 (got '70000')."),
            ("sender", "mail", "must be 'outbox', 'sendgrid' or 'smtp' (got 'mail')."),
            ("shop_country", "gb", "must be two capital letters like GB or DE (got 'gb')."),
            (
                "shop_currency",
                "EU",
                "must be three capital letters like GBP or EUR (got 'EU').",
            ),
            ("shop_name", " ", "must say something (got ' ')."),
            (
                "build_id",
                "1:2",
                "must be letters and digits with ., - or _ between, like 1.2.0 (got '1:2').",
            ),
            *(
                (
                    "trusted_proxies",
                    value,
                    (
                        "must be addresses or networks with commas between, like 10.71.0.0/24 "
                        f"(got {value!r})."
                    ),
                )
                for value in ("nonsense", "10.71.0.1/24", "127.0.0.1,,10.0.0.1")
            ),
            (
                "sendgrid_webhook_keys",
                f"{EventSigner().public_key},garbage",
                "key 2 is no public key: copy it again from SendGrid's Signed Event Webhook.",
            ),
        ],
    )
    def test_is_told_with_what_it_must_be(self, name: str, value: str, sentence: str) -> None:
        with pytest.raises(WrongSetting) as raised:
            read_settings(_env_file=None, **{name: value})

        assert str(raised.value) == f"DORMOUSE_{name.upper()} is wrong: {sentence}"

    def test_is_not_shown_when_it_is_secret(self) -> None:
        with pytest.raises(WrongSetting) as raised:
            read_settings(_env_file=None, secret_key=SHORT)

        assert str(raised.value) == "DORMOUSE_SECRET_KEY is wrong: must have 32 characters or more."
        assert SHORT not in str(raised.value.__cause__)

    def test_leaves_other_secrets_out_of_the_message(self) -> None:
        with pytest.raises(WrongSetting) as raised:
            read_settings(_env_file=None, secret_key=FULL, sender="sendgrid")

        assert str(raised.value) == "DORMOUSE_SENDER=sendgrid needs DORMOUSE_SENDGRID_API_KEY."


class TestASetting:
    @pytest.mark.parametrize("name", Settings.model_fields)
    def test_counts_as_unset_when_it_is_empty(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"DORMOUSE_{name.upper()}", "")

        settings = read_settings(_env_file=None)

        assert getattr(settings, name) == Settings.model_fields[name].default

    def test_that_is_empty_in_the_environment_sets_aside_that_of_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("DORMOUSE_BUILD_ID=1.2.0\n")
        monkeypatch.setenv("DORMOUSE_BUILD_ID", "")

        settings = read_settings(_env_file=tmp_path / ".env")

        assert settings.build_id == ""

    @pytest.mark.parametrize("proxies", ["*", "127.0.0.1", "10.71.0.0/24, ::1"])
    def test_names_proxies_as_uvicorn_takes_them(self, proxies: str) -> None:
        assert read_settings(_env_file=None, trusted_proxies=proxies).trusted_proxies == proxies


class TestAVariableThatIsNoSetting:
    def test_is_told_with_the_one_that_was_meant(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text("DORMOUSE_SHOP_NMAE=Hazel\nRELEASE=1.0.0\n")
        monkeypatch.setenv("DORMOUSE_WINTER", "long")

        assert doubts() == [
            (
                "DORMOUSE_SHOP_NMAE is no setting and changes nothing: did you mean "
                "DORMOUSE_SHOP_NAME?"
            ),
            (
                "DORMOUSE_WINTER is no setting and changes nothing: docs/settings.md lists those "
                "that there are."
            ),
        ]

    def test_is_no_matter_when_it_is_for_debugging_and_tests(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DORMOUSE_DEBUG", "1")
        monkeypatch.setenv("DORMOUSE_TEST_CLUSTER", "1")

        assert doubts() == []
