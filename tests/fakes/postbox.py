"""A channel that keeps what it gets, and answers what the test wants."""

from dataclasses import dataclass, field

from sending.channel import Accepted, Mail, Receipt


@dataclass
class Postbox:
    """Takes every mail, unless `answers` holds something else to say first."""

    answers: list[Receipt] = field(default_factory=list)
    #: Answered whenever `answers` is empty; None accepts.
    always: Receipt | None = None
    mails: list[Mail] = field(default_factory=list)
    attempts: int = 0
    name: str = "postbox"
    repeats_are_safe: bool = False

    async def send(self, mail: Mail) -> Receipt:
        self.attempts += 1
        receipt = (
            self.answers.pop(0) if self.answers else self.always or Accepted(f"p{len(self.mails)}")
        )
        if isinstance(receipt, Accepted):
            self.mails.append(mail)
        return receipt

    async def aclose(self) -> None:
        """Nothing is open."""
