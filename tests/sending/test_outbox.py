"""What is particular to the outbox: files that any mail program opens, never half of one."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

from sending.channel import Accepted, TryLater
from sending.outbox import OutboxChannel
from tests.fakes.mail import a_mail


class TestOutbox:
    async def test_names_each_file_by_its_message(self, tmp_path: Path) -> None:
        await OutboxChannel(tmp_path / "deep" / "outbox").send(a_mail(message_id="msg_1"))

        assert [path.name for path in _files(tmp_path)] == ["msg_1.eml"]

    async def test_keeps_the_first_copy_of_a_mail_sent_twice(self, tmp_path: Path) -> None:
        channel = OutboxChannel(tmp_path)

        first = await channel.send(a_mail(subject="First"))
        second = await channel.send(a_mail(subject="Second"))

        assert first == second == Accepted("msg_0b54c9a2")
        [path] = _files(tmp_path)
        assert message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] == "First"

    async def test_writes_one_whole_mail_when_it_is_sent_twice_at_once(
        self, tmp_path: Path
    ) -> None:
        channel = OutboxChannel(tmp_path)

        await asyncio.gather(*(channel.send(a_mail(text="word\n" * 10_000)) for _ in range(10)))

        [path] = _files(tmp_path)
        assert path.read_bytes().count(b"word\r\n") == 10_000

    async def test_keeps_each_of_many_that_are_sent_at_once(self, tmp_path: Path) -> None:
        channel = OutboxChannel(tmp_path)

        receipts = await asyncio.gather(
            *(channel.send(a_mail(message_id=f"msg_{number}")) for number in range(50))
        )

        assert receipts == [Accepted(f"msg_{number}") for number in range(50)]
        assert sorted(path.stem for path in _files(tmp_path)) == sorted(
            f"msg_{number}" for number in range(50)
        )

    async def test_keeps_the_others_when_one_of_many_is_too_large_for_the_disk(
        self, tmp_path: Path
    ) -> None:
        channel = OutboxChannel(tmp_path)

        with _room_for(20_000):
            small, large = await asyncio.gather(
                channel.send(a_mail(message_id="msg_1")),
                channel.send(a_mail(message_id="msg_2", text="word\n" * 10_000)),
            )

        assert small == Accepted("msg_1")
        assert isinstance(large, TryLater)
        assert [path.name for path in _files(tmp_path)] == ["msg_1.eml"]

    async def test_leaves_nothing_behind_when_the_disk_takes_only_half_of_it(
        self, tmp_path: Path
    ) -> None:
        with _room_for(1_000):
            receipt = await OutboxChannel(tmp_path).send(a_mail(text="word\n" * 10_000))

        assert isinstance(receipt, TryLater)
        assert _files(tmp_path) == []

    async def test_says_what_to_do_when_it_cannot_write(self, tmp_path: Path) -> None:
        folder = tmp_path / "outbox"
        folder.write_text("in the way")

        receipt = await OutboxChannel(folder).send(a_mail())

        assert receipt == TryLater(
            f"The outbox {folder} cannot be written (File exists): make it writable, free some "
            "space, or set DORMOUSE_DATA_DIR to another folder."
        )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
