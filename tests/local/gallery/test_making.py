"""The gallery: what is shown, and, where there is a browser, that it is shown as it should be."""

import asyncio
import shutil
import struct
import zlib
from pathlib import Path

import pytest

from domain.errors import DormouseError
from local.gallery.browser import NoBrowser, View, open_browser
from local.gallery.exhibits import Choice, exhibits
from local.gallery.making import Gallery, make_gallery
from local.gallery.pictures import picture_names, with_local_pictures
from sending.rendering import Templates
from sending.samples import RICH
from tests.fakes.good_mail import FOOTER, GERMAN, GOOD, showing
from tests.fakes.mail_folder import mail_folder

PAGES = Path(__file__).parents[3] / "templates" / "pages"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: A program that is there and shows nothing.
NO_BROWSER = Path(shutil.which("true") or "")

with_browser = pytest.mark.skipif(
    not any(map(shutil.which, BROWSERS)),
    reason="PICTURES OF MAILS ARE NOT TESTED: there is neither Chromium nor Chrome on the PATH.",
)


def templates(root: Path, mail: str = GOOD) -> Path:
    folder = mail_folder(root / "templates", mail, german=GERMAN, footer=FOOTER)
    (folder / "pages").mkdir()
    shutil.copy(PAGES / "gallery.html", folder / "pages")
    return folder


async def gallery(
    root: Path,
    mail: str = GOOD,
    *,
    choice: Choice = Choice(language="en"),
    chromium: Path | None = None,
) -> Gallery:
    folder = templates(root, mail)
    return await make_gallery(
        folder, root / "gallery", choice, chromium=chromium, tell=lambda _: None
    )


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Red, green and blue of the upper left corner, which no filter of PNG changes."""
    pixels, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        pixels += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return tuple(zlib.decompress(pixels)[1:4])


class TestChoice:
    def test_is_of_every_mail_in_every_language_and_in_depth_in_the_one_it_is_written_in(
        self, tmp_path: Path
    ) -> None:
        shown = list(exhibits(Templates(templates(tmp_path)), Choice()))

        views = {(e.language, e.sample.name): len(e.views) for e in shown}
        assert views == {
            ("en", "rich"): 5,
            ("en", "bare"): 5,
            ("en", "one"): 5,
            ("en", "crowded"): 5,
            ("de", "rich"): 2,
            ("de", "bare"): 2,
            ("de", "one"): 2,
        }

    def test_may_be_of_one_language_in_depth(self, tmp_path: Path) -> None:
        shown = list(exhibits(Templates(templates(tmp_path)), Choice(language="de")))

        assert {(e.language, len(e.views)) for e in shown} == {("de", 5)}
        assert len(shown) == 4

    def test_may_be_of_everything(self, tmp_path: Path) -> None:
        shown = list(exhibits(Templates(templates(tmp_path)), Choice(everything=True)))

        assert {(e.language, len(e.views)) for e in shown} == {("en", 5), ("de", 5)}
        assert len(shown) == 8

    async def test_must_be_of_something(self, tmp_path: Path) -> None:
        with pytest.raises(DormouseError, match="There is no such mail"):
            await gallery(tmp_path, choice=Choice(journey="gone"), chromium=NO_BROWSER)


class TestPictures:
    def test_of_sample_products_come_from_the_gallery_itself(self) -> None:
        html = '<img src="https://shop.example/images/linen-shirt.jpg" alt="Linen shirt" />'

        shown = with_local_pictures(html, RICH, "../pictures")

        name = picture_names(RICH)["https://shop.example/images/linen-shirt.jpg"]
        assert shown == f'<img src="../pictures/{name}" alt="Linen shirt" />'


class TestFolder:
    async def test_is_never_made_over_something_else(self, tmp_path: Path) -> None:
        mine = tmp_path / "gallery" / "mine.txt"
        mine.parent.mkdir()
        mine.write_text("mine")

        with pytest.raises(DormouseError, match="holds something else: name another with --out"):
            await gallery(tmp_path, chromium=NO_BROWSER)

        assert mine.read_text() == "mine"


class TestBrowser:
    async def test_is_asked_for_in_a_sentence_when_there_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(NoBrowser) as caught:
            async with open_browser(tmp_path / "chromium"):
                pass

        assert str(caught.value) == (
            f"The gallery's pictures need Chromium or Chrome, and there is no program "
            f"{tmp_path / 'chromium'}: install it, or say where it is with --chromium PATH "
            "(make mails CHROMIUM=PATH)."
        )

    async def test_is_told_from_other_programs(self) -> None:
        with pytest.raises(NoBrowser, match="did not start as a browser"):
            async with open_browser(NO_BROWSER):
                pass

    @with_browser
    async def test_shows_a_page_in_the_light_and_in_the_dark(self, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        page.write_text(
            "<style>body { background: #ffffff }"
            " @media (prefers-color-scheme: dark) { body { background: #102030 } }</style>"
            "<body style='height: 900px; margin: 0'>"
        )
        light, dark = View("light", 320), View("dark", 400, is_dark=True)

        async with open_browser() as browser:
            await browser.show(page.as_uri(), light)
            by_day = await browser.picture(light)
            await browser.show(page.as_uri(), dark)
            by_night = await browser.picture(dark)

        assert (size(by_day), first_pixel(by_day)) == ((320, 900), (0xFF, 0xFF, 0xFF))
        assert (size(by_night), first_pixel(by_night)) == ((400, 900), (0x10, 0x20, 0x30))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """A gallery with a mail that is too wide for a phone, and hard to hit."""
    wide = '<p style="width: 400px">Wide</p>'
    small = '<a href="https://a.example" style="display: block">Small</a>'
    mail = showing(f"<mj-text color='#222222'>{wide}{small}</mj-text>")
    return asyncio.run(gallery(tmp_path_factory.mktemp("making"), mail))


@with_browser
class TestGallery:
    def test_shows_each_mail_in_every_view_beside_its_text(self, made: Gallery) -> None:
        assert {path.name for path in (made.folder / "cart" / "kept").glob("en-rich*")} == {
            "en-rich.html",
            "en-rich.txt",
            "en-rich.phone.png",
            "en-rich.phone-dark.png",
            "en-rich.phone-without-images.png",
            "en-rich.desktop.png",
            "en-rich.desktop-dark.png",
        }
        assert str(made).endswith(f"\n20 pictures of 1 mail: open {made.folder}/index.html")

    def test_begins_with_a_page_that_shows_them_side_by_side(self, made: Gallery) -> None:
        index = made.index.read_text(encoding="utf-8")

        assert 'src="cart/kept/en-rich.phone-dark.png"' in index
        assert "<strong>Your cart</strong>" in index

    def test_tells_what_is_cut_off_and_what_a_thumb_misses(self, made: Gallery) -> None:
        found = made.layout["cart/kept/en-rich"]

        assert "phone: 130 pixels wider than the screen" in found
        assert "phone: “Small” is 13 pixels high, a thumb needs 44" in found
        assert "desktop: 130 pixels wider than the screen" not in found
