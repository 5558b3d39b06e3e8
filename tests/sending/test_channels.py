"""The choice of channel by settings."""

from contextlib import aclosing
from pathlib import Path

import pytest

from domain.errors import Invalid
from sending.channels import open_channel


class TestOpenChannel:
    @pytest.mark.parametrize("sender", ["outbox", "sendgrid", "smtp"])
    async def test_opens_the_channel_of_that_name(self, sender: str, tmp_path: Path) -> None:
        channel = open_channel(
            sender,
            outbox=tmp_path,
            sendgrid_api_key="SG.key",
            smtp_url="smtp://mail.example",
        )

        async with aclosing(channel):
            assert channel.name == sender

    @pytest.mark.parametrize(
        ("sender", "setting"),
        [
            ("pigeon", "DORMOUSE_SENDER"),
            ("sendgrid", "DORMOUSE_SENDGRID_API_KEY"),
            ("smtp", "DORMOUSE_SMTP_URL"),
        ],
    )
    def test_names_the_setting_that_is_missing(
        self, sender: str, setting: str, tmp_path: Path
    ) -> None:
        with pytest.raises(Invalid, match=setting):
            open_channel(sender, outbox=tmp_path)
