"""What a running server does when the world changes: new bytes, kills, a database that goes away, signals, many readers at once."""

import asyncio
import hashlib
import signal
import socket
import threading
from email.utils import parsedate_to_datetime

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told
from tests.webbox import desk, serving, until

JSON = "/feeds/world.json"


@pytest.fixture
def office(tmp_path):
    with desk(tmp_path) as opened:
        opened.ingest(1, 2, 3)
        opened.publish()
        yield opened


def test_new_bytes_appear_without_a_restart(office):
    with serving(office.folder) as server:
        before = server.get(JSON)
        office.ingest(4)
        office.publish()
        after = until(lambda: (reply := server.get(JSON))["etag"] != before["etag"] and reply)
        assert b"Headline number 4" in after.body
        moved = parsedate_to_datetime(after["last-modified"]) - parsedate_to_datetime(before["last-modified"])
        assert moved.total_seconds() >= 1


def test_after_a_kill_no_old_validator_gets_304_and_the_story_says_410(office):
    with serving(office.folder) as server:
        story_id = server.get(JSON).story_ids()[0]
        paths = [
            f"/feeds/{name}.{fmt}"
            for name in ("world", "all", "source/meridian")
            for fmt in ("rss", "atom", "json")
        ]
        paths.append("/s/world/")
        before = {path: server.get(path) for path in paths}
        assert server.get(f"/story/{story_id}").status == 200
        office.kill(story_id)
        until(lambda: server.get(f"/story/{story_id}").status == 410)
        for path, old in before.items():
            tag, date = old["etag"], old["last-modified"]
            for asked in (
                [f"If-None-Match: {tag}"],
                [f"If-None-Match: W/{tag}"],
                [f"If-Modified-Since: {date}"],
                [f"If-None-Match: {tag}", f"If-Modified-Since: {date}"],
            ):
                for coding in ("gzip", "identity"):
                    assert server.get(path, *asked, f"Accept-Encoding: {coding}").status == 200, (path, asked)
            new = server.get(path)
            assert parsedate_to_datetime(new["last-modified"]) > parsedate_to_datetime(date)
            assert server.get(path, f"If-Modified-Since: {new['last-modified']}").status == 304
        gone = server.get(f"/story/{story_id}", "If-None-Match: *")
        assert (gone.status, gone["cache-control"]) == (410, "public, max-age=300, must-revalidate")
        assert b"Withdrawn: a story from" in gone.body
        assert server.get(f"/story/{story_id}/").status == 410
        assert server.get(f"/story/{story_id}", method="POST").status == 405


def test_many_changes_within_a_second_move_the_date_each_time(office):
    with serving(office.folder) as server:
        seen = {server.get(JSON)["last-modified"]}
        for story_id in server.get(JSON).story_ids():
            known = server.get(JSON)["etag"]
            office.kill(story_id)
            seen.add(
                until(lambda known=known: (r := server.get(JSON))["etag"] != known and r)["last-modified"]
            )
        assert len(seen) == 4
        latest = max(seen, key=parsedate_to_datetime)
        for date in seen - {latest}:
            assert server.get(JSON, f"If-Modified-Since: {date}").status == 200
        assert server.get(JSON, f"If-Modified-Since: {latest}").status == 304


