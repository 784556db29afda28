"""A mail that webmail would cut off is made smaller: shorter excerpts first, then fewer stories; provenance never shrinks."""

import re
from dataclasses import replace

import pytest

from publisher import gate
from publisher.edition import Shelf, Variant, Why
from publisher.errors import MailTooLarge
from publisher.render import digest, message
from publisher.selection import roomier
from tests.editions import HEADERS, LOOK, NOW, PERSONAL, TEMPLATES, edition, item, persian

LEDE = "The bridge opened on Monday after a year, and lorries may use it at night. " * 8
MAKERS = {"en": item, "fa": persian}


def many(stories, language="en", **fields):
    fields = {"lede": LEDE} | fields
    return edition(*(MAKERS[language](f"{n:03}A", **fields) for n in range(stories)), language=language)


def mailed(made, language="en"):
    return digest.render(made, Variant(language), look=LOOK, templates=TEMPLATES)


def excerpts(rendered):
    return [len(text) for text in re.findall(r">(The bridge opened[^<]*)<", rendered.html)]


def cleared(made, rendered):
    headers = replace(HEADERS, subject=rendered.subject)
    raw = message.compile(rendered, headers, seed=made.content_hash).message(PERSONAL)
    return gate.check_message(raw, made, Variant("en"), output="mail", now=NOW)


def test_a_mail_of_ordinary_size_shows_excerpts_as_designed():
    shown = excerpts(mailed(many(12)))
    assert max(shown[1:]) > 200
    assert max(shown[1:]) <= 280


@pytest.mark.parametrize(("stories", "at_most"), [(58, 200), (64, 90)])
def test_more_stories_have_shorter_excerpts(stories, at_most):
    made = many(stories)
    rendered = mailed(made)
    assert len(rendered.html.encode().replace(b"\n", b"\r\n")) <= digest.HTML_MAX
    assert 0 < max(excerpts(rendered)[1:]) <= at_most
    assert cleared(made, rendered) == ()


def test_the_size_is_that_of_the_mail_whose_lines_end_in_two_bytes(monkeypatch):
    made = many(12)
    limit = len(mailed(made).html.encode())
    monkeypatch.setattr(digest, "HTML_MAX", limit)
    assert len(mailed(made).html.encode().replace(b"\n", b"\r\n")) <= limit


def test_the_text_part_has_the_same_excerpts():
    rendered = mailed(many(64))
    assert max(
        len(line) for line in rendered.text.splitlines() if line.startswith("The bridge opened")
    ) <= max(excerpts(rendered))


def test_what_does_not_fit_without_any_excerpt_is_refused_with_its_size():
    with pytest.raises(MailTooLarge) as refused:
        mailed(many(120))
    assert refused.value.size > refused.value.limit == digest.HTML_MAX


def test_room_is_made_at_the_end_of_the_longest_shelves():
    items = [item(f"{n:03}A") for n in range(9)]
    ids = tuple(entry.story_id for entry in items)
    shelves = tuple(
        Shelf(section=section, title=section.title(), language="en", stories=stories)
        for section, stories in (("world", ids[:6]), ("economy", ids[6:]))
    )
    made = edition(*items, shelves=shelves)
    smaller = roomier(made, "en", 4)
    assert [len(s.stories) for s in smaller.shelves] == [3, 2]
    assert {entry.story_id for entry in smaller.items} == {*ids[:3], *ids[6:8]}
    assert [(e.story_id, e.section, e.language) for e in smaller.left_out if e.why is Why.SIZE] == [
        (ids[5], "world", "en"),
        (ids[4], "world", "en"),
        (ids[3], "world", "en"),
        (ids[8], "economy", "en"),
    ]
    assert smaller.shelves[0].more == 3
    assert smaller.content_hash != made.content_hash


def test_the_mail_says_how_many_more_there_are():
    made = roomier(many(8), "en", 3)
    assert "3 more in World" in mailed(made).text


def test_one_story_is_always_kept():
    assert len(roomier(many(3), "en", 10).items) == 1


def test_other_languages_keep_their_stories():
    made = many(5)
    assert roomier(made, "fa", 3) == made
