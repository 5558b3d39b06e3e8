from pathlib import Path

import pytest

from local.cluster.postgres import PostgresServer
from local.cluster.schema import TemporalSchema
from local.cluster.steps import StepFailed

#: Tells what it was asked for, and keeps databases as files of a folder.
PROGRAM = """#!/bin/sh
name=$(basename "$0")
for last; do :; done
asked="$*"; asked="${{asked##*-U dormouse }}"
echo "$name ${{asked##*--database }}" >> {folder}/asked
case "$name" in
  psql) test -e "{folder}/has-$8" ;;
  createdb) touch "{folder}/has-$last" ;;
  dropdb) rm -f "{folder}/has-$last" ;;
  tool) test ! -e {folder}/broken ;;
esac
"""


class Machine:
    """A machine whose PostgreSQL and tool are told apart by what they were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("psql", "createdb", "dropdb", "tool"):
            path = folder / name
            path.write_text(PROGRAM.format(folder=folder))
            path.chmod(0o755)
        server = PostgresServer(folder, folder, port=5432, password="secret", owner=None)
        self.schema = TemporalSchema(folder / "tool", server, folder / "setup.log")

    def asked(self) -> list[str]:
        """What was asked since the last time."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines()
        path.unlink()
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class TestTemporalsSchema:
    async def test_is_made_in_two_new_databases(self, machine: Machine) -> None:
        await machine.schema.set_up()

        assert machine.asked() == [
            "psql -d temporal -c ",
            "dropdb temporal",
            "createdb temporal",
            "tool temporal setup-schema --version 0.0",
            "tool temporal update-schema --schema-name postgresql/v12/temporal",
            "psql -d temporal_visibility -c ",
            "dropdb temporal_visibility",
            "createdb temporal_visibility",
            "tool temporal_visibility setup-schema --version 0.0",
            "tool temporal_visibility update-schema --schema-name postgresql/v12/visibility",
        ]

    async def test_is_brought_up_to_date_where_it_is(self, machine: Machine) -> None:
        await machine.schema.set_up()
        machine.asked()

        await machine.schema.set_up()

        assert machine.asked() == [
            "psql -d temporal -c ",
            "tool temporal update-schema --schema-name postgresql/v12/temporal",
            "psql -d temporal_visibility -c ",
            "tool temporal_visibility update-schema --schema-name postgresql/v12/visibility",
        ]

    async def test_forgets_the_roles_of_an_earlier_start(self, machine: Machine) -> None:
        await machine.schema.set_up()
        machine.asked()

        await machine.schema.forget_members()

        assert machine.asked() == ["psql -d temporal -c DELETE FROM cluster_membership"]

    async def test_is_begun_again_when_its_first_set_up_broke_off(self, machine: Machine) -> None:
        (machine.folder / "broken").touch()
        with pytest.raises(StepFailed, match="Temporal's setup-schema for the database temporal"):
            await machine.schema.set_up()
        machine.asked()
        (machine.folder / "broken").unlink()

        await machine.schema.set_up()

        assert machine.asked()[:4] == [
            "dropdb temporal",
            "createdb temporal",
            "tool temporal setup-schema --version 0.0",
            "tool temporal update-schema --schema-name postgresql/v12/temporal",
        ]