def test_fifty_readers_never_see_half_a_body_while_feeds_change(office):
    """Whole means: the length that was said, and a hash that names the bytes."""
    stop = threading.Event()

    def change():
        number = 10
        while not stop.is_set():
            office.ingest(number, body=f"A paragraph of story {number}. " * (number * 37 % 400 + 1))
            office.publish()
            number += 1

    async def read(port, path, seen):
        for _ in range(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            lines = dict(entry.split(b": ", 1) for entry in head.split(b"\r\n")[1:])
            assert int(lines[b"content-length"]) == len(body)
            assert lines[b"etag"].decode() == f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            seen.add(lines[b"etag"])

    async def readers(port):
        seen = set()
        paths = [f"/feeds/world.{fmt}" for fmt in ("rss", "atom", "json")]
        rounds = 0
        while len(seen) < 3 * 3:  # each feed in three states at least
            await asyncio.gather(*(read(port, paths[n % 3], seen) for n in range(50)))
            rounds += 1
            assert rounds < 100

    with serving(office.folder) as server:
        worker = threading.Thread(target=change)
        worker.start()
        try:
            asyncio.run(readers(server.port))
        finally:
            stop.set()
            worker.join()


def test_the_last_bytes_stay_up_while_the_database_is_away(office):
    """The file is there and is no database any more: as on a full disk, a lost mount, a server that is down."""
    breaks = (
        "import publisher.store.public as p, publisher.errors as e, pathlib\n"
        "real = p.newest\n"
        f"away = pathlib.Path({str(office.folder / 'away')!r})\n"
        "def newest(connection):\n"
        "    if away.exists(): raise e.StoreUnavailable('the database', 'it is away')\n"
        "    return real(connection)\n"
        "p.newest = newest\n"
    )
    with serving(office.folder, before=breaks) as server:
        before = server.get(JSON)
        (office.folder / "away").touch()
        until(lambda: any("it is away; the last bytes stay up" in text for text in server.logged))
        assert server.get(JSON).body == before.body
        assert server.get("/healthz").status == 200
        office.ingest(4)
        office.publish()
        (office.folder / "away").unlink()
        until(lambda: server.get(JSON)["etag"] != before["etag"])
        until(lambda: any("the database answers again" in text for text in server.logged))
        assert sum("it is away" in text for text in server.logged) == 1


def test_a_database_put_back_from_a_copy_is_read_anew(office):
    with serving(office.folder) as server:
        before = server.get(JSON)
        with (
            office.room.database.write() as connection
        ):  # as an older copy would look: fewer changes, other bytes
            connection.exec_driver_sql("DELETE FROM public_file WHERE path LIKE 'site/%'")
            connection.exec_driver_sql("UPDATE public_file SET seq = -seq")
            for number, (path,) in enumerate(
                connection.exec_driver_sql("SELECT path FROM public_file ORDER BY seq DESC").all(), 1
            ):
                connection.exec_driver_sql("UPDATE public_file SET seq = ? WHERE path = ?", (number, path))
        until(lambda: server.get("/").status == 404)
        assert server.get(JSON).body == before.body


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(office, number, code):
    with serving(office.folder) as server, socket.create_connection(("127.0.0.1", server.port)) as idle:
        assert server.stop(number) == code
        assert idle.recv(1) == b""
    assert "Stopped.\n" in server.said
    assert not [text for text in server.logged if "Traceback" in text or "Error" in text]


def test_it_starts_on_an_empty_house_and_says_what_is_missing(tmp_path):
    with desk(tmp_path) as office, serving(tmp_path) as server:
        assert "nothing is public yet: run `publisher feed build`" in server.said[0]
        assert server.get("/").status == 404
        office.ingest(1)
        office.publish()
        until(lambda: server.get("/").status == 200)


def test_a_taken_port_is_said_in_one_sentence(office, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert told(publisher, ["--config", str(office.folder / "config"), "serve", "--port", port]) == 2
    said = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert "--port" in said


def test_the_log_of_requests_is_off_and_holds_no_token_when_on(office):
    with serving(office.folder) as quiet:
        quiet.get(JSON)
        quiet.stop()
    assert quiet.logged == []
    with serving(office.folder, "--access-log") as loud:
        loud.get(f"{JSON}?key=SECRET1")
        loud.get("/u/SECRET2")
        loud.get("/u%0aSECRET3")
        loud.stop()
    log = "".join(loud.logged)
    assert f"GET {JSON} 200" in log
    assert "GET /u/… 404" in log
    assert "SECRET1" not in log
    assert "SECRET2" not in log
    assert len(loud.logged) == 3


def test_the_demo_is_served_from_its_table_with_links_that_lead_here(tmp_path):
    with serving(tmp_path, "--serve", "--dir", str(tmp_path / "demo"), command="demo") as server:
        for path in ("/config/secrets.toml", "/publisher.sqlite3", "/mail/", "/site/"):
            assert server.get(path).status == 404
        front = server.get("/").body.decode()
        assert "https://front.example" not in front
        assert f'href="http://127.0.0.1:{server.port}/s/world/en/"' in front
        feed = server.get("/feeds/world.rss")
        assert feed.all("link") == [f'<http://127.0.0.1:{server.port}/feeds/world.rss>; rel="self"']
        assert feed["etag"] == f'"{hashlib.sha256(feed.body).hexdigest()[:32]}"'
        assert b"tag:front.example,2026-01-01:" in feed.body
        assert server.get("/assets/copy.js").status == 200
        assert server.stop(signal.SIGINT) == 130


def test_a_site_larger_than_its_memory_is_served_whole_and_follows_every_change(office):
    small = "import publisher.web.shelf as shelf\nshelf.MEMORY_MAX = 3_000\n"
    paths = ["/", "/s/world/", "/feeds/all.rss", "/feeds/world.json", "/feeds/index.opml"]
    with serving(office.folder) as server, serving(office.folder, before=small) as little:
        for path in paths * 2:
            for coding in ("identity", "gzip"):
                whole, again = (s.get(path, f"Accept-Encoding: {coding}") for s in (server, little))
                assert (again.status, again.body, again["etag"]) == (200, whole.body, whole["etag"])
        story_id = little.get(JSON).story_ids()[0]
        office.kill(story_id)
        until(lambda: little.get(f"/story/{story_id}").status == 410)
        until(lambda: b"Withdrawn" in little.get(JSON).body)
