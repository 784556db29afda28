"""What readers will get, written into a folder: per language the page, the text, a whole message, and pictures where a browser is.

Nothing is stored. An edition is shown as it is frozen, but for what may not go out any more; a digest's name shows its present edition,
or the one that would be made now. Every byte was read by the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from publisher.desk import letters
from publisher.desk.browser import NoPictures, browser, installed, stripped
from publisher.desk.editions import (
    SAMPLE,
    as_of,
    draft,
    edition,
    find,
    render_variant,
    rendered,
)
from publisher.desk.files import write_file
from publisher.edition import Variant, Why
from publisher.errors import BadInput
from publisher.newsroom import Newsroom
from publisher.schedule import present_slot
from publisher.store import editions

__all__ = ["Preview", "preview"]

VIEWS = (
    ("600", 600, False, False),
    ("600-dark", 600, True, False),
    ("375", 375, False, False),
    ("375-dark", 375, True, False),
    ("stripped", 600, False, True),
)
"""Name of the picture, width in pixels, dark scheme, as the poorest webmail shows it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The files of a preview, and the stories that a frozen edition holds and that may not go out any more, with the reason."""

    written: tuple[Path, ...]
    barred: dict[str, Why]
    no_pictures: str = ""
    """Why there are none, if they were wanted."""


def preview(
    newsroom: Newsroom,
    name: str,
    out: Path,
    *,
    pictures: bool | None = False,
    now: datetime,
    told: Callable[[str], None] = lambda _what: None,
) -> Preview:
    """Write what readers will get, per language: html, txt and a whole message for an invented reader.

    An edition is shown as frozen, but for what may not go out any more; a digest's name shows the edition that would be
    made now. Nothing is stored. `pictures` None: where there is a browser. `told` hears of what takes longer.
    """
    found = find(newsroom, name, now=now)
    outputs: dict[str, bytes] = {}
    gone: dict[str, Why] = {}
    if found is not None:
        made, gone = as_of(newsroom, edition(newsroom, found), now=now)
        with newsroom.database.read() as connection:
            outputs = {} if gone else editions.renderings(connection, made.edition_id, made.revision)
    else:
        digest = newsroom.digest(name)
        made = draft(newsroom, digest, slot=present_slot(digest, now) or now, now=now)
    letter = letters.of_edition(newsroom, made)
    if not outputs:
        for language in made.languages:
            outputs |= render_variant(newsroom, made, Variant(language), letter=letter, now=now)
    written: list[Path] = []
    for language in made.languages:
        if f"digest-{language}.html" not in outputs:
            continue
        variant = Variant(language)
        compiled = letters.compiled(letter, made, variant, rendered(outputs, variant.key))
        raw = compiled.message(SAMPLE)
        html, text = compiled.bodies(SAMPLE)
        for suffix, body in ((".html", html), (".txt", text), (".eml", raw)):
            path = out / f"digest-{language}{suffix}"
            write_file(path, body)
            written.append(path)
    if not written:
        raise BadInput(f"{name} has nothing to show in {', '.join(made.languages)}")
    no_pictures = ""
    if pictures is not False:
        pages = [path for path in written if path.suffix == ".html"]
        try:
            written += _pictures(pages, told)
        except NoPictures as error:
            no_pictures = str(error)
    return Preview(tuple(written), gone, no_pictures)


def _pictures(pages: Sequence[Path], told: Callable[[str], None]) -> list[Path]:
    """Each page in each view, as a PNG beside it.

    Raises:
        NoPictures: with one sentence.
    """
    program = installed()
    if program is None:
        raise NoPictures("there is no Chromium on this machine")
    told(f"taking {len(pages) * len(VIEWS)} pictures …")
    written: list[Path] = []
    with browser(program) as running:
        for page in pages:
            html = page.read_text(encoding="utf-8")
            for name, width, dark, poor in VIEWS:
                path = page.with_name(f"{page.stem}-{name}.png")
                write_file(path, running.picture(stripped(html) if poor else html, width=width, dark=dark))
                written.append(path)
    return written
