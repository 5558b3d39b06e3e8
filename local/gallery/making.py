"""Making the gallery: files, pictures, and the pages that show them side by side."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.errors import DormouseError
from local.gallery.browser import Browser, View, find_browser, open_browser
from local.gallery.exhibits import Choice, Exhibit, exhibits
from local.gallery.pictures import drawing, picture_names, with_local_pictures
from sending.checking.check import Report, check_mails
from sending.rendering import Templates

_PICTURES: Final = "pictures"
#: Written into every gallery, so that nothing else is ever cleared away.
_MARK: Final = ".dormouse-gallery"
#: What only a browser knows: is anything cut off, can everything be hit with a thumb?
_LAYOUT: Final = """(() => {
  const found = [], width = document.documentElement.scrollWidth - innerWidth;
  if (width > 0) found.push(`${width} pixels wider than the screen`);
  for (const link of document.querySelectorAll("a")) {
    const box = link.getBoundingClientRect(), words = link.textContent.trim();
    if (getComputedStyle(link).display !== "inline" && words && box.height < 44)
      found.push(`“${words}” is ${Math.round(box.height)} pixels high, a thumb needs 44`);
  }
  return found;
})()"""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Gallery:
    """A gallery on disk, and what was noticed while it was made."""

    folder: Path
    report: Report
    shown: tuple[Exhibit, ...]
    #: By exhibit and view: what the browser found wrong with the layout.
    layout: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def index(self) -> Path:
        """Where to begin."""
        return self.folder / "index.html"

    @property
    def pictures(self) -> int:
        """How many were taken."""
        return sum(len(exhibit.views) for exhibit in self.shown)

    def __str__(self) -> str:
        mails = {exhibit.file for exhibit in self.shown}
        lines = [f"{stem}: {words}" for stem, found in self.layout.items() for words in found]
        what = "1 mail" if len(mails) == 1 else f"{len(mails)} mails"
        made = f"{self.pictures} pictures of {what}: open {self.index}"
        return "\n".join([*lines, made])


async def make_gallery(
    templates: Path, folder: Path, choice: Choice, *, chromium: Path | None, tell: Tell
) -> Gallery:
    """Make `folder` anew with the mails of `templates`; raises NoBrowser, TemplateError."""
    find_browser(chromium)  # before the work, not after it
    shown = tuple(exhibits(Templates(templates), choice))
    if not shown:
        raise DormouseError("There is no such mail: name a journey and a language that there are.")
    gallery = Gallery(folder, check_mails(templates), shown)
    _clear(folder)
    for exhibit in shown:
        _write(exhibit, folder)
    for with_images in (True, False):
        tell(f"Taking pictures with{'' if with_images else 'out'} images …")
        await _take_pictures(gallery, chromium, with_images=with_images)
    _write_pages(gallery, templates / "pages")
    return gallery


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise DormouseError(f"{folder} holds something else: name another with --out.")
        shutil.rmtree(folder)
    (folder / _PICTURES).mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _write(exhibit: Exhibit, folder: Path) -> None:
    page = exhibit.page(folder)
    page.parent.mkdir(parents=True, exist_ok=True)
    context = exhibit.sample.context
    html = with_local_pictures(exhibit.mail.html, context, f"../../{_PICTURES}")
    page.write_text(html, encoding="utf-8")
    page.with_suffix(".txt").write_text(exhibit.mail.text, encoding="utf-8")
    for name in picture_names(context).values():
        (folder / _PICTURES / name).write_text(drawing(name), encoding="utf-8")


async def _take_pictures(gallery: Gallery, chromium: Path | None, *, with_images: bool) -> None:
    wanted = [
        (exhibit, view)
        for exhibit in gallery.shown
        for view in exhibit.views
        if view.has_images is with_images
    ]
    if not wanted:
        return
    async with open_browser(chromium, with_images=with_images) as browser:
        for exhibit, view in wanted:
            await _take_picture(gallery, browser, exhibit, view)


async def _take_picture(gallery: Gallery, browser: Browser, exhibit: Exhibit, view: View) -> None:
    await browser.show(exhibit.page(gallery.folder).resolve().as_uri(), view)
    for complaint in await browser.run(_LAYOUT):
        gallery.layout[exhibit.stem].append(f"{view.name}: {complaint}")
    picture = await browser.picture(view)
    (gallery.folder / exhibit.picture(view)).write_bytes(picture)


def _write_pages(gallery: Gallery, pages: Path) -> None:
    environment = Environment(
        loader=FileSystemLoader(pages), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("gallery.html")
    languages = tuple(dict.fromkeys(exhibit.language for exhibit in gallery.shown))
    for language in languages:
        shown = [exhibit for exhibit in gallery.shown if exhibit.language == language]
        html = template.render(
            gallery=gallery, languages=languages, language=language, mails=_by_mail(shown)
        )
        (gallery.folder / f"{language}.html").write_text(html, encoding="utf-8")
    first = gallery.folder / f"{languages[0]}.html"
    gallery.index.write_text(first.read_text(encoding="utf-8"), encoding="utf-8")


def _by_mail(shown: Iterable[Exhibit]) -> dict[str, list[Exhibit]]:
    mails: dict[str, list[Exhibit]] = defaultdict(list)
    for exhibit in shown:
        mails[exhibit.file].append(exhibit)
    return mails
