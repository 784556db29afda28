"""Mail bodies and pages in HTML. An item reaches from its headline (`h3 id="s-<story id>"`) to the next heading or `id="end"`."""

from __future__ import annotations

from datetime import datetime

from publisher.edition import Edition, Variant
from publisher.errors import Violation
from publisher.gate.item import Found, in_order, owed, unfilled
from publisher.gate.sight import hiding_rules, see

__all__ = ["check_html"]


def check_html(
    raw: bytes,
    edition: Edition,
    variant: Variant,
    *,
    output: str,
    now: datetime,
    barred: frozenset[str] = frozenset(),
    places: bool = False,
) -> tuple[Violation, ...]:
    """Violations of an HTML body against what a reader of this variant is owed; `places` allows open personal places."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return (Violation(output, None, "unreadable", "is not UTF-8"),)
    items = [item for _, members in edition.variant(variant.language, variant.sections) for item in members]
    found = _items(text)
    violations = list(
        in_order(
            [entry.story_id for entry in found], [i.story_id for i in items], output=output, barred=barred
        )
    )
    by_id = {entry.story_id: entry for entry in found}
    short = edition.disclaimer(variant.language).short
    for item in items:
        if item.story_id in by_id:
            violations += owed(by_id[item.story_id], item, short, output=output)
    violations += [
        Violation(output, None, "hidden", f"a style rule could hide text: {rule}")
        for rule in hiding_rules(text)
    ]
    violations += unfilled(text, items, output=output, places=places)
    if edition.slot > now and edition.frozen_at > now:
        violations.append(Violation(output, None, "early", "the edition lies in the future"))
    return tuple(violations)


def _items(text: str) -> list[Found]:
    found: list[Found] = []
    current: Found | None = None
    href: str | None = None
    for seen in see(text):
        if seen.opens is not None:
            current, href = None, None
            if seen.opens == "h3" and seen.id and seen.id.startswith("s-"):
                current = Found(seen.id.removeprefix("s-"))
                found.append(current)
            continue
        if current is None:
            continue
        current.text.append(seen.text)
        if seen.href is None:
            href = None
        elif href == seen.href and current.links:
            current.links[-1][1].append(seen.text)
        else:
            href = seen.href
            current.links.append((seen.href, [seen.text]))
    return found
