"""WordPress REST posts: a list from /wp/v2/posts, or one post.

What wordpress.md found: only `*_gmt` times can be computed with, titles are HTML to be read once, a protected post says so in
`content.protected` while its title and meta stay open, the language is in the text and nowhere else.
"""

from __future__ import annotations

import json
import re
from typing import Any

from publisher.intake.build import Parts, build, reject
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.jsondoc import is_text, load, objects, text
from publisher.intake.markup import to_text
from publisher.intake.text import clean
from publisher.intake.times import parse as parse_time
from publisher.story import Reason, Received, Rejected

__all__ = ["language_of", "read", "recognises"]

UNTITLED = frozenset({"", "untitled", "(no title)", "auto draft"})
PERSIAN = re.compile("[پچژگکی]")
ARABIC = re.compile("[\u0600-\u06ff]")
HEBREW = re.compile("[\u0590-\u05ff]")
CYRILLIC = re.compile("[\u0400-\u04ff]")
LETTERS = re.compile(r"[^\W\d_]")


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like an answer of the posts route."""
    head = raw[:3000]
    return head.lstrip()[:1] in {b"[", b"{"} and b'"rendered"' in raw[:20_000] and b'"id"' in head


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The posts of a REST answer."""
    data = load(raw)
    if isinstance(data, Unreadable):
        return data
    if isinstance(data, dict) and "code" in data and "message" in data:
        return Unreadable(
            "rest-error", f"WordPress answers {text(data['code'])}: {to_text(text(data['message']))[:120]}"
        )
    entries = objects(data if isinstance(data, list) else [data])
    items = [_post(entry, context) for entry in entries[: context.max_items]]
    return Document(items=tuple(items), left_out=max(0, len(entries) - context.max_items))


def _rendered(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return text(value.get("rendered")) if isinstance(value, dict) else text(value)


def _post(entry: dict[str, Any] | None, context: Context) -> Received | Rejected:
    if entry is None or not text(entry.get("id")):
        return reject(
            Parts(raw=repr(entry)[:1000].encode()), Reason.MALFORMED, "an entry is no post with an id"
        )
    body = _rendered(entry, "content")
    headline = " ".join(to_text(_rendered(entry, "title")).split())
    source = context.source
    name = _field(entry, source.source_name_field or "source_name")
    url = _field(entry, source.source_url_field or "source_url")
    number = text(entry.get("id"))
    parts = Parts(
        guid=f"wordpress:{number}",
        link=text(entry.get("link")),
        headline="" if headline.casefold() in UNTITLED else headline,
        body_html=body,
        summary_html=_rendered(entry, "excerpt"),
        language=language_of(f"{headline} {to_text(body[:4000])}", source.language),
        source_name=name or "",
        source_url=url or "",
        aliases=[_rendered(entry, "guid")],
        published=parse_time(text(entry.get("date_gmt")), zone="UTC"),
        updated=parse_time(text(entry.get("modified_gmt")), zone="UTC"),
        categories=_terms(entry, "category"),
        raw=json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "replace"),
        base_url=text(entry.get("link")) or context.base_url,
    )
    status = entry.get(
        "status", "publish"
    )  # absent where a request asked for fewer fields; any other value says no
    if status != "publish":
        shown = clean(str(status), 60)
        return reject(parts, Reason.UNPUBLISHED, f"the post is {shown!r}, not published")
    if entry.get("password") or any(map(_protected, (entry.get("content"), entry.get("excerpt")))):
        return reject(parts, Reason.PROTECTED, "the post is behind a password: its story is not public")
    if name is None or url is None:
        return reject(parts, Reason.MALFORMED, "a custom field that names the source holds no text")
    return build(parts, context)


def _protected(part: Any) -> bool:
    return isinstance(part, dict) and part.get("protected", False) is not False


def _field(entry: dict[str, Any], name: str) -> str | None:
    """A custom field's text, bare or alone in a list as WordPress gives repeatable fields; None when it holds something else."""
    meta = entry.get("meta")
    value = meta.get(name) if isinstance(meta, dict) else None
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else None
    return "" if value is None else text(value) if is_text(value) else None


def _terms(entry: dict[str, Any], taxonomy: str) -> list[str]:
    """Names of embedded terms, else the category numbers as the configuration maps them (`category_map`)."""
    names: list[str] = []
    embedded = entry.get("_embedded")
    groups = embedded.get("wp:term") if isinstance(embedded, dict) else None
    for group in groups if isinstance(groups, list) else []:
        names += [
            to_text(text(term.get("name")))
            for term in objects(group)
            if term and term.get("taxonomy") == taxonomy
        ]
    numbers = entry.get("categories")
    if names or not isinstance(numbers, list):
        return names
    return [text(number) for number in numbers if text(number)]


def language_of(said: str, default: str) -> str:
    """The language by the text's script; scripts that several languages share give the default where it fits."""
    letters = len(LETTERS.findall(said)) or 1
    if len(ARABIC.findall(said)) > letters / 2:
        return "fa" if PERSIAN.search(said) else "ar"
    if len(HEBREW.findall(said)) > letters / 2:
        return "he"
    if len(CYRILLIC.findall(said)) > letters / 2:
        return "ru"
    return default
