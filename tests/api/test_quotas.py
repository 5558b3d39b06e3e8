import pytest
from starlette.types import Scope

from api.quotas import Quota, QuotaByAddress


class Clock:
    """Seconds that pass when they are told to."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def coming_from(address: str) -> Scope:
    return {"client": (address, 40_000)}


class TestQuota:
    def test_lets_ten_seconds_worth_in_at_once(self, clock: Clock) -> None:
        quota = Quota(5, seconds=clock)

        quota.spend(49)
        assert quota.wait == 0
        quota.spend(1)
        assert quota.wait == pytest.approx(0.2)

    def test_fills_steadily_and_never_beyond_its_window(self, clock: Clock) -> None:
        quota = Quota(5, seconds=clock)
        quota.spend(50)

        clock.now += 2
        assert quota.admit() == 0
        assert dict(quota.headers())[b"ratelimit"] == b'"key";r=9;t=9'
        clock.now += 1_000
        assert quota.admit() == 0
        assert dict(quota.headers())[b"ratelimit"] == b'"key";r=49;t=1'

    def test_lets_a_batch_of_any_size_in_and_has_it_paid_for_afterwards(self, clock: Clock) -> None:
        quota = Quota(5, seconds=clock)

        quota.spend(1_000)

        assert quota.wait == pytest.approx(190.2)
        assert dict(quota.headers())[b"ratelimit"] == b'"key";r=0;t=201'

    def test_tells_its_policy(self, clock: Clock) -> None:
        quota = Quota(100, seconds=clock)

        assert dict(quota.headers())[b"ratelimit-policy"] == b'"key";q=1000;w=10'

    def test_may_be_less_than_one_in_its_window(self, clock: Clock) -> None:
        quota = Quota(0.05, seconds=clock)

        assert quota.admit() == 0
        assert quota.admit() == pytest.approx(20)
        assert dict(quota.headers())[b"ratelimit-policy"] == b'"key";q=1;w=20'


class TestQuotaByAddress:
    def test_is_the_same_for_the_same_address(self, clock: Clock) -> None:
        quotas = QuotaByAddress(1, 1, seconds=clock)

        quotas.of(coming_from("192.0.2.7")).spend(1)

        assert quotas.of(coming_from("192.0.2.7")).wait == 1
        assert quotas.of(coming_from("192.0.2.8")).wait == 0

    def test_is_shared_by_a_network_that_is_one_subscribers(self, clock: Clock) -> None:
        quotas = QuotaByAddress(1, 1, seconds=clock)

        quotas.of(coming_from("2001:db8:1:2::1")).spend(1)

        assert quotas.of(coming_from("2001:db8:1:2:ffff::2")).wait == 1
        assert quotas.of(coming_from("2001:db8:1:3::1")).wait == 0

    def test_is_the_same_for_all_who_come_without_an_address(self, clock: Clock) -> None:
        quotas = QuotaByAddress(1, 1, seconds=clock)

        quotas.of({"client": None}).spend(1)

        assert quotas.of({"client": None}).wait == 1

    def test_is_remembered_while_ten_thousand_others_come(self, clock: Clock) -> None:
        quotas = QuotaByAddress(1, 1, seconds=clock)
        quotas.of(coming_from("192.0.2.7")).spend(1)

        for number in range(10_001):
            quotas.of(coming_from(f"10.0.{number // 256}.{number % 256}"))

        assert quotas.of(coming_from("192.0.2.7")).wait == 1
