"""What tests of several rooms share."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.composing import Composer, Shop
from domain.pace import Pace
from sending.context import ShopContext
from sending.links import Links
from sending.rendering import Templates
from store.migrations.run import migrate
from store.sessions import Database

TEMPLATES = Path(__file__).parent.parent / "templates"


#: Tests that run whole programs: begun first, so that no core waits for them at the end.
LONGEST = ("whole_way", "docs", "test_up", "test_any_order", "test_continuing", "test_temporal")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONGEST))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("migrated") / "dormouse.db"


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A real database file with the schema that the migrations make."""
    if not migrated.exists():
        await migrate(f"sqlite:///{migrated}")
    copy = shutil.copy(migrated, tmp_path / "dormouse.db")
    database = Database.open(f"sqlite:///{copy}")
    yield database
    await database.close()


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates(TEMPLATES)


def example_shop() -> Shop:
    """A shop that sells outdoor things."""
    return Shop(
        context=ShopContext(
            name="Hazel & Co",
            url="https://shop.example",
            postal_address="Hazel & Co, 1 Hazel Lane, Woodland",
            support_email="help@shop.example",
            currency="EUR",
            timezone="Europe/Berlin",
        ),
        sender="Hazel & Co <hello@shop.example>",
        default_locale="en",
        cart_url="https://shop.example/cart",
    )


@pytest.fixture(scope="session")
def shop() -> Shop:
    return example_shop()


@pytest.fixture(scope="session")
def composer(templates: Templates, shop: Shop) -> Composer:
    links = Links("a secret of thirty-two characters", "https://mail.shop.example")
    return Composer(templates=templates, links=links, shop=shop, pace=Pace())
