"""The outbox: mails that stay on this machine, each a file that any mail program opens."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater
from sending.composing import compose
from sending.grouping import Grouped
from sending.soundness import flaw

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_FOR_US_ALONE: Final = 0o600


class OutboxChannel:
    """Writes each mail to `<folder>/<message id>.eml`, and a mail sent again only once."""

    name = "outbox"
    repeats_are_safe = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = Grouped(self._keep_all, alone=self._keep_alone)

    async def send(self, mail: Mail) -> Receipt:
        """Write the mail to disk; TryLater when the disk is full or the folder not writable."""
        if reason := flaw(mail):
            return Rejected(reason)
        return await self._writing.do(mail)

    async def aclose(self) -> None:
        """Nothing to give back: no file stays open."""

    async def _keep_alone(self, mail: Mail) -> Receipt:
        [receipt] = await self._keep_all([mail])
        return receipt

    async def _keep_all(self, mails: Sequence[Mail]) -> Sequence[Receipt]:
        written_at = datetime.now(UTC)
        files = {mail.message_id: compose(mail, sent_at=written_at) for mail in mails}
        receipts = await asyncio.to_thread(self._keep, files)
        return [receipts[mail.message_id] for mail in mails]

    def _keep(self, files: dict[str, bytes]) -> dict[str, Receipt]:
        try:
            with self._opened() as folder:
                receipts = {name: self._keep_one(folder, name, files[name]) for name in files}
                # The renames themselves must survive a power cut, too: once for all of a group.
                os.fsync(folder)
        except OSError as error:
            receipts = dict.fromkeys(files, self._not_written(error))
        return receipts

    @contextmanager
    def _opened(self) -> Iterator[int]:
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            yield folder
        finally:
            os.close(folder)

    def _keep_one(self, folder: int, message_id: str, content: bytes) -> Receipt:
        try:
            _write_once(folder, f"{message_id}.eml", content)
        except OSError as error:
            return self._not_written(error)
        return Accepted(message_id)

    def _not_written(self, error: OSError) -> TryLater:
        return TryLater(
            f"The outbox {self._folder} cannot be written ({error.strerror}): make it "
            "writable, free some space, or set DORMOUSE_DATA_DIR to another folder."
        )


def _write_once(folder: int, name: str, content: bytes) -> None:
    if os.access(name, os.F_OK, dir_fd=folder):
        return
    # Under another suffix, so that whoever lists *.eml never meets half a mail.
    draft = f"{name}.{token_hex(8)}.draft"
    try:
        _write(os.open(draft, _NEW, _FOR_US_ALONE, dir_fd=folder), content)
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise


def _write(descriptor: int, content: bytes) -> None:
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
