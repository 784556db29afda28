"""Finished mails: the text part by its own grammar, the whole message by the standard library's parser and by its bytes.

A text item is: a headline line that begins with "* ", later a line that ends in the source's name, the bare source URL on a line of
its own, and the disclaimer; it reaches to the next headline line.
"""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes
from email.message import Message

from publisher.edition import Edition, Item, Variant
from publisher.errors import Violation
from publisher.gate.item import in_order, unfilled
from publisher.gate.page import check_html
from publisher.gate.sight import plain

__all__ = ["check_message", "check_text"]

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Help",
    "List-Archive",
    "List-Owner",
    "Feedback-ID",
    "Precedence",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]
LINE_MAX = 998


def check_text(
    raw: bytes,
    edition: Edition,
    variant: Variant,
    *,
    output: str,
    barred: frozenset[str] = frozenset(),
    places: bool = False,
) -> tuple[Violation, ...]:
    """Violations of a text part."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return (Violation(output, None, "unreadable", "is not UTF-8"),)
    items = [item for _, members in edition.variant(variant.language, variant.sections) for item in members]
    blocks = _blocks(text)
    violations: list[Violation] = []
    found: list[str] = []
    waiting = list(items)
    for headline, lines in blocks:
        item = next((entry for entry in waiting if plain(entry.headline) == headline), None)
        if item is None:
            violations.append(
                Violation(output, None, "unknown-item", f"{headline!r} is not an item of this edition")
            )
            continue
        waiting.remove(item)
        found.append(item.story_id)
        violations += _owed(item, lines, edition.disclaimer(variant.language).short, output)
    violations += in_order(found, [item.story_id for item in items], output=output, barred=barred)
    violations += unfilled(text, items, output=output, places=places)
    return tuple(violations)


def _blocks(text: str) -> list[tuple[str, list[str]]]:
    blocks: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        shown = plain(line)
        if shown.startswith("* "):
            blocks.append((shown.removeprefix("* "), []))
        elif shown.startswith("----------"):
            break
        elif blocks:
            blocks[-1][1].append(shown)
    return blocks


def _owed(item: Item, lines: list[str], disclaimer: str, output: str) -> list[Violation]:
    violations: list[Violation] = []
    if item.source_url not in lines:
        detail = f"has no line with its source URL {item.source_url}"
        violations.append(Violation(output, item.story_id, "source-link", detail))
    named = re.compile(rf"[^:：]{{1,40}}[:：]\s*{re.escape(plain(item.source_name))}")
    if not any(named.fullmatch(line) for line in lines):
        detail = f"has no line that names its source {item.source_name!r}"
        violations.append(Violation(output, item.story_id, "source-name", detail))
    if not any(line.startswith(plain(disclaimer)) for line in lines):
        violations.append(Violation(output, item.story_id, "disclaimer", "has no disclaimer"))
    return violations


def check_message(
    raw: bytes,
    edition: Edition,
    variant: Variant,
    *,
    output: str,
    now: datetime,
    barred: frozenset[str] = frozenset(),
) -> tuple[Violation, ...]:
    """Violations of a whole message as it would be sent: its bytes, its headers, both its parts."""
    violations = [Violation(output, None, "wire-form", detail) for detail in _wire_faults(raw)]
    message = message_from_bytes(raw)
    violations += [Violation(output, None, "headers", detail) for detail in _header_faults(raw, message)]
    parts = {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}
    if message.get_content_type() != "multipart/alternative" or list(parts) != ["text/plain", "text/html"]:
        violations.append(Violation(output, None, "structure", "is not a text part followed by an HTML part"))
        return tuple(violations)
    html, text = _decoded(parts["text/html"]), _decoded(parts["text/plain"])
    violations += check_html(html, edition, variant, output=f"{output}#html", now=now, barred=barred)
    violations += check_text(
        text.replace(b"\r\n", b"\n"), edition, variant, output=f"{output}#text", barred=barred
    )
    return tuple(violations)


def _decoded(part: Message) -> bytes:
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def _wire_faults(raw: bytes) -> list[str]:
    faults: list[str] = []
    if b"\r" in raw.replace(b"\r\n", b"") or b"\n" in raw.replace(b"\r\n", b""):
        faults.append("holds a bare CR or LF")
    lines = raw.split(b"\r\n")
    if any(len(line) > LINE_MAX for line in lines):
        faults.append(f"has a line over {LINE_MAX} octets")
    if any(line.startswith(b".") for line in lines):
        faults.append("has a line that begins with a dot")
    if b"\x00" in raw:
        faults.append("holds a NUL")
    return faults


def _header_faults(raw: bytes, message: Message) -> list[str]:
    faults: list[str] = []
    names = message.keys()
    missing = [name for name in HEADERS if name not in names]
    if missing:
        faults.append(f"lacks {', '.join(missing)}")
    if extra := [name for name in names if name not in HEADERS]:
        faults.append(f"holds headers that are not ours: {', '.join(extra)}")
    if len(set(names)) != len(names):
        faults.append("holds a header twice")
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    if not re.search(rb"^List-Unsubscribe: <https?://[!-~]+>(, <mailto:[!-~]+>)?\r\n", head, re.MULTILINE):
        faults.append("List-Unsubscribe is not one literal line")
    if b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" not in head:
        faults.append("List-Unsubscribe-Post is not exactly the one-click form")
    return faults
