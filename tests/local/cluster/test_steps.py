import os
import sys
from pathlib import Path

import pytest

from local.cluster.steps import StepFailed, run_step


async def python(code: str, log: Path) -> None:
    await run_step("Counting sheep", [sys.executable, "-c", code], log=log, environment=os.environ)


class TestAStep:
    async def test_leaves_what_it_says_in_its_log(self, tmp_path: Path) -> None:
        log = tmp_path / "logs" / "setup.log"

        await python("print('one')", log)
        await python("print('two')", log)

        assert log.read_text() == "one\ntwo\n"

    async def test_that_fails_is_told_with_its_last_words(self, tmp_path: Path) -> None:
        log = tmp_path / "setup.log"

        with pytest.raises(StepFailed) as failure:
            await python("import sys; print('no more sheep'); sys.exit(1)", log)

        assert str(failure.value) == f"Counting sheep failed (no more sheep): see {log}."

    async def test_that_fails_without_a_word_is_told_with_its_code(self, tmp_path: Path) -> None:
        log = tmp_path / "setup.log"

        with pytest.raises(StepFailed, match=r"Counting sheep failed \(code 3\): see "):
            await python("import sys; sys.exit(3)", log)
