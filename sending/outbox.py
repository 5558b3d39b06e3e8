"""The outbox: mails that stay on this machine, each a file that any mail program opens."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from sending.channel import Accepted, Mail, Receipt, Rejected, TryLater
from sending.composing import compose
from sending.soundness import flaw


class OutboxChannel:
    """Writes each mail to `<folder>/<message id>.eml`, and a mail sent again only once."""

    name = "outbox"
    repeats_are_safe = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail: Mail) -> Receipt:
        """Write the mail to disk; TryLater when the disk is full or the folder not writable."""
        if reason := flaw(mail):
            return Rejected(reason)
        content = bytes(compose(mail, sent_at=datetime.now(UTC)))
        return await asyncio.to_thread(self._keep, mail.message_id, content)

    async def aclose(self) -> None:
        """Nothing to give back: no file stays open."""

    def _keep(self, message_id: str, content: bytes) -> Receipt:
        try:
            self._write_once(self._folder / f"{message_id}.eml", content)
        except OSError as error:
            return TryLater(
                f"The outbox {self._folder} cannot be written ({error.strerror}): make it "
                "writable, free some space, or set DORMOUSE_DATA_DIR to another folder."
            )
        return Accepted(message_id)

    def _write_once(self, path: Path, content: bytes) -> None:
        if path.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        # Under another suffix, so that whoever lists *.eml never meets half a mail.
        with NamedTemporaryFile(dir=self._folder, suffix=".draft", delete=False) as draft:
            try:
                draft.write(content)
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).replace(path)
            except OSError:
                Path(draft.name).unlink()
                raise
        self._settle()

    def _settle(self) -> None:
        # The rename itself must survive a power cut, too.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
