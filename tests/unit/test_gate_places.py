"""Places left open: what a template forgot is refused where it stands; what a story says of that kind is text like any other."""

from __future__ import annotations

from dataclasses import replace
from html import escape, unescape

import pytest

from publisher import gate
from publisher.render import digest as digests
from publisher.render.places import Place, marker, markers
from tests.feedbox import NOW, edition
from tests.gatebox import (
    ENGLISH,
    FEEDS,
    ITEMS,
    LOOK,
    MAILS,
    SHIPPED,
    check,
    compiled,
    digest,
    edited,
    output,
    rules,
)

OUTPUTS = (*FEEDS, *MAILS)
MADE = digest()
FAKE = "Place0123456789abcdef01234567Ends"
HOSTILE = (
    FAKE,
    marker("the edition of yesterday", Place.LEAVE),
    "{{ place.leave }} and {% if lead %}",
    "{{",
    "ends with {%",
)


def hostile(said: str, story_id: str = "01B") -> dict[str, object]:
    """An item that says this wherever a story can speak."""
    return {
        "story_id": story_id,
        "headline": f"Bridge {said}",
        "original_headline": f"Bridge {said}",
        "lede": f"The bridge opened {said}",
        "body": f"<p>The bridge opened {escape(said)}</p>",
        "byline": said,
        "dateline": said,
        "correction_note": said,
        "corrected_at": NOW,
        "copyright_notice": said,
        "rights_line": said,
        "categories": (said,),
    }


@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("fmt", FEEDS)
def test_a_feed_holds_a_story_that_imitates_a_place_and_its_neighbours(fmt, said):
    made = edition(ITEMS[0], replace(ITEMS[1], **hostile(said)), ITEMS[2])
    raw = output(fmt, made)
    assert check(fmt, raw, made) == ()
    assert said in raw.decode()


@pytest.mark.parametrize("said", HOSTILE)
def test_a_mail_holds_a_story_that_imitates_a_place_and_fills_only_its_own(said):
    made = digest(ITEMS[0], replace(ITEMS[1], **hostile(said)), ITEMS[2])
    rendered = digests.render(made, ENGLISH, look=LOOK, templates=SHIPPED)
    raw = compiled(made, rendered)
    assert gate.check_message(raw, made, ENGLISH, output="m", now=NOW, subject=rendered.subject) == ()
    assert unescape(rendered.html).count(said) >= 3
    for place in markers(made.content_hash).values():
        assert place not in raw.decode()
    for story in made.items:
        assert story.headline in rendered.text


@pytest.mark.parametrize("story_id", [story.story_id for story in ITEMS])
@pytest.mark.parametrize("left", [marker("some other seed", Place.LEAVE), "{{ entry.lede }}"])
@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_place_left_open_within_an_item_names_the_item(kind, left, story_id):
    raw = edited(
        kind, MADE, story_id, lambda text: text.replace("Lede of", f"{left} of").replace("opened", left)
    )
    violations = check(kind, raw, MADE)
    assert {(v.story_id, v.rule) for v in violations} == {(story_id, "placeholder")}
    assert left[:8] in violations[0].detail


@pytest.mark.parametrize("left", [marker("some other seed", Place.LEAVE), "{{ place.leave }}"])
@pytest.mark.parametrize("kind", MAILS)
def test_a_place_left_open_outside_of_every_item_names_the_words_of_the_template_before_it(kind, left):
    html, text = (output(part, MADE).decode() for part in ("html", "text"))
    html, text = html.replace("The footer.", f"Leave: {left}"), text.replace("The footer.", f"Leave: {left}")
    raw = {
        "html": html.encode(),
        "text": text.encode(),
        "message": compiled(MADE, digests.Rendered("Lead", html, text)),
    }[kind]
    violations = check(kind, raw, MADE)
    assert {(v.story_id, v.rule) for v in violations} == {(None, "placeholder")}
    assert all(v.detail.endswith("Leave:'") for v in violations), violations


@pytest.mark.parametrize("left", [marker("some other seed", Place.ADDRESS), "{{ subject }}"])
def test_a_place_left_open_in_the_subject_is_refused(left):
    html, text = (output(part, MADE).decode() for part in ("html", "text"))
    raw = compiled(MADE, digests.Rendered(f"Lead {left}", html, text))
    violations = check("message", raw, MADE)
    assert [(v.output, v.rule) for v in violations] == [("message#subject", "placeholder")]


def test_a_subject_that_a_story_filled_with_a_place_passes():
    made = digest(replace(ITEMS[0], **hostile(FAKE, "01A")), *ITEMS[1:])
    html, text = (output(part, made).decode() for part in ("html", "text"))
    assert (
        rules(check("message", compiled(made, digests.Rendered(f"Bridge {FAKE}", html, text)), made)) == set()
    )
