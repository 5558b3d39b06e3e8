"""The outbox: mails that stay on this machine, each a file that any mail program opens."""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkstemp

from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater
from sending.composing import compose
from sending.grouping import Grouped
from sending.soundness import flaw


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
        receipts = {
            message_id: self._keep_one(message_id, files[message_id]) for message_id in files
        }
        try:
            self._settle()
        except OSError as error:
            receipts = dict.fromkeys(files, self._not_written(error))
        return receipts

    def _keep_one(self, message_id: str, content: bytes) -> Receipt:
        try:
            self._write_once(self._folder / f"{message_id}.eml", content)
        except OSError as error:
            return self._not_written(error)
        return Accepted(message_id)

    def _not_written(self, error: OSError) -> TryLater:
        return TryLater(
            f"The outbox {self._folder} cannot be written ({error.strerror}): make it "
            "writable, free some space, or set DORMOUSE_DATA_DIR to another folder."
        )

    def _write_once(self, path: Path, content: bytes) -> None:
        if path.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        # Under another suffix, so that whoever lists *.eml never meets half a mail.
        descriptor, draft = mkstemp(dir=self._folder, suffix=".draft")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            Path(draft).replace(path)
        except OSError:
            Path(draft).unlink()
            raise

    def _settle(self) -> None:
        # The renames themselves must survive a power cut, too: once for all of a group.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
