from local.watching import MessageChanged, RunBegan, RunEnded, View


def run(run_id: str, ended_at: str | None = None) -> dict[str, object]:
    return {"id": run_id, "ended_at": ended_at}


def message(message_id: str, status: str) -> dict[str, object]:
    return {"id": message_id, "run_id": "r-1", "status": status}


class TestChanges:
    def test_of_an_unchanged_view_are_none(self) -> None:
        view = View({"r-1": run("r-1")}, {"m-1": message("m-1", "accepted")})

        assert list(view.changes_since(view)) == []

    def test_tell_a_whole_short_run_as_a_story(self) -> None:
        ended, sent = run("r-1", "2026-01-01"), message("m-1", "accepted")

        changes = list(View({"r-1": ended}, {"m-1": sent}).changes_since(View()))

        assert changes == [RunBegan(ended), MessageChanged(sent, ended), RunEnded(ended)]

    def test_tell_a_message_again_when_its_status_is_another(self) -> None:
        held, sent = message("m-1", "held"), message("m-1", "accepted")
        before = View({"r-1": run("r-1")}, {"m-1": held})

        changes = list(View({"r-1": run("r-1")}, {"m-1": sent}).changes_since(before))

        assert changes == [MessageChanged(sent, run("r-1"))]

    def test_tell_the_end_of_a_run_once(self) -> None:
        before, ended = View({"r-1": run("r-1")}), View({"r-1": run("r-1", "2026-01-01")})

        assert list(ended.changes_since(before)) == [RunEnded(run("r-1", "2026-01-01"))]
        assert list(ended.changes_since(ended)) == []
