"""Where the whole-way tests keep their state."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.installation import ON_CLUSTER


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; for a cluster one that PostgreSQL's own user may enter."""
    with folder_to_run_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="class")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same for a class, whose tests use one installation, each with a customer of its own."""
    with folder_to_run_in(tmp_path_factory.mktemp("shared")) as made:
        yield made


@contextmanager
def folder_to_run_in(ours: Path) -> Iterator[Path]:
    if not ON_CLUSTER:
        yield ours
        return
    made = Path(tempfile.mkdtemp(prefix="dormouse-cluster-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
