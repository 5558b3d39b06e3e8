from pathlib import Path

import pytest

from local.cluster.binaries import WrongBinary, find_binaries, version_in

POSTGRESQL = ("postgres", "initdb", "createdb", "dropdb", "psql", "pg_isready")


def program(folder: Path, name: str, says: str) -> None:
    """A program that only tells its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder on the PATH with all that a cluster needs."""
    folder = tmp_path / "bin"
    program(folder, "temporal-server", "temporal version 1.32.2")
    program(folder, "temporal-sql-tool", "temporal-sql-tool version 1.32.2")
    for name in POSTGRESQL:
        program(folder, name, f"{name} (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
    return folder


class TestThePrograms:
    def test_are_found_on_the_path(self, machine: Path) -> None:
        found = find_binaries(str(machine))

        assert found.temporal_server == machine / "temporal-server"
        assert found.temporal_sql_tool == machine / "temporal-sql-tool"
        assert found.postgresql == machine

    def test_need_no_user_interface(self, machine: Path) -> None:
        assert find_binaries(str(machine)).temporal_ui_server is None

    def test_may_have_one(self, machine: Path) -> None:
        program(machine, "temporal-ui-server", "Temporal UI version 2.54.1")

        assert find_binaries(str(machine)).temporal_ui_server == machine / "temporal-ui-server"

    def test_of_postgresql_are_found_where_a_link_leads(
        self, machine: Path, tmp_path: Path
    ) -> None:
        elsewhere = tmp_path / "postgresql" / "bin"
        elsewhere.mkdir(parents=True)
        for name in POSTGRESQL:
            (machine / name).rename(elsewhere / name)
        (machine / "postgres").symlink_to(elsewhere / "postgres")

        assert find_binaries(str(machine)).postgresql == elsewhere

    def test_of_postgresql_are_found_where_debian_keeps_the_newest(
        self, machine: Path, tmp_path: Path
    ) -> None:
        for version in ("9.6", "15", "14"):
            for name in POSTGRESQL:
                program(
                    tmp_path / "debian" / version / "bin", name, f"{name} (PostgreSQL) {version}.1"
                )
        (machine / "postgres").unlink()

        found = find_binaries(str(machine), debian=tmp_path / "debian")

        assert found.postgresql == tmp_path / "debian" / "15" / "bin"


class TestAProgramThatWillNotDo:
    @pytest.mark.parametrize("name", ["temporal-server", "temporal-sql-tool"])
    def test_is_one_that_is_missing(self, machine: Path, name: str) -> None:
        (machine / name).unlink()

        with pytest.raises(WrongBinary) as refusal:
            find_binaries(str(machine))

        assert str(refusal.value) == (
            f"{name} is not on the PATH: install it with go from go.temporal.io/server 1.32 "
            "(docs/how-to/cluster.md says how)."
        )

    def test_is_one_of_a_version_that_was_not_tested(self, machine: Path) -> None:
        program(machine, "temporal-server", "temporal version 1.29.1")

        with pytest.raises(WrongBinary) as refusal:
            find_binaries(str(machine))

        assert str(refusal.value) == (
            f"{machine}/temporal-server is not of the version that the cluster is tested with "
            "(1.32): it says 'temporal version 1.29.1'; put one of 1.32 before it on the PATH "
            "(docs/how-to/cluster.md says how)."
        )

    def test_is_one_that_does_not_run(self, machine: Path) -> None:
        (machine / "temporal-server").write_text("not a program")

        with pytest.raises(WrongBinary, match=r"temporal-server does not run \(.*\): install it"):
            find_binaries(str(machine))

    def test_is_a_postgresql_that_is_too_old(self, machine: Path) -> None:
        program(machine, "postgres", "postgres (PostgreSQL) 13.20")

        with pytest.raises(WrongBinary, match=r"too old, .*PostgreSQL 14 or newer"):
            find_binaries(str(machine))

    def test_is_a_postgresql_without_its_clients(self, machine: Path) -> None:
        (machine / "psql").unlink()
        (machine / "pg_isready").unlink()

        with pytest.raises(WrongBinary) as refusal:
            find_binaries(str(machine))

        assert str(refusal.value) == (
            "PostgreSQL's psql, pg_isready cannot be found: install PostgreSQL 14 or newer, server "
            "and client, or add its bin folder to the PATH."
        )


class TestAVersion:
    @pytest.mark.parametrize(
        ("told", "version"),
        [
            ("temporal version 1.32.0", (1, 32, 0)),
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
            ("postgres (PostgreSQL) 18beta1", ()),
            ("", ()),
        ],
    )
    def test_is_read_from_what_a_program_says(self, told: str, version: tuple[int, ...]) -> None:
        assert version_in(told) == version
