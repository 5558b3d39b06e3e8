"""The examination: all checks at once, none of which can spoil the others."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from config import Sender, Settings, WrongSetting, read_settings
from doctor.configuration import look_at_mails, look_at_names, look_at_settings
from doctor.database import look_at_database
from doctor.findings import Finding, Verdict, failed
from doctor.gateway import look_at_gateway
from doctor.sendgrid import look_at_sendgrid
from doctor.smtp import look_at_smtp
from doctor.temporal import look_at_temporal

#: Nobody waits longer for one part of the house.
_PATIENCE: Final = 30.0


async def examine_installation() -> list[Finding]:
    """Everything there is to say about this machine's settings and what they lead to."""
    try:
        settings = read_settings()
    except WrongSetting as error:
        return [failed("settings", str(error))]
    return [*look_at_names(), *await examine(settings)]


async def examine(
    settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> list[Finding]:
    """Everything there is to say about a deployment with these settings."""
    parts = {
        "database": look_at_database(settings, now),
        "temporal": look_at_temporal(settings, now),
        "public address": look_at_gateway(settings, now),
    }
    match settings.sender:
        case Sender.SENDGRID:
            parts["sendgrid"] = look_at_sendgrid(settings, now)
        case Sender.SMTP:
            parts["smtp"] = look_at_smtp(settings)
    found = await asyncio.gather(*(_all_of(part, looks) for part, looks in parts.items()))
    own = chain(look_at_settings(settings), look_at_mails(settings))
    return [*own, *chain.from_iterable(found)]


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing has to be mended."""
    return all(finding.verdict is not Verdict.FAILED for finding in findings)


async def _all_of(part: str, looks: AsyncGenerator[Finding, None]) -> list[Finding]:
    """What one part has to say, and that it broke off if it did."""
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(_PATIENCE), aclosing(looks):
            async for finding in looks:
                findings.append(finding)  # noqa: PERF401 - what was found stays, whatever follows
    except TimeoutError:
        findings.append(failed(part, f"This check took longer than {_PATIENCE:g} s: try again."))
    except Exception as error:  # noqa: BLE001 - whatever it was, the other parts are worth telling
        said = " ".join(str(error).split()) or type(error).__name__
        findings.append(failed(part, f"This check broke off ({said}): see the part's own log."))
    return findings
