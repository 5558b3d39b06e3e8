"""What `make` does before anything else: fill .venv."""

import asyncio
import shutil
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
#: Makes an environment whose Python notes what it is asked for.
PYTHON = """#!/bin/sh
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$@" >> asked\\n' > .venv/bin/python
chmod +x .venv/bin/python
echo "$@" >> made
"""
#: What an interrupted start leaves: a Python, but no pip.
WITHOUT_PIP = "#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n"
WITH_PIP = '#!/bin/sh\necho "$@" >> asked\n'


def executable(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    executable(tmp_path / "python", PYTHON)
    return tmp_path


async def make(folder: Path) -> int:
    process = await asyncio.create_subprocess_exec(
        *("make", "--silent", ".venv/.ready", "PYTHON=./python"), cwd=folder
    )
    return await process.wait()


class TestTheEnvironment:
    @pytest.mark.parametrize("left", [None, WITHOUT_PIP], ids=["missing", "left without pip"])
    async def test_is_made_anew_when_it_is_not_whole(
        self, checkout: Path, left: str | None
    ) -> None:
        if left:
            executable(checkout / ".venv" / "bin" / "python", left)

        assert await make(checkout) == 0

        assert (checkout / "made").read_text() == "-m venv --clear .venv\n"
        assert "install" in (checkout / "asked").read_text()

    async def test_is_kept_when_it_is_whole(self, checkout: Path) -> None:
        executable(checkout / ".venv" / "bin" / "python", WITH_PIP)

        assert await make(checkout) == 0

        assert not (checkout / "made").exists()
        assert "install" in (checkout / "asked").read_text()
