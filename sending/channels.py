"""The choice of channel: which one carries the mail of this installation."""

from pathlib import Path

from domain.errors import Invalid
from sending.channel import Channel
from sending.outbox import OutboxChannel
from sending.sendgrid import SendGridChannel
from sending.smtp import SmtpChannel


def open_channel(
    sender: str,
    *,
    outbox: Path,
    sendgrid_api_key: str | None = None,
    sendgrid_url: str = "https://api.sendgrid.com",
    smtp_url: str | None = None,
) -> Channel:
    """The channel named `sender`: `sendgrid`, `smtp`, or `outbox` (the folder for mails).

    Connects to nobody yet. Raises Invalid, naming the setting, when something it needs is missing.
    """
    match sender:
        case "sendgrid":
            return SendGridChannel(sendgrid_api_key or "", url=sendgrid_url)
        case "smtp":
            return SmtpChannel(smtp_url or "")
        case "outbox":
            return OutboxChannel(outbox)
    raise Invalid(
        f"There is no sender {sender!r}: set DORMOUSE_SENDER to outbox, sendgrid or smtp.",
        field="sender",
    )
