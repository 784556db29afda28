"""Finished outputs for tests of the gate, and ways to spoil the provenance of one item in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from lxml import etree

from publisher import gate
from publisher.edition import Edition, Item, Kind, Shelf, Variant
from publisher.errors import Violation
from publisher.render import feeds, message, templates
from publisher.render.digest import Look, Rendered
from tests.feedbox import NOW, channel, edition, item

ENGLISH = Variant("en")
FEEDS = ("rss", "atom", "json")
MAILS = ("html", "text", "message")
SCRIPT = "https://front.example/assets/copy.js"
SHIPPED = templates.load([Path(__file__).parents[1] / "templates"])
LOOK = Look(
    site_name="Front",
    site_url="https://front.example",
    postal_address="1 Harbour Road",
    contact="desk@front.example",
    archive_url="https://front.example/e/morning/",
)
PERSONAL = message.Personal(
    to="reader@example.org",
    message_id="<morning.0a1b@front.example>",
    leave_url="https://front.example/u/abcdefgh",
    leave_mailto="mailto:unsub+abcdefgh@front.example",
    preferences_url="https://front.example/p/abcdefgh",
)

ITEMS = (
    item("01A", lede="Lede of A."),
    item("01B", lede="Lede of B.", source_name="Caspian Press", source_url="https://caspian.example/n/1"),
    item("01C", lede="Lede of C.", link="https://meridian.example/2026/01c?a=1&b=2"),
)


def digest(*items: Item, language: str = "en") -> Edition:
    """A digest edition of these items, by default of `ITEMS`: the first section has two of them."""
    chosen = items or ITEMS
    ids = tuple(entry.story_id for entry in chosen)
    shelves = [
        Shelf(section=section, title=section.title(), language=language, stories=stories)
        for section, stories in (("world", ids[:2]), ("economy", ids[2:]))
    ]
    return edition(
        *chosen,
        edition_id="morning-2026-03-02",
        kind=Kind.DIGEST,
        series="morning",
        titles=((language, "The Morning Wire"),),
        languages=(language,),
        shelves=tuple(shelf for shelf in shelves if shelf.stories),
    )


def html_of(made: Edition, variant: Variant = ENGLISH, *, style: str = "") -> str:
    """A plain mail body that keeps the agreement between templates and gate."""
    short = escape(made.disclaimer(variant.language).short)
    parts = [f"<!doctype html><html><head><style>{style}</style></head><body><h1>The Morning Wire</h1>"]
    for shelf, members in made.variant(variant.language, variant.sections):
        parts.append(f"<h2>{shelf.title}</h2>")
        parts += [
            f'<div class="item"><h3 id="s-{entry.story_id}"><a href="{escape(entry.link)}">{escape(entry.headline)}</a></h3>'
            f"<p>{escape(entry.lede)}</p>"
            f'<p class="provenance" style="font-size:14px;color:#595959"><a href="{escape(entry.source_url)}">'
            f"Read the original at {escape(entry.source_name)}</a> · {short}</p></div>"
            for entry in members
        ]
    parts.append('<div id="end"><p>The footer.</p></div></body></html>')
    return "".join(parts)


def text_of(made: Edition, variant: Variant = ENGLISH) -> str:
    """A plain text part that keeps it too."""
    lines = ["The Morning Wire", ""]
    for shelf, members in made.variant(variant.language, variant.sections):
        lines += [f"== {shelf.title} ==", ""]
        for entry in members:
            lines += [f"* {entry.headline}", entry.lede, f"Source: {entry.source_name}", entry.source_url]
            lines += [made.disclaimer(variant.language).short, ""]
    return "\n".join([*lines, "-" * 50, "", "The footer.", ""])


def compiled(made: Edition, rendered: Rendered, variant: Variant = ENGLISH) -> bytes:
    """A finished message of these bodies."""
    headers = message.Headers(
        from_name="The Morning Wire",
        from_address="wire@front.example",
        subject=rendered.subject,
        list_name="The Morning Wire",
        list_id="morning-en.lists.front.example",
        language=variant.language,
        reply_to="desk@front.example",
        help_url="https://front.example/",
        archive_url="https://front.example/e/morning/",
        owner="desk@front.example",
        feedback_id="morning:morning:digest:front",
        date=NOW,
    )
    return message.compile(rendered, headers, seed=made.content_hash).message(PERSONAL)


def output(kind: str, made: Edition) -> bytes:
    """The finished bytes of an output, as they should be."""
    if kind in FEEDS:
        return feeds.render(made, channel(kind), kind)
    if kind == "html":
        return html_of(made).encode()
    if kind == "text":
        return text_of(made).encode()
    return compiled(made, Rendered("The lead; 2 more", html_of(made), text_of(made)))


def check(kind: str, raw: bytes, made: Edition, **options: object) -> tuple[Violation, ...]:
    """What the gate says of them."""
    given: dict[str, object] = {"output": kind, "now": NOW} | options
    if kind in FEEDS:
        return gate.check_feed(raw, kind, made, **given)  # type: ignore[arg-type]  # options of one test
    if kind == "text":
        del given["now"]
        return gate.check_text(raw, made, ENGLISH, **given)  # type: ignore[arg-type]  # the same
    if kind == "html":
        return gate.check_html(raw, made, ENGLISH, **given)  # type: ignore[arg-type]  # the same
    return gate.check_message(raw, made, ENGLISH, **given)  # type: ignore[arg-type]  # the same


def edited(kind: str, made: Edition, story_id: str, change: Callable[[str], str]) -> bytes:
    """The finished bytes of an output with the HTML (or text) of one item changed; the change must change something."""
    if kind in FEEDS:
        return _edited_feed(kind, output(kind, made), story_id, change)
    html, text = html_of(made), text_of(made)
    if kind == "html":
        return edited_html(html, story_id, change).encode()
    start = text.index(f"* {made.item(story_id).headline}\n")
    end = text.find("\n* ", start + 1)
    end = end if end > 0 else text.index("-" * 50)
    if kind == "text":
        return (text[:start] + _changed(change, text[start:end]) + text[end:]).encode()
    return compiled(made, Rendered("The lead; 2 more", edited_html(html, story_id, change), text))


def edited_html(html: str, story_id: str, change: Callable[[str], str]) -> str:
    """The page with one item changed, from its heading's end to the next heading."""
    found = re.search(
        rf'id="s-{story_id}".*?</h3>(.*?)(?=<h3|<h2|<div id="end"|<div class="item">|<footer)',
        html,
        re.DOTALL,
    )
    assert found
    return html[: found.start(1)] + _changed(change, found[1]) + html[found.end(1) :]


def _edited_feed(kind: str, raw: bytes, story_id: str, change: Callable[[str], str]) -> bytes:
    if kind == "json":
        data = json.loads(raw)
        entry = next(entry for entry in data["items"] if entry["id"].endswith(f"/{story_id}"))
        entry["content_html"] = _changed(change, entry["content_html"])
        return json.dumps(data, ensure_ascii=False).encode()
    root = etree.fromstring(raw)
    for entry in root.iter("item", "{http://www.w3.org/2005/Atom}entry"):
        public = entry.findtext("guid") or entry.findtext("{http://www.w3.org/2005/Atom}id") or ""
        if public.endswith(f"/{story_id}"):
            (body,) = entry.iter(
                "{http://purl.org/rss/1.0/modules/content/}encoded", "{http://www.w3.org/2005/Atom}content"
            )
            body.text = _changed(change, body.text or "")
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _changed(change: Callable[[str], str], text: str) -> str:
    after = change(text)
    assert after != text, "the test's change changes nothing"
    return after


def rules(violations: tuple[Violation, ...], story_id: str | None = None) -> set[str]:
    """The rules broken, of one item or of all."""
    return {v.rule for v in violations if story_id in {None, v.story_id}}
