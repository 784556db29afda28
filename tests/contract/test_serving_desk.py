"""What a server is told of changes: all of them, in their order, also after a table was put back from a copy."""

import threading
from hashlib import sha256

from sqlalchemy import delete

from publisher import web
from publisher.desk import serving
from publisher.store import public
from publisher.store.public import Finished
from publisher.store.schema import public_file
from tests.newsrooms import NOW, newsroom


def put(room, *names, text=b"x"):
    with room.database.write() as connection:
        public.put(
            connection, {name: Finished(text + name.encode(), "text/plain") for name in names}, now=NOW
        )


def all_changes(room, after=0):
    found = []
    while files := serving.changed(room, after=after).files:
        found += files
        after = files[-1].seq
    return found


def test_every_change_is_told_once_and_in_its_order(database, monkeypatch):
    monkeypatch.setattr(serving, "BATCH", 3)
    room = newsroom(database)
    assert serving.changed(room, after=0).files == []
    names = [f"feeds/{n}.rss" for n in range(8)]
    put(room, *names)
    first = all_changes(room)
    assert [file.path for file in first] == names
    put(room, "feeds/3.rss", text=b"y")
    with database.write() as connection:
        public.withdraw(connection, ["feeds/5.rss"], now=NOW)
    second = all_changes(room, after=first[-1].seq)
    assert [(file.path, file.status) for file in second] == [("feeds/3.rss", 200), ("feeds/5.rss", 410)]
    assert second[0].body == b"yfeeds/3.rss"


def test_a_table_put_back_from_a_copy_is_told_from_its_beginning(database):
    room = newsroom(database)
    put(room, "feeds/a.rss")
    put(room, "feeds/b.rss")
    last = all_changes(room)[-1].seq
    assert not serving.changed(room, after=last).anew
    with database.write() as connection:
        connection.execute(delete(public_file).where(public_file.c.path == "feeds/b.rss"))
    told = serving.changed(room, after=last)
    assert (told.anew, [file.path for file in told.files]) == (True, ["feeds/a.rss"])


def test_at_home_links_lead_home_and_the_hash_is_of_what_is_sent(database):
    room = newsroom(database)
    put(room, "feeds/a.rss", text=b"tag:front.example,2026:1 https://front.example/s/world/ ")
    (file,) = serving.changed(room, after=0, at_home="http://127.0.0.1:1").files
    assert file.body == b"tag:front.example,2026:1 http://127.0.0.1:1/s/world/ feeds/a.rss"
    assert file.sha256 == sha256(file.body).hexdigest()


def test_beside_a_clock_nobody_is_told_to_build_feeds(database):
    """`run` builds them at once; `serve` alone gives that hint."""
    room, ended, said = newsroom(database), threading.Event(), []

    def tell(text):
        said.append(text)
        ended.set()

    web.serve(room, web.bind("127.0.0.1", 0), say=tell, log_requests=False, at_home=False, until=ended)
    assert "Serving 0 public files" in said[0]
    assert "feed build" not in said[0]
