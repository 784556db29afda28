"""What readers will get, as files for an editor's eye: of a frozen edition, of the one to be made now, or of the next. Stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from publisher.desk.editions import (
    SAMPLE,
    as_of,
    compile_message,
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
from publisher.schedule import next_slot, present_slot
from publisher.store import editions

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """The files of a preview, and what they show.

    `frozen`: the edition exists, and goes out as it stands; else it is a draft. `barred`: the stories of a frozen one that may
    not go out any more, with the reason.
    """

    edition: Edition
    frozen: bool
    written: tuple[Path, ...]
    barred: dict[str, Why]


def preview(newsroom: Newsroom, name: str, out: Path, *, ahead: bool = False, now: datetime) -> Preview:
    """Write what readers will get, per language: html, txt and a whole message for an invented reader.

    An edition is shown as frozen, but for what may not go out any more. A digest's name means the edition that `send` would
    take: that of the present slot where it is made, else as it would be made now. `ahead`: the edition of the digest's next
    slot, as it would be made then of the stories that are here now.

    Raises:
        BadInput: `ahead` with the name of an edition, or nothing to show.
    """
    outputs: dict[str, bytes] = {}
    gone: dict[str, Why] = {}
    found = find(newsroom, name, now=now)
    if ahead and name not in newsroom.digests:
        raise BadInput(
            f"{name} is an edition; what comes next is shown of a digest: {', '.join(newsroom.digests)}"
        )
    if found is not None and not ahead:
        made, gone = as_of(newsroom, edition(newsroom, found), now=now)
        with newsroom.database.read() as connection:
            outputs = {} if gone else editions.renderings(connection, made.edition_id, made.revision)
    else:
        digest = newsroom.digest(name)
        now = (next_slot(digest, now) if ahead else None) or now
        made = draft(newsroom, digest, slot=present_slot(digest, now) or now, now=now)
    if not outputs:
        for language in made.languages:
            outputs |= render_variant(newsroom, made, Variant(language), now=now)
    written: list[Path] = []
    for language in made.languages:
        if f"digest-{language}.html" not in outputs:
            continue
        variant = Variant(language)
        compiled = compile_message(newsroom, made, variant, rendered(outputs, variant.key))
        raw = compiled.message(SAMPLE)
        html, text = compiled.bodies(SAMPLE)
        for suffix, body in ((".html", html), (".txt", text), (".eml", raw)):
            path = out / f"digest-{language}{suffix}"
            write_file(path, body)
            written.append(path)
    if not written:
        raise BadInput(f"{name} has nothing to show in {', '.join(made.languages)}")
    return Preview(made, found is not None and not ahead, tuple(written), gone)
