import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import DormouseError
from local.credentials import keep, recall, secret_of
from local.instance import AlreadyRunning, Leftover, NotOurs, only_instance

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class TestTheOnlyInstance:
    def test_of_a_folder_refuses_a_second_and_tells_its_pid(self, tmp_path: Path) -> None:
        folder = tmp_path / "state"

        with (
            only_instance(folder),
            pytest.raises(AlreadyRunning) as refusal,
            only_instance(folder),
        ):
            pass

        assert str(refusal.value) == (
            f"Dormouse already runs with the data folder {folder} (pid {os.getpid()}): stop it "
            f"first (kill {os.getpid()}), or set DORMOUSE_DATA_DIR to another folder."
        )

    def test_leaves_the_folder_to_the_next(self, tmp_path: Path) -> None:
        with only_instance(tmp_path):
            pass

        with only_instance(tmp_path) as next_one:
            assert next_one.stop_leftovers() == []

    def test_stops_what_a_killed_one_left_running(self, tmp_path: Path) -> None:
        with subprocess.Popen(SLEEP) as child:
            with only_instance(tmp_path) as killed:
                killed.remember({"worker": child.pid})

            with only_instance(tmp_path) as next_one:
                assert next_one.stop_leftovers() == [Leftover("worker", child.pid)]
                assert next_one.stop_leftovers() == []

            assert child.wait() == -signal.SIGTERM

    def test_spares_a_stranger_who_was_given_the_same_pid(self, tmp_path: Path) -> None:
        with subprocess.Popen(SLEEP) as stranger:
            record = f'[{{"name": "worker", "pid": {stranger.pid}, "birth": "another boot/1"}}]'
            (tmp_path / "processes.json").write_text(record)

            with only_instance(tmp_path) as instance:
                assert instance.stop_leftovers() == []

            assert stranger.poll() is None
            stranger.kill()

    def test_forgets_what_ended_by_itself(self, tmp_path: Path) -> None:
        with subprocess.Popen(SLEEP) as child, only_instance(tmp_path) as instance:
            instance.remember({"worker": child.pid})
            child.kill()
            child.wait()

            assert instance.stop_leftovers() == []

    def test_empties_its_folder_and_stays_the_only_one(self, tmp_path: Path) -> None:
        with only_instance(tmp_path) as instance:
            (tmp_path / "logs").mkdir()
            (tmp_path / "logs" / "worker.log").touch()
            (tmp_path / "dormouse.db").touch()

            instance.empty()

            assert [entry.name for entry in tmp_path.iterdir()] == ["lock"]
            with pytest.raises(AlreadyRunning), only_instance(tmp_path):
                pass

    def test_will_not_empty_a_folder_that_was_never_dormouses(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").touch()

        with (
            pytest.raises(NotOurs, match="is not empty and not Dormouse's"),
            only_instance(tmp_path, to_empty=True),
        ):
            pass

    def test_says_when_the_folder_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with (
            pytest.raises(DormouseError, match=r"Cannot use the data folder .*DORMOUSE_DATA_DIR"),
            only_instance(tmp_path / "file" / "state"),
        ):
            pass


class TestTheSecretKey:
    def test_is_made_once_and_stays(self, tmp_path: Path) -> None:
        secret = secret_of(tmp_path)

        assert len(secret) >= 32
        assert secret_of(tmp_path) == secret

    def test_is_for_its_owners_eyes_only(self, tmp_path: Path) -> None:
        secret_of(tmp_path)

        assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600

    def test_of_two_folders_differ(self, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()

        assert secret_of(tmp_path) != secret_of(tmp_path / "other")


class TestWhatIsKept:
    def test_replaces_what_was_kept_before(self, tmp_path: Path) -> None:
        keep(tmp_path / "api.key", "old")

        keep(tmp_path / "api.key", "new")

        assert recall(tmp_path / "api.key") == "new"

    def test_is_nothing_at_first(self, tmp_path: Path) -> None:
        assert recall(tmp_path / "api.key") is None
