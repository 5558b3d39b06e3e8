"""What happens in the demo, a line each; and at the end a summary."""

from collections import Counter
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.pace import Pace
from local.sample_shop.customers import CUSTOMERS
from local.watching import Change, MessageChanged, RunBegan, RunEnded, Shown

#: What customers do that changes a story; a page view alone is not worth a line.
_TOLD = {
    "Email Link Clicked": "clicks the mail's button",
    "Order Completed": "orders",
    "Order Refunded": "sends the order back",
    "Product Reviewed": "writes a review",
    "Product Added": "puts something into the cart",
    "Product Removed": "takes something out of the cart",
}
_COLOURS = {"accepted": "green", "delivered": "green", "skipped": "yellow", "held": "yellow"}
_SUBJECT_SHOWN = 46


class LiveLines:
    """Prints one line for each thing that happens, and counts for the summary."""

    def __init__(self, console: Console, *, scale: float) -> None:
        self._console = console
        self._pace = Pace(scale)
        self._began_at = datetime.now(UTC)
        self._runs: dict[str, Shown] = {}
        self._mails: dict[str, Shown] = {}
        self._is_summarised = False

    def show(self, change: Change) -> None:
        """Something changed about a run or a message."""
        match change:
            case RunBegan(run):
                self._runs[run["id"]] = run
                self._line(_name(run), run["journey"], Text("begins", style="cyan"))
            case RunEnded(run):
                self._runs[run["id"]] = run
                self._line(_name(run), run["journey"], Text(f"ends: {_end(run)}", style="magenta"))
            case MessageChanged(message, run):
                self._mails[message["id"]] = message
                if message["status"] != "sending":
                    self._line(_name(run), message["journey"], _outcome(message))

    def happened(self, who: str, event: str) -> None:
        """A customer did something."""
        if event in _TOLD:
            self.told(who, _TOLD[event])

    def told(self, who: str, sentence: str) -> None:
        """Something else worth a line."""
        self._line(who, "", Text(sentence, style="dim"))

    def summarise(self) -> None:
        """Print, once, the runs by journey and how they ended, and the mails by step."""
        if self._is_summarised:
            return
        self._is_summarised = True
        heading = Text(f"\nAfter {self._day()} days of the shop's time", style="bold")
        self._console.print(heading, "", self._runs_table(), "", self._mails_table(), "", sep="\n")

    def _line(self, who: str, journey: str, what: Text) -> None:
        line = Text.assemble(
            (f"{datetime.now().astimezone():%H:%M:%S}", "dim"),
            (f"  day {self._day():>2}  ", "dim"),
            f"{who:<9} {journey:<19}",
            what,
        )
        self._console.print(line, soft_wrap=True)

    def _day(self) -> int:
        return self._pace.virtual(datetime.now(UTC) - self._began_at).days

    def _runs_table(self) -> Table:
        table = Table("JOURNEY", "RUNS", "HOW THEY ENDED", box=None, pad_edge=False)
        ends = Counter((run["journey"], _end(run)) for run in self._runs.values())
        for journey in sorted({journey for journey, _ in ends}):
            told = {end: count for (of, end), count in ends.most_common() if of == journey}
            words = ", ".join(f"{end} {count}" for end, count in told.items())
            table.add_row(journey, str(sum(told.values())), words)
        return table

    def _mails_table(self) -> Table:
        table = Table("JOURNEY", "STEP", "MAILS", box=None, pad_edge=False)
        counts = Counter((m["journey"], m["step"], m["status"]) for m in self._mails.values())
        steps = sorted({(journey, step) for journey, step, _ in counts})
        for journey, step in steps:
            told = [f"{status} {n}" for (*of, status), n in counts.items() if of == [journey, step]]
            table.add_row(journey, step, ", ".join(told))
        return table


def _name(run: Shown) -> str:
    """Whom a run is about, as far as the shop knows them."""
    customer_id = run.get("customer_id") or "?"
    known = CUSTOMERS.get(customer_id)
    return known.first_name if known else customer_id


def _end(run: Shown) -> str:
    """How a run ended, as far as is known."""
    if not run["ended_at"]:
        return "still running"
    return str(run["exit_reason"] or run["status"])


def _outcome(message: Shown) -> Text:
    status, reason = message["status"], message["reason"]
    return Text.assemble(
        f"{message['step']} → ",
        (status, _COLOURS.get(status, "red")),
        f" ({reason})" if reason else "",
        (f"  {_shortened(message['subject'])}", "dim"),
    )


def _shortened(subject: str | None) -> str:
    if not subject:
        return ""
    return subject if len(subject) <= _SUBJECT_SHOWN else f"{subject[: _SUBJECT_SHOWN - 1]}…"
