"""A deployment as it should be, and how what is said of another is read."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from doctor.findings import Finding
from tests.fakes.operated import Server
from tests.fakes.temporal_server import SOON_STUCK, temporal_server

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


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A Temporal server that nobody has prepared yet."""
    with temporal_server(is_prepared=False, tuning=[SOON_STUCK]) as address:
        yield Server(address)


@pytest.fixture(scope="package")
def shop(server: Server) -> str:
    """A namespace that has all that runs need."""
    server.is_prepared("shop")
    return "shop"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, server: Server, shop: str) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", shop)
