"""Large groups are parted by whom they are about."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from domain.incoming import Call, Incoming
from intake.parting import apart
from tests.fakes.rows import NOON

ids = st.one_of(st.none(), st.sampled_from("abcdefgh"))


def message(
    number: int, user: str | None, browser: str | None = None, previous: str | None = None
) -> Incoming:
    """A message of somebody."""
    return Incoming(
        f"m-{number}",
        Call.TRACK,
        NOON,
        NOON,
        user_id=user,
        anonymous_id=browser,
        previous_id=previous,
    )


def names(part: Sequence[Incoming]) -> set[tuple[str, str]]:
    """All ids that occur, each as what it may be."""
    found = {("user", m.user_id) for m in part} | {("anonymous", m.anonymous_id) for m in part}
    found |= {(kind, m.previous_id) for m in part for kind in ("user", "anonymous")}
    return {(kind, value) for kind, value in found if value is not None}


class TestParting:
    def test_makes_two_parts_of_many_people(self) -> None:
        parts = apart([message(n, user=f"user-{n}") for n in range(10)])

        assert [len(part) for part in parts] == [5, 5]

    def test_leaves_the_messages_of_one_person_together(self) -> None:
        parts = apart([message(n, user="ada") for n in range(10)])

        assert [len(part) for part in parts] == [10]

    def test_knows_a_person_by_all_names_that_messages_join(self) -> None:
        ada = [message(1, None, "b-1"), message(2, "ada"), message(3, "ada", "b-1")]
        bob = [message(4, None, "b-2"), message(5, "bob"), message(6, "bob", previous="b-2")]

        assert apart([*ada, *bob]) == [ada, bob]

    def test_of_nothing_makes_no_part(self) -> None:
        assert apart([]) == []

    @given(st.lists(st.tuples(ids, ids, ids).filter(lambda told: told[0] or told[1])))
    def test_never_names_anybody_in_both_parts(
        self, told: list[tuple[str | None, str | None, str | None]]
    ) -> None:
        messages = [message(number, *one) for number, one in enumerate(told)]

        parts = apart(messages)

        first, second = [*parts, [], []][:2]
        assert names(first) & names(second) == set()
        order = {m.message_id: number for number, m in enumerate(messages)}
        assert sorted(order[m.message_id] for part in parts for m in part) == [
            *range(len(messages))
        ]
        assert all([*part] == sorted(part, key=lambda m: order[m.message_id]) for part in parts)
