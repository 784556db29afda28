"""A language from right to left that has no catalogue: what is said in English for want of a translation is kept together, on readers' pages and in mails.

Without the marks a full stop or a bracket at its end would jump to its beginning.
"""

from __future__ import annotations

import pytest

from publisher.desk import editions, letters, wire
from publisher.edition import Variant
from publisher.newsroom import Newsroom
from publisher.render import notice, withdrawal
from publisher.render.direction import LRI, PDI
from tests.editions import LOOK, TEMPLATES
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.readerpages import Client

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database) -> Newsroom:
    said = {"id": "house", "version": 1}
    told = [
        {**said, "language": tag, "short": f"{short}.", "full": f"{short}."}
        for tag, short in (("en", "Theirs alone"), ("ur", "یہ خیالات ماخذ کے ہیں"))
    ]
    return newsroom(
        database,
        tables={"disclaimer": told},
        languages=["en", "ur"],
        title={"en": "The Morning Wire", "ur": "صبح کی خبریں"},
    )


def test_a_readers_page_keeps_it_together(room: Newsroom) -> None:
    client = Client(room, address="203.0.113.7")
    page = client.ask("/subscribe?lang=ur").text
    assert '<html lang="ur" dir="rtl">' in page
    assert f"{LRI}Subscribe{PDI}</button>" in page
    assert ">Subscribe" not in page
    dead = client.ask("/confirm/nothing", headers=[("accept-language", "ur")]).text
    assert f"<h1>{LRI}This link does not work{PDI}</h1>" in dead
    assert LRI not in client.ask("/subscribe?lang=en").text


def test_a_digest_keeps_it_together_and_passes_the_gate(room: Newsroom) -> None:
    first = line(2, language="ur", headline="پل دوبارہ کھل گیا", body="پل پیر کو کھلا۔")
    more = line(3, language="ur", headline="بندرگاہ بند ہو گئی", body="بندرگاہ منگل کو بند ہوئی۔")
    wire.read_document(room, room.source("meridian"), jsonl(line(1), first, more), **WHO)
    made = editions.make(room, "morning", **WHO)
    mail = editions.cleared(room, made, Variant("ur"), letter=letters.of_edition(room, made), now=NOW)
    assert mail is not None, made.shelves
    for text in (mail.html, mail.text):
        assert f"{LRI}Unsubscribe{PDI}" in text
        assert f"{LRI}You get this because " in text
    assert f"{LRI}1 more{PDI}" in mail.subject


def test_notices_keep_it_together() -> None:
    mail = notice.render(notice.Kind.CONFIRM, "ur", digest="صبح کی خبریں", look=LOOK, templates=TEMPLATES)
    assert f"{LRI}Was it you?{PDI}" in mail.html
    assert f"{LRI}Was it you?{PDI}" in mail.text
    said = withdrawal.Withdrawal(
        title="صبح کی خبریں",
        slot=NOW,
        at=NOW,
        timezone="UTC",
        source_name="Meridian",
        by_source=True,
        reason="",
        page_url="",
        section="دنیا",
        number=1,
        time=NOW,
    )
    mail = withdrawal.render(said, "ur", look=LOOK, templates=TEMPLATES)
    for text in (mail.html, mail.text):
        assert f"{LRI}Please disregard it, and do not pass it on.{PDI}" in text
