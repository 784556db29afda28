"""Mail bodies and pages in HTML. PURE.

An item begins at its headline (`h3 id="s-<story id>"`, `h1` on a page of its own) and reaches to the next heading (h1 to h3) or to the element with `id="end"`.
"""

from __future__ import annotations

from datetime import datetime

from publisher.edition import Edition, Item, Variant
from publisher.errors import Violation
from publisher.gate.item import Found, in_order, owed, unfilled, withdrawn
from publisher.gate.linked import check_linked
from publisher.gate.sight import Seen, plain, see

__all__ = ["check_html", "early", "headlines_of", "text_of", "wanted"]


def check_html(
    raw: bytes,
    edition: Edition,
    variant: Variant,
    *,
    output: str,
    now: datetime,
    barred: frozenset[str] = frozenset(),
    script: str = "",
) -> tuple[Violation, ...]:
    """Violations of an HTML body against what a reader of this variant is owed.

    `barred` are stories that must not go out; `script` is the exact address of the one script that a page of ours may have.
    """
    text = text_of(raw, output=output)
    if isinstance(text, Violation):
        return (text,)
    items = wanted(edition, variant)
    sight = see(text, script)
    found = _items(sight.runs)
    ids = [entry.story_id for entry in found]
    violations = [*early(edition, output=output, now=now)]
    violations += in_order(ids, list(items), output=output, barred=barred)
    short = edition.disclaimer(variant.language).short
    for entry in found:
        item = items.get(entry.story_id)
        if item is not None and item.withdrawn:
            violations += withdrawn(entry, item, item.withdrawn, [entry.headline], output=output)
        elif item is not None:
            violations += owed(entry, item, short, output=output)
    violations += [Violation(output, None, "hidden", fault) for fault in sight.faults]
    violations += check_linked(text, items, output=output)
    violations += unfilled(text, items.values(), output=output, parts=lambda: map(_told, found))
    return tuple(violations)


def headlines_of(text: str) -> dict[str, str]:
    """The stories that a page of ours shows, each with the heading under which it stands."""
    return {found.story_id: plain(found.headline) for found in _items(see(text).runs)}


def _told(found: Found) -> tuple[str, str]:
    """An item's id, and every text and address that was found in it."""
    texts = [found.headline, *(text for run in found.runs for text in (run.text, run.link or ""))]
    return found.story_id, "\n".join(texts)


def text_of(raw: bytes, *, output: str) -> str | Violation:
    """The text of finished bytes, or the violation that they are none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return Violation(output, None, "unreadable", "is not UTF-8")


def wanted(edition: Edition, variant: Variant) -> dict[str, Item]:
    """The items that a reader of this variant is owed, by id, in their order."""
    shelves = edition.variant(variant.language, variant.sections)
    return {item.story_id: item for _, members in shelves for item in members}


def early(edition: Edition, *, output: str, now: datetime) -> list[Violation]:
    """The violation of an edition that was not yet frozen at `now`: a clock that went back, or the wrong edition."""
    if edition.frozen_at <= now:
        return []
    return [Violation(output, None, "early", "the edition was frozen later than now")]


def _items(runs: tuple[Seen, ...]) -> list[Found]:
    found: list[Found] = []
    current: Found | None = None
    for run in runs:
        if run.opens:
            current = None
            if run.opens in {"h1", "h3"} and run.id.startswith("s-"):
                current = Found(run.id.removeprefix("s-"))
                found.append(current)
        elif current is not None and run.heading and not run.hidden:
            current.headline += run.text
        elif current is not None:
            current.runs.append(run)
    return found
