"""A deployment as it should be, and how what is said of another is read."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from doctor.findings import Finding

Configured = Callable[..., Settings]


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """Settings of a shop that is complete, but for what a test changes."""

    def settings(**changes: Any) -> Settings:
        complete = {
            "data_dir": tmp_path,
            "secret_key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "public_url": "https://journeys.shop.example",
            "sender": "smtp",
            "smtp_url": "smtp://mail.shop.example",
            "shop_name": "Hazel & Co",
            "shop_url": "https://hazel.example",
            "shop_postal_address": "Hazel & Co, 2 Oak Lane, Woodland",
            "shop_from": "Hazel & Co <hello@shop.example>",
        }
        return Settings(_env_file=None, **{**complete, **changes})

    return settings


def now() -> datetime:
    return datetime.now(UTC)


def told(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    """Verdict and sentence of each check."""
    return {finding.check: (finding.verdict.value, finding.says) for finding in findings}


async def heard(findings: AsyncIterator[Finding]) -> dict[str, tuple[str, str]]:
    """The same, of checks that ask others."""
    return told([finding async for finding in findings])
