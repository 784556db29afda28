"""What readers will get, as files for an editor's eye: of a frozen edition, of the one to be made now, or of the next. Stores nothing.

Per language the page, the text, a whole message, and pictures where a browser is. Every byte was read by the gate.
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
from publisher.edition import Edition, Variant, Why
from publisher.errors import BadInput
from publisher.newsroom import Newsroom
from publisher.schedule import next_slot, slot_by_hand
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
    """The files of a preview, and what they show.

    `frozen`: the edition exists, and goes out as it stands, since `frozen_at`; else it is a draft. `barred`: the stories of a frozen one that may
    not go out any more, with the reason. `no_pictures`: why there are none, if they were wanted.
    """

    edition: Edition
    frozen: bool
    written: tuple[Path, ...]
    barred: dict[str, Why]
    no_pictures: str = ""
    frozen_at: datetime | None = None


def preview(
    newsroom: Newsroom,
    name: str,
    out: Path,
    *,
    ahead: bool = False,
    pictures: bool | None = False,
    now: datetime,
    told: Callable[[str], None] = lambda _what: None,
) -> Preview:
    """Write what readers will get, per language: html, txt and a whole message for an invented reader.

    An edition is shown as frozen, but for what may not go out any more. A digest's name means the edition that `send` would
    take: that of the present slot where it is made, else as it would be made now. `ahead`: the edition of the digest's next
    slot, as it would be made then of the stories that are here now. `pictures` None: where there is a browser; `told` hears of
    what takes longer.

    Raises:
        BadInput: `ahead` with the name of an edition, or nothing to show.
    """
    outputs: dict[str, bytes] = {}
    gone: dict[str, Why] = {}
    frozen_at: datetime | None = None
    found = find(newsroom, name, now=now)
    if ahead and name not in newsroom.digests:
        raise BadInput(
            f"{name} is an edition; what comes next is shown of a digest: {', '.join(newsroom.digests)}"
        )
    if found is not None and not ahead:
        kept = edition(newsroom, found)
        frozen_at = kept.frozen_at
        made, gone = as_of(newsroom, kept, now=now)
        with newsroom.database.read() as connection:
            outputs = {} if gone else editions.renderings(connection, made.edition_id, made.revision)
    else:
        digest = newsroom.digest(name)
        now = (next_slot(digest, now) if ahead else None) or now
        made = draft(newsroom, digest, slot=slot_by_hand(digest, now), now=now)
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
    _cleared(out, written)
    taken, no_pictures = ([], "") if pictures is False else _pictures(written, told)
    return Preview(made, frozen_at is not None, (*written, *taken), gone, no_pictures, frozen_at)


def _cleared(out: Path, written: Sequence[Path]) -> None:
    """Take away what an earlier preview left in the folder: it would be taken for this one's."""
    endings = (".html", ".txt", ".eml", *(f"-{name}.png" for name, *_ in VIEWS))
    for path in out.glob("digest-*"):
        if path not in written and path.name.endswith(endings):
            path.unlink(missing_ok=True)


def _pictures(written: Sequence[Path], told: Callable[[str], None]) -> tuple[list[Path], str]:
    """Each page in each view, as a PNG beside it; or why there are none."""
    pages = [path for path in written if path.suffix == ".html"]
    program = installed()
    if program is None:
        return [], "there is no Chromium on this machine"
    told(f"taking {len(pages) * len(VIEWS)} pictures …")
    taken: list[Path] = []
    try:
        with browser(program) as running:
            for page in pages:
                html = page.read_text(encoding="utf-8")
                for name, width, dark, poor in VIEWS:
                    picture = running.picture(stripped(html) if poor else html, width=width, dark=dark)
                    path = page.with_name(f"{page.stem}-{name}.png")
                    write_file(path, picture)
                    taken.append(path)
    except NoPictures as error:
        return taken, str(error)
    return taken, ""
