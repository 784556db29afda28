"""What an editor does to the next edition: the note on top, and the order of a section; both are part of what is approved."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.desk import editions, mailing, preparing, previews
from publisher.errors import BadInput, UnknownName
from publisher.store.db import Database
from tests.mailroom import WHO, ingest, keeping, mails, make, story_id, subscribe
from tests.newsrooms import NOW, line, newsroom

TEXT = "Publishing resumes today.\n\n* Letters <b>go</b> to the desk.\nThank you."


def draft(room):
    return editions.present_or_draft(room, "morning", at_once=False, now=NOW)


def test_a_note_stands_on_top_of_the_next_edition_and_of_no_other(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "reader@list.example")
        without = draft(room)
        preparing.note(room, "morning", TEXT, language=None, **WHO)
        made = make(room)
        mailing.run(room, mailing.begin(room, made, **WHO), clock=lambda: NOW)
        (sent,) = mails(server)["reader@list.example"]
    assert made.note("en") == ("Publishing resumes today.", "* Letters <b>go</b> to the desk. Thank you.")
    assert made.content_hash != without.content_hash
    assert "Editor's note:\n\nPublishing resumes today.\n\n• Letters <b>go</b>" in sent.replace("\r\n", "\n")
    assert sent.index("Publishing resumes") < sent.index("== ")
    assert preparing.waiting_notes(room, "morning") == []
    assert editions.edition(room, made.edition_id) == made


def test_a_note_is_in_the_page_and_in_html_as_text(database: Database, tmp_path: Path) -> None:
    room = newsroom(database)
    ingest(room, line(1))
    preparing.note(room, "morning", TEXT, language="en", **WHO)
    shown = previews.preview(room, "morning", tmp_path / "out", now=NOW)
    (page,) = (path for path in shown.written if path.suffix == ".html")
    html = page.read_text()
    assert "Editor&#39;s note" in html
    assert "&lt;b&gt;go&lt;/b&gt;" in html


def test_another_note_replaces_the_first_and_clearing_takes_it_away(database: Database) -> None:
    room = newsroom(database)
    preparing.note(room, "morning", "First.", language=None, **WHO)
    preparing.note(room, "morning", "Second.", language="en", **WHO)
    assert [entry.text for entry in preparing.waiting_notes(room, "morning")] == ["Second."]
    assert preparing.clear_note(room, "morning", language=None, **WHO) == 1
    assert preparing.clear_note(room, "morning", language=None, **WHO) == 0
    assert preparing.waiting_notes(room, "morning") == []


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("", None, "nothing is seen"),
        ("\u200b\n \u2800", None, "nothing is seen"),
        ("x" * 2000, None, "2000 characters; 1500 is the most"),
        ("Well.", "xx", "no language 'xx'"),
        ("Dear {{ name }}", None, "looks like a template"),
    ],
)
def test_what_is_no_note_is_refused(database: Database, text, language, said) -> None:
    room = newsroom(database)
    with pytest.raises(BadInput, match=said):
        preparing.note(room, "morning", text, language=language, **WHO)
    with pytest.raises(UnknownName):
        preparing.note(room, "evening", "Well.", language=None, **WHO)


def test_an_edition_without_a_note_keeps_the_hash_it_always_had(database: Database) -> None:
    from publisher.editiondata import from_data, to_data

    room = newsroom(database)
    ingest(room, line(1), line(2))
    made = make(room)
    data = to_data(made)
    del data["notes"]
    assert from_data(data) == made
    assert from_data(data).content_hash == made.content_hash


def test_a_section_begins_with_what_the_editor_puts_first(database: Database) -> None:
    room = newsroom(database)
    ingest(room, *(line(number) for number in range(1, 5)))
    before = draft(room)
    shelf = before.shelves[0]
    wanted = [shelf.stories[-1], shelf.stories[1]]
    made = preparing.order(room, "morning", shelf.section, wanted, why="the strike first", **WHO)
    after = draft(room)
    assert [entry.mark.place for entry in made] == [1, 2]
    assert list(after.shelves[0].stories[:2]) == wanted
    assert after.content_hash != before.content_hash


def test_an_order_names_each_story_once_and_a_section_of_the_digest(database: Database) -> None:
    room = newsroom(database)
    ingest(room, line(1), line(2))
    made = draft(room)
    story = story_id(made, 1)
    with pytest.raises(BadInput, match="named twice"):
        preparing.order(room, "morning", "world", [story, story], why="x", **WHO)
    with pytest.raises(UnknownName):
        preparing.order(room, "morning", "nowhere", [story], why="x", **WHO)


@pytest.mark.parametrize(
    "text",
    [
        "* Reuters",
        "turned \u202eround",
        "a\x00b\x1bc",
        "----------\n----------",
        "Source: X\nhttps://x.example",
    ],
)
def test_a_note_of_any_text_makes_an_edition(database: Database, text) -> None:
    room = newsroom(database, languages=["en", "fa"], title={"en": "Wire", "fa": "خبر"})
    ingest(room, line(1), line(2), line(3, language="fa"))
    for language in ("en", "fa"):
        preparing.note(room, "morning", text, language=language, **WHO)
    made = make(room)
    assert made.note("en")
    assert made.note("fa")
