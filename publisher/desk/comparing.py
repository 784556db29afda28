"""What each version of a story changed of the one before it, as a desk reads it: words, not markup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Any

from publisher.desk.names import story as get_story
from publisher.newsroom import Newsroom
from publisher.store import stories
from publisher.story import PubStatus, Received

__all__ = ["changes"]


MANY = 500
"""Lines of a text beyond which a comparison need not be the shortest."""


def changes(newsroom: Newsroom, story_id: str) -> list[dict[str, Any]]:
    """Each place in which a version differs from the one before it, with what stood there before and after; the oldest version first.

    A kill says of a story that it must go, nothing of its text: what comes after it is compared with the version before it.
    """
    story = get_story(newsroom, story_id)
    with newsroom.database.read() as connection:
        versions = stories.versions(connection, story.story_id)
    found: list[dict[str, Any]] = []
    if len(versions) < 2:
        return found
    number, _, text_of = versions[0]
    last = text_of
    for version, _, received in versions[1:]:
        gone = received.pubstatus is PubStatus.CANCELED
        told = () if gone else _fields(text_of, received)
        status = (
            [("status", last.pubstatus.value, received.pubstatus.value)]
            if received.pubstatus is not last.pubstatus
            else []
        )
        found += [
            {"version": version, "against": number, "field": field, "before": before, "after": after}
            for field, before, after in (*status, *told)
        ]
        last = received
        if not gone:
            number, text_of = version, received
    return found


def _fields(before: Received, after: Received) -> Iterator[tuple[str, str, str]]:
    """Field, what it said, what it says."""
    was, now = _said(before), _said(after)
    for field, text in now.items():
        if "\n" in text or "\n" in was[field]:
            yield from ((field, *place) for place in _places(was[field], text))
        elif text != was[field]:
            yield field, was[field], text


def _said(received: Received) -> dict[str, str]:
    """What a version says, in the order in which a desk reads it; a line for each paragraph and each entry of a list."""
    from publisher.intake.markup import to_text  # lists do without the readers of wire formats

    embargo = received.embargo
    until = _instant(embargo.until) or embargo.kind.value
    return {
        "headline": received.original_headline,
        "house headline": received.headline,
        "lede": received.lede,
        "text": to_text(received.body),
        "correction note": received.correction_note or "",
        "byline": received.byline,
        "dateline": received.dateline,
        "source name": received.source_name,
        "source link": received.source_url,
        "language": received.language,
        "urgency": str(received.urgency),
        "embargo": "" if until == "none" else until,
        "expires": _instant(received.expires),
        "rights": received.rights,
        "copyright": received.copyright_notice,
        "usage terms": received.usage_terms,
        "genre": received.genre,
        "slugline": received.slugline,
        "categories": "\n".join(received.categories),
        "subjects": "\n".join(
            f"{subject.scheme}:{subject.code} {subject.name}".strip(": ") for subject in received.subjects
        ),
        "media": "\n".join(
            " ".join(filter(None, (medium.url, medium.caption or medium.alt, medium.credit)))
            for medium in received.media
        ),
        "note for the desk": received.ednote or "",
        "set aside": "\n".join(received.set_aside),
    }


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _places(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Each run of lines that is another one, as it was and as it is."""
    was, now = ([line for line in text.split("\n") if line] for text in (before, after))
    while was and now and was[-1] == now[-1]:
        was.pop()
        now.pop()
    alike = next(
        (n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
    )
    was, now = was[alike:], now[alike:]
    # of so many lines those that come up often are passed over, else the time grows with their square
    matched = SequenceMatcher(a=was, b=now, autojunk=max(len(was), len(now)) > MANY)
    for what, start, end, start_now, end_now in matched.get_opcodes():
        if what != "equal":
            yield "\n".join(was[start:end]), "\n".join(now[start_now:end_now])
