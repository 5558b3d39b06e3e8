from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.messages import MessageKind
from domain.policy import Case, Go, Hold, Skip, decide
from tests.fakes.happenings import NOON

FINE = Case(kind=MessageKind.MARKETING, now=NOON, address="ada@example.org", has_consent=True)
#: Every objection, in the order in which they are asked, and what a marketing mail is told.
OBJECTIONS: list[tuple[dict[str, Any], str]] = [
    ({"not_after": NOON - timedelta(seconds=1)}, "expired"),
    ({"overtaken_by": "Order Completed"}, "overtaken: Order Completed"),
    ({"order_is_void": True}, "order refunded or cancelled"),
    ({"address": None}, "no address"),
    ({"is_address_valid": False}, "invalid address"),
    ({"suppressed_everywhere": "bounced"}, "suppressed: bounced"),
    ({"suppressed_for_marketing": "unsubscribed"}, "suppressed: unsubscribed"),
    ({"has_consent": False}, "no consent"),
]


class TestAMarketingMail:
    def test_leaves_when_nothing_objects(self) -> None:
        assert decide(FINE) == Go()

    @pytest.mark.parametrize(("objection", "reason"), OBJECTIONS)
    def test_is_skipped_with_the_reason(self, objection: dict[str, Any], reason: str) -> None:
        assert decide(replace(FINE, **objection)) == Skip(reason)

    @pytest.mark.parametrize("first", range(len(OBJECTIONS)))
    def test_is_told_the_first_of_several_reasons(self, first: int) -> None:
        together: dict[str, Any] = {}
        for objection, _ in reversed(OBJECTIONS[first:]):
            together |= objection

        assert decide(replace(FINE, **together)) == Skip(OBJECTIONS[first][1])

    def test_leaves_at_its_very_deadline(self) -> None:
        assert decide(replace(FINE, not_after=NOON)) == Go()

    def test_is_held_while_its_journey_is_paused(self) -> None:
        case = replace(FINE, is_journey_paused=True, ask_again_after=timedelta(minutes=15))

        assert decide(case) == Hold(NOON + timedelta(minutes=15), "the journey is paused")

    def test_is_skipped_rather_than_held(self) -> None:
        case = replace(FINE, is_journey_paused=True, has_consent=False)

        assert decide(case) == Skip("no consent")


class TestATransactionalMail:
    case = replace(FINE, kind=MessageKind.TRANSACTIONAL, has_consent=False)

    def test_needs_no_consent(self) -> None:
        assert decide(self.case) == Go()

    def test_reaches_who_wants_no_marketing(self) -> None:
        assert decide(replace(self.case, suppressed_for_marketing="unsubscribed")) == Go()

    def test_respects_a_hard_bounce(self) -> None:
        case = replace(self.case, suppressed_everywhere="bounced")

        assert decide(case) == Skip("suppressed: bounced")

    def test_needs_an_address_that_works(self) -> None:
        assert decide(replace(self.case, is_address_valid=False)) == Skip("invalid address")


class TestAMailThatAsksToConfirm:
    case = replace(
        FINE,
        kind=MessageKind.TRANSACTIONAL,
        has_consent=False,
        asks_to_confirm=True,
        is_pending=True,
    )

    def test_leaves_while_a_consent_waits(self) -> None:
        assert decide(self.case) == Go()

    @pytest.mark.parametrize("reason", ["unsubscribed", "sunset"])
    def test_reaches_who_left_and_comes_back(self, reason: str) -> None:
        assert decide(replace(self.case, suppressed_for_marketing=reason)) == Go()

    def test_reaches_who_was_erased_and_comes_back(self) -> None:
        assert decide(replace(self.case, suppressed_everywhere="erased")) == Go()

    @pytest.mark.parametrize(
        ("objection", "reason"),
        [
            ({"is_pending": False}, "nothing to confirm"),
            ({"is_asked_enough": True}, "asked for confirmation often enough"),
            ({"suppressed_for_marketing": "complained"}, "suppressed: complained"),
            ({"suppressed_for_marketing": "manual"}, "suppressed: manual"),
            ({"suppressed_everywhere": "bounced"}, "suppressed: bounced"),
            ({"overtaken_by": "Subscribed"}, "overtaken: Subscribed"),
        ],
    )
    def test_is_skipped_with_the_reason(self, objection: dict[str, Any], reason: str) -> None:
        assert decide(replace(self.case, **objection)) == Skip(reason)


class TestAMailToTheShopItself:
    case = replace(FINE, kind=MessageKind.INTERNAL, has_consent=False)

    def test_does_not_depend_on_what_the_customer_allows(self) -> None:
        case = replace(
            self.case, suppressed_everywhere="bounced", suppressed_for_marketing="complained"
        )

        assert decide(case) == Go()

    def test_is_held_with_its_journey(self) -> None:
        assert isinstance(decide(replace(self.case, is_journey_paused=True)), Hold)
