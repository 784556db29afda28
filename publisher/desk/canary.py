"""An operator's own templates, tried before a mail or a page needs them: on an edition that holds everything there is.

Each file is compiled; then an invented edition (two languages that run both ways, a correction, a headline of ours, an editor's note, more
than there is room for) is rendered with it to a mail and to a page, and the gate reads the result; so are the notices that readers are sent, that of
a kill, and the page on which they leave. What the gate refuses, or an element that
no reader's program knows, is told with the file, and with the line where what was found stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

from lxml.html import defs
from selectolax.lexbor import LexborHTMLParser

from publisher import assets, gate
from publisher.edition import Also, Disclaimer, Edition, Item, Kind, LeftOut, Notice, Shelf, Variant, Why
from publisher.errors import TemplateInvalid
from publisher.render import digest as render_digest
from publisher.render import message, notice, pages, readers, withdrawal
from publisher.render.templates import Templates, load
from publisher.render.withdrawal import Withdrawal
from publisher.story import Media, Subject
from publisher.theme import Theme

__all__ = ["edition", "try_out"]

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
URL = "https://canary.example"
WORDS = {
    "en": (
        "Quay opens to lorries",
        "The quay opened on Monday after a year of works.",
        "Harbour Wire",
        "World",
    ),
    "fa": ("اسکله برای کامیون‌ها باز شد", "اسکله پس از یک سال باز شد.", "خبرگزاری بندر", "جهان"),
}
HOUSE = {
    "en": ("The views are the source’s.", "Reports were retrieved from other agencies."),
    "fa": ("دیدگاه‌ها از آنِ منبع است.", "گزارش‌ها از خبرگزاری‌های دیگر گرفته شده است."),
}
EVERYTHING: dict[str, Any] = {
    "byline": "A. Correspondent",
    "copyright_notice": "© Harbour Wire",
    "rights": "lede",
    "usage_terms": "Not for archives.",
    "categories": ("Sea",),
    "subjects": (Subject("medtop", "20000344", "shipping"),),
    "media": (Media(url=f"{URL}/quay.jpg", type="image/jpeg", width=1200, height=800, alt="The quay"),),
    "source_feed": f"{URL}/feed",
    "also": (Also("01CANARYOTHER", "Lagoon Press", f"{URL}/lagoon/1"),),
    "event": "01CANARY0",
}
"""What few stories have, all on the first one: a test sees to it that no field of an item is left out."""
READER = message.Personal(
    to="reader@example.org",
    message_id="<canary.0@canary.example>",
    leave_url=f"{URL}/u/canary",
    leave_mailto="mailto:leave@canary.example",
    preferences_url=f"{URL}/p/canary",
)
ASKED = message.Personal(
    to="reader@example.org", message_id="<canary.1@canary.example>", action_url=f"{URL}/confirm/canary"
)
KNOWN = defs.tags | {"main", "bdi", "svg", "path"}
ELEMENT = re.compile(r"<[a-z][a-z0-9-]*")
DECLARATION = re.compile(r"[a-z-]+:[^\s;,(){}]+")


def edition() -> Edition:
    """The invented edition."""
    items = tuple(
        _item(f"01CANARY{number}", language, number)
        for number, language in enumerate(("en", "fa", "en", "fa", "en", "fa", "en"))
    )
    ids = tuple(item.story_id for item in items)
    return Edition(
        edition_id="canary-2026-03-02",
        kind=Kind.DIGEST,
        series="canary",
        number=1,
        revision=1,
        slot=NOW,
        local_date=NOW.date(),
        timezone="UTC",
        frozen_at=NOW,
        languages=("en", "fa"),
        titles=(("en", "The Canary"), ("fa", "قناری")),
        shelves=tuple(
            Shelf(section=section, title=WORDS[language][3], language=language, stories=stories, more=1)
            for language in ("en", "fa")
            for section, stories in (("world", ids[:4]), ("sea", ids[4:]))
        ),
        items=items,
        disclaimers=tuple(Disclaimer("house", 1, language, *HOUSE[language]) for language in ("en", "fa")),
        left_out=tuple(
            LeftOut("01CANARYCUT", "world", Why.MAXIMUM, "", language) for language in ("en", "fa")
        ),
        notes=(("en", "Good morning.\n\nTwo paragraphs."), ("fa", "صبح بخیر.")),
    )


def _item(story_id: str, language: str, number: int) -> Item:
    headline, lede, source, _ = WORDS[language]
    return Item(
        story_id=story_id,
        version=1,
        headline=f"{headline} {number}",
        original_headline=headline if number == 2 else f"{headline} {number}",
        source=f"source-{language}",
        source_name=source,
        source_url=f"{URL}/{language}/{number}",
        source_homepage=f"{URL}/",
        link=f"{URL}/story/{story_id}",
        language=language,
        lede=lede,
        body=f"<p>{lede}</p>",
        time=NOW - timedelta(hours=number * 9),
        first_published=NOW,
        modified_at=NOW,
        urgency=5,
        dateline="Port Alma" if number % 2 else "",
        correction_note="It was quay 7." if number in {1, 2} else None,
        corrected_at=NOW if number in {1, 2} else None,
        rights_line="Harbour Wire, all rights reserved." if number == 0 else "",
        **(EVERYTHING if number == 0 else {}),
        headline_at=NOW if number == 2 else None,
        told=("sea",) if number == 6 else (),
    )


def archived() -> Edition:
    """The same on its page, after its last story was killed."""
    made = edition()
    *others, last = made.items
    notice = Notice(at=NOW, language="en", title="Withdrawn", text="This report was withdrawn.")
    return replace(made, items=(*others, replace(last, withdrawn=notice, told=())))


def try_out(own: Path, templates: Templates, *, theme: Theme) -> int:
    """Compile and try every template below `own`, with the rest of the newsroom's templates; returns how many there are.

    Raises:
        TemplateInvalid: with file and, where it is known, line, of the first that is wrong.
    """
    files = templates.check()
    if not files:
        return files
    try:
        faults = list(_faults(templates, theme))
    except TemplateInvalid as error:
        raise (_found(own, error) if error.line is None else error) from error
    if faults:
        raise _placed(own, theme, faults)
    return files


def _faults(templates: Templates, theme: Theme) -> Iterator[str]:
    """What is wrong with a mail and a page made with these templates."""
    made = edition()
    for language in made.languages:
        variant = Variant(language)
        look = render_digest.Look(
            site_name="Canary",
            site_url=URL,
            postal_address="1 Quay Street",
            contact="desk@canary.example",
            archive_url=f"{URL}/e/{made.edition_id}/",
            theme=theme,
        )
        rendered = render_digest.render(made, variant, look=look, templates=templates)
        raw = message.compile(rendered, _headers(rendered.subject, language), seed=made.content_hash)
        mail = gate.check_message(raw.message(READER), made, variant, output="mail", now=NOW)
        site = pages.Site(
            name="Canary",
            url=URL,
            language=language,
            timezone="UTC",
            postal_address="1 Quay Street",
            sections=(pages.SectionLink("World", f"{URL}/s/world/"),),
            disclaimer=made.disclaimer(language).full,
            theme=theme,
        )
        shown = archived()
        page = pages.edition_page(shown, variant, site, url=look.archive_url, templates=templates)
        script = pages.script_url(URL)
        found = gate.check_html(page, shown, variant, output="page", now=NOW, script=script)
        yield from (str(violation) for violation in (*mail, *found))
        yield from _asked(language, look, templates)
        yield from _withdrawn(language, look, templates)
        for html in (rendered.html, page.decode()):
            names = {node.tag for node in LexborHTMLParser(html).css("*")}
            yield from (
                f"<{name}> is an element that no mail program or browser knows"
                for name in sorted(filter(None, names - KNOWN))
                if ":" not in name
            )


def _asked(language: str, look: render_digest.Look, templates: Templates) -> Iterator[str]:
    """What is wrong with what a reader asks for and answers: notices, and the page behind the link to leave."""
    digest = dict(edition().titles)[language]
    for kind in notice.Kind:
        rendered = notice.render(kind, language, digest=digest, look=look, templates=templates)
        headers = message.NoticeHeaders(
            from_name="Canary",
            from_address="canary@canary.example",
            subject=rendered.subject,
            language=language,
            reply_to="desk@canary.example",
            feedback_id="canary:canary:notice:canary",
            date=NOW,
        )
        seed = notice.seed_of(kind, language, digest)
        raw = message.compile_notice(rendered, headers, seed=seed).message(ASKED)
        yield from (str(violation) for violation in gate.check_notice(raw, output="notice", root=URL))
    house = readers.House(
        name="Canary",
        url=URL,
        contact="desk@canary.example",
        postal_address="1 Quay Street",
        theme=look.theme,
    )
    page = readers.leave_page(
        house,
        templates.words(language),
        digest=digest,
        address=ASKED.to,
        action="/u/canary",
        templates=templates,
    )
    form = LexborHTMLParser(page.decode()).css_first('form[method="post"][action="/u/canary"]')
    if form is None or form.css_first("button") is None:
        yield "page: the page behind the link to leave has no form with a button that POSTs to its own address"


def _withdrawn(language: str, look: render_digest.Look, templates: Templates) -> Iterator[str]:
    """What is wrong with the notice of a kill."""
    headline, _lede, source, section = WORDS[language]
    said = Withdrawal(
        title=dict(edition().titles)[language],
        slot=NOW,
        at=NOW,
        timezone="UTC",
        source_name=source,
        by_source=True,
        reason="The source was wrong.",
        page_url=f"{URL}/story/canary",
        section=section,
        number=1,
        time=NOW,
    )
    rendered = withdrawal.render(said, language, look=look, templates=templates)
    headers = replace(_headers(rendered.subject, language), answers="C" * 26)
    reader = replace(READER, message_id=f"<{'d' * 26}.0@canary.example>")
    raw = message.compile(rendered, headers, seed=withdrawal.seed_of(said, language)).message(reader)
    found = gate.check_withdrawal(
        raw, output="withdrawal", root=URL, source_name=source, claims={headline}, house=""
    )
    yield from (str(violation) for violation in found)


def _placed(own: Path, theme: Theme, faults: list[str]) -> TemplateInvalid:
    """The fault with the file that brings it in: the first that is refused when it alone stands over the shipped ones."""
    shipped = assets.root() / "templates"
    for path in sorted(own.rglob("*.j2")):
        name = path.relative_to(own)
        with TemporaryDirectory(prefix="publisher-canary-") as folder:
            (Path(folder) / name).parent.mkdir(parents=True)
            copyfile(path, Path(folder) / name)
            alone = load([Path(folder), shipped])
            try:
                mine = list(_faults(alone, theme))
            except TemplateInvalid:  # it needs another file of theirs
                mine = []
            finally:
                alone.close()
        if mine:
            return TemplateInvalid(str(name), _line(path, mine[0]), mine[0])
    return TemplateInvalid(str(own), None, faults[0])


def _found(own: Path, error: TemplateInvalid) -> TemplateInvalid:
    """The fault of a finished document, with the file and line of theirs in which stands what it names."""
    for path in sorted(own.rglob("*.j2")):
        if (line := _line(path, error.why)) is not None:
            return TemplateInvalid(str(path.relative_to(own)), line, error.why)
    return error


def _line(path: Path, fault: str) -> int | None:
    """The line of a template in which stands what a fault names: an element, or a declaration of a style."""
    lines = path.read_text(encoding="utf-8").splitlines()
    named = ELEMENT.findall(fault)
    named += [found[0] for found in DECLARATION.finditer(fault)]
    for wanted in map(_bare, named):
        for number, line in enumerate(lines, 1):
            if wanted in _bare(line):
                return number
    return None


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text).lower()


def _headers(subject: str, language: str) -> message.Headers:
    return message.Headers(
        from_name="The Canary",
        from_address="canary@canary.example",
        subject=subject,
        list_name="The Canary",
        list_id=f"canary-{language}.lists.canary.example",
        language=language,
        reply_to="desk@canary.example",
        help_url=URL,
        archive_url=f"{URL}/e/canary-2026-03-02/",
        owner="desk@canary.example",
        feedback_id="canary-2026-03-02:canary:digest:canary",
        date=NOW,
    )
