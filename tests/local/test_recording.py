import json
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import DormouseError
from local.recording import BadLine, Recording


def written(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "events.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def message(at: str, **more: object) -> dict[str, object]:
    return {"type": "track", "messageId": at, "timestamp": at, **more}


class TestARecording:
    def test_tells_its_messages_by_the_time_since_the_first(self, tmp_path: Path) -> None:
        path = written(tmp_path, message("2024-01-01T10:00:00Z"), message("2024-01-03T10:00:01Z"))

        recording = Recording.scan(path)

        assert [m.after for m in recording.moments()] == [
            timedelta(),
            timedelta(days=2, seconds=1),
        ]
        assert recording.duration == timedelta(days=2, seconds=1)

    def test_is_in_the_order_of_time_whatever_the_order_of_lines(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            message("2024-01-02T00:00:00Z"),
            message("2024-01-01T00:00:00+02:00"),
            message("2024-01-01T00:00:00Z"),
        )

        recording = Recording.scan(path)

        assert [m.message["messageId"] for m in recording.moments()] == [
            "2024-01-01T00:00:00+02:00",
            "2024-01-01T00:00:00Z",
            "2024-01-02T00:00:00Z",
        ]

    def test_takes_the_original_timestamp_where_there_is_no_other(self, tmp_path: Path) -> None:
        path = written(tmp_path, {"type": "page", "originalTimestamp": "2024-01-01T00:00:00"})

        assert Recording.scan(path).begins_at.isoformat() == "2024-01-01T00:00:00+00:00"

    def test_gives_messages_without_an_id_the_same_one_every_time(self, tmp_path: Path) -> None:
        path = written(tmp_path, *[{"type": "page", "timestamp": "2024-01-01T00:00:00Z"}] * 2)

        first = [m.message["messageId"] for m in Recording.scan(path).moments()]
        again = [m.message["messageId"] for m in Recording.scan(path).moments()]

        assert first == again
        assert len(set(first)) == 2

    def test_reports_bad_lines_by_their_number_and_goes_on(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            message("2024-01-01T00:00:00Z"),
            "{oops",
            "",
            "[1, 2]",
            {"type": "track"},
            message("yesterday"),
            message("2024-01-02T00:00:00Z"),
        )

        recording = Recording.scan(path)

        assert len(recording.places) == 2
        assert recording.bad_lines[1:] == (
            BadLine(4, "not a JSON object"),
            BadLine(5, "it has no timestamp"),
            BadLine(6, "its timestamp 'yesterday' is not ISO 8601"),
        )
        assert recording.bad_lines[0].number == 2
        assert recording.bad_lines[0].reason.startswith("not JSON")

    def test_of_an_empty_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DormouseError, match="is empty: it should hold one Segment message"):
            Recording.scan(written(tmp_path))

    def test_of_a_file_without_messages_names_the_first_bad_line(self, tmp_path: Path) -> None:
        with pytest.raises(DormouseError, match="line 1 is not a JSON object"):
            Recording.scan(written(tmp_path, "7"))

    def test_of_a_missing_file_names_it(self, tmp_path: Path) -> None:
        with pytest.raises(DormouseError, match=r"Cannot read .*nowhere.jsonl"):
            Recording.scan(tmp_path / "nowhere.jsonl")
