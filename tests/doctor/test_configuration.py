from pathlib import Path
from typing import Any

import pytest

from doctor.configuration import look_at_mails, look_at_settings
from tests.doctor.conftest import Configured, told
from tests.fakes.sendgrid_signer import EventSigner

MAKE_ONE = "`python -c 'import secrets; print(secrets.token_hex(32))'`"
SENDGRID = {"sender": "sendgrid", "sendgrid_api_key": "SG.key"}


class TestSettingsAsTheyShouldBe:
    def test_need_nothing(self, configured: Configured) -> None:
        findings = told(look_at_settings(configured()))

        assert findings == {
            "secret key": ("ok", "DORMOUSE_SECRET_KEY is set and looks random."),
            "shop": ("ok", "Mails come from Hazel & Co <hello@shop.example>."),
            "time": ("ok", "Journeys run at the pace of real life."),
            "sender": ("ok", "Mails leave by smtp."),
        }

    def test_come_with_a_sound_mail_for_every_step(self, configured: Configured) -> None:
        findings = told(look_at_mails(configured()))

        assert findings == {"mails": ("ok", "Every step of every journey has a sound mail.")}

    def test_let_sendgrids_reports_be_verified(self, configured: Configured) -> None:
        keys = (EventSigner().public_key, EventSigner().public_key)

        findings = told(look_at_settings(configured(**SENDGRID, sendgrid_webhook_keys=keys)))

        assert findings["webhook"] == ("ok", "SendGrid's reports can be verified.")


class TestASecretKeyMadeByUp:
    def test_is_fine_for_one_machine(self, configured: Configured, tmp_path: Path) -> None:
        made = tmp_path / "secret.key"
        made.write_text("drawn")

        findings = told(look_at_settings(configured(secret_key=None)))

        assert findings["secret key"] == (
            "ok",
            (
                f"`dormouse up` made one, {made}: fine while it runs everything; gateways and "
                "workers started by themselves need DORMOUSE_SECRET_KEY."
            ),
        )

    def test_is_none_for_those_who_share_a_database(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        (tmp_path / "secret.key").write_text("drawn")

        shared = configured(secret_key=None, database_url="postgresql://shop.example/dormouse")

        assert told(look_at_settings(shared))["secret key"][0] == "failed"


class TestSettingsThatAreWrong:
    @pytest.mark.parametrize(
        ("changes", "check", "verdict", "says"),
        [
            (
                {"secret_key": None},
                "secret key",
                "failed",
                (
                    f"DORMOUSE_SECRET_KEY is missing: make one with {MAKE_ONE}, the same for every "
                    "gateway and worker."
                ),
            ),
            (
                {"secret_key": "dormouse" * 4},
                "secret key",
                "failed",
                f"DORMOUSE_SECRET_KEY can be guessed: make a random one with {MAKE_ONE}.",
            ),
            (
                {
                    "shop_postal_address": "Dormouse Shop, 1 Hazel Lane, 12345 Woodland",
                    "shop_from": "Dormouse Shop <hello@shop.example>",
                },
                "shop",
                "failed",
                (
                    "Mails would show the sample shop: set DORMOUSE_SHOP_POSTAL_ADDRESS, "
                    "DORMOUSE_SHOP_FROM."
                ),
            ),
            (
                {"time_scale": 20_000},
                "time",
                "failed",
                "Journeys run 20000 times too fast: set DORMOUSE_TIME_SCALE to 1.",
            ),
            (
                {"sender": "outbox"},
                "sender",
                "warning",
                (
                    "Mails stay in the outbox and reach nobody: set DORMOUSE_SENDER to sendgrid or "
                    "smtp."
                ),
            ),
            (
                {"smtp_url": "smtp://mailpit:1025"},
                "sender",
                "warning",
                (
                    "Mails go to the mail catcher mailpit and reach nobody: set DORMOUSE_SENDER to "
                    "sendgrid, or DORMOUSE_SMTP_URL to your mail server."
                ),
            ),
            (
                SENDGRID,
                "webhook",
                "warning",
                (
                    "Bounces and clicks are not heard of: set DORMOUSE_SENDGRID_WEBHOOK_KEYS to "
                    "the public key of SendGrid's Signed Event Webhook."
                ),
            ),
        ],
    )
    def test_are_named_with_the_cure(
        self, configured: Configured, changes: dict[str, Any], check: str, verdict: str, says: str
    ) -> None:
        findings = told(look_at_settings(configured(**changes)))

        assert findings[check] == (verdict, says)
