from hypothesis import given
from hypothesis import strategies as st

from domain.ids import fitting, message_id, new_customer_id, new_run_id, workflow_id


class TestNewIds:
    def test_tell_what_they_are_of(self) -> None:
        assert new_customer_id().startswith("cus_")
        assert new_run_id().startswith("run_")

    def test_are_never_the_same(self) -> None:
        assert len({new_run_id() for _ in range(1_000)}) == 1_000


class TestTheIdOfAMessage:
    def test_is_the_same_however_often_it_is_asked(self) -> None:
        assert message_id("run_1", "incentive", 1) == "msg_515a70c6e34b5eba8e86c702c882b677"

    def test_differs_by_run_step_and_occurrence(self) -> None:
        ids = {
            message_id("run_1", "incentive", 1),
            message_id("run_2", "incentive", 1),
            message_id("run_1", "last-look", 1),
            message_id("run_1", "incentive", 2),
        }

        assert len(ids) == 4


class TestTheIdOfAWorkflow:
    def test_can_be_read_in_temporals_interface(self) -> None:
        assert workflow_id("win-back", "cus_1", "run_1") == "win-back/cus_1/run_1"


class TestAnIdMadeElsewhere:
    def test_is_kept_as_it_is_when_it_fits(self) -> None:
        assert fitting("x" * 255) == "x" * 255

    @given(st.text(st.characters(codec="utf-8"), min_size=256, max_size=600))
    def test_always_fits(self, long: str) -> None:
        assert len(fitting(long)) == 255

    def test_stays_different_from_others_wherever_they_differ(self) -> None:
        same = "x" * 10_000

        assert len({fitting(f"{same}a"), fitting(f"{same}b"), fitting(f"a{same}")}) == 3
