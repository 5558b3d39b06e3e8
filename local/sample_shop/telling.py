"""One telling of all stories: what happens by itself, and how customers answer mails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from local.pacing import Moment
from local.sample_shop.customers import CUSTOMERS
from local.sample_shop.script import Script, Shop

#: Continues a customer's script because of a mail (as the gateway shows it).
Answer = Callable[[Script, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that a customer may answer: to whom, of which journey and step."""

    customer: str
    journey: str
    step: str


@dataclass(frozen=True, slots=True)
class DirectStart:
    """A journey that the shop's backend starts itself."""

    after: timedelta
    customer: str
    journey: str
    idempotency_key: str


@dataclass(slots=True)
class Telling:
    """Collects what the stories tell."""

    shop: Shop
    direct_starts: list[DirectStart] = field(default_factory=list)
    #: Mails whose unsubscribe link is used, and how long after they came.
    unsubscribes: dict[Mail, timedelta] = field(default_factory=dict)
    _scripts: list[Script] = field(default_factory=list)
    _of_customer: dict[str, Script] = field(default_factory=dict)
    _answers: dict[Mail, Answer] = field(default_factory=dict)

    def of(self, customer: str, *, day: float, anonymous: bool = False) -> Script:
        """The script of a customer from this day on; negative days are history."""
        script = Script(
            self.shop,
            CUSTOMERS[customer],
            now=timedelta(days=day),
            anonymous_id=f"browser-of-{customer}" if anonymous else None,
        )
        self._scripts.append(script)
        self._of_customer[customer] = script
        return script

    def when_mailed(self, customer: str, journey: str, step: str) -> Callable[[Answer], Answer]:
        """Decorates what a customer does once this mail has come."""

        def remember(answer: Answer) -> Answer:
            self._answers[Mail(customer, journey, step)] = answer
            return answer

        return remember

    def unsubscribes_on(self, customer: str, journey: str, step: str, **after: float) -> None:
        """The customer uses the unsubscribe link of this mail, some time after it came."""
        self.unsubscribes[Mail(customer, journey, step)] = timedelta(**after)

    def starts(self, journey: str, customer: str, *, day: float, key: str) -> None:
        """The shop's backend starts a journey directly."""
        after = timedelta(days=day)
        self.direct_starts.append(
            DirectStart(after, customer, journey, f"{key}{self.shop.edition}")
        )

    @property
    def mails_answered(self) -> set[Mail]:
        """All mails that somebody does something about."""
        return {*self._answers, *self.unsubscribes}

    def answer_to(self, mail: Mail, shown: Mapping[str, Any]) -> list[Moment]:
        """What the customer does because of `mail`; times count from its coming."""
        if not (answer := self._answers.get(mail)):
            return []
        script = self._of_customer[mail.customer].continued()
        answer(script, shown)
        self._of_customer[mail.customer] = script
        return script.moments

    def history(self) -> list[Moment]:
        """What happened before the shop connected Dormouse, in order of time."""
        return [moment for moment in self._in_order() if moment.after < timedelta()]

    def moments(self) -> list[Moment]:
        """What happens by itself, in order of time; first of all, everybody is introduced."""
        return [moment for moment in self._in_order() if moment.after >= timedelta()]

    def _in_order(self) -> list[Moment]:
        told = [moment for script in self._scripts for moment in script.moments]
        return sorted(told, key=lambda moment: moment.after)
