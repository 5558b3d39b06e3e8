"""Where the whole-way tests keep their state."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.installation import ON_CLUSTER


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; for a cluster one that PostgreSQL's own user may enter."""
    if not ON_CLUSTER:
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="dormouse-cluster-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
