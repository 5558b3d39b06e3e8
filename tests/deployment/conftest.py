"""A real Temporal server for the tests of this folder, started once."""

from collections.abc import Iterator

import pytest

from tests.fakes.temporal_server import temporal_server


@pytest.fixture(scope="package")
def temporal() -> Iterator[str]:
    """The server's address."""
    with temporal_server() as address:
        yield address
