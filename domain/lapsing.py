"""Lapsing: after how long a silence a customer counts as gone."""

from datetime import timedelta

from domain.durations import Duration
from domain.journeys import JourneySettings
from domain.products import ProductKind


class LapsingSettings(JourneySettings):
    """How long a silence is too long, by what was last bought."""

    consumables_lapse_after: Duration = timedelta(days=30)
    soft_goods_lapse_after: Duration = timedelta(days=60)
    hard_goods_lapse_after: Duration = timedelta(days=120)
    others_lapse_after: Duration = timedelta(days=90)

    def patience(self) -> dict[ProductKind | None, timedelta]:
        """The longest silence for each kind of product; None where the kind is not known."""
        return {
            ProductKind.CONSUMABLE: self.consumables_lapse_after,
            ProductKind.SOFT: self.soft_goods_lapse_after,
            ProductKind.HARD: self.hard_goods_lapse_after,
            None: self.others_lapse_after,
        }
