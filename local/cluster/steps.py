"""Commands that run from beginning to end while a cluster is being made."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from domain.errors import DormouseError
from local.programs import tail

_PATIENCE: Final = timedelta(minutes=3)


class StepFailed(DormouseError):
    """A command that prepares the cluster failed; the message has its last words and its log."""


async def run_step(
    what: str, command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str]
) -> None:
    """Run `command` to its end, its output appended to `log`; raises StepFailed, named `what`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
        )
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            code = await process.wait()
    except TimeoutError:
        raise StepFailed(f"{what} did not end within {_PATIENCE}: see {log}.") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
            await process.wait()
    if code:
        raise StepFailed(f"{what} failed ({tail(log) or f'code {code}'}): see {log}.")
