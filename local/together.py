"""Doing several things at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*doings: Coroutine[Any, Any, None]) -> None:
    """Do all of these until all are done; the first failure stops the others and is raised."""
    tasks = [asyncio.create_task(doing) for doing in doings]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
