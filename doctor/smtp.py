"""What the mail server tells; no mail leaves."""

import ssl
from collections.abc import AsyncGenerator

from config import Settings
from doctor.findings import Finding, failed, ok, warning
from domain.errors import DormouseError
from sending.smtp import SmtpChannel


async def look_at_smtp(
    settings: Settings, *, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Finding, None]:
    """Whether the mail server lets us in, and whether others can read what we hand over.

    `tls` says which certificates to trust instead of the system's.
    """
    assert settings.smtp_url is not None  # noqa: S101 - the settings see to it
    channel: SmtpChannel | None = None
    try:
        channel = SmtpChannel(settings.smtp_url.get_secret_value(), tls=tls)
        visit = await channel.visit()
    except DormouseError as error:
        yield failed("smtp", str(error))
    else:
        if visit.is_encrypted:
            yield ok("smtp", f"The mail server {visit.where} lets us in, encrypted.")
        else:
            yield warning(
                "smtp",
                f"The mail server {visit.where} offers no encryption: mails and password can be "
                "read on the way, unless both stand in one private network.",
            )
    finally:
        if channel:
            await channel.aclose()
