"""The command line: dispatches that stopped, their exit codes, and what is said about them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from publisher import dispatch as dispatching
from publisher.cli.context import now
from publisher.cli.reports import _said
from publisher.cli.sending import ended
from publisher.store import deliveries
from publisher.store.db import open_database
from publisher.store.liveness import alive
from tests import commands
from tests.commands import Room
from tests.mailroom import keeping
from tests.newsrooms import line
from tests.smtpd import Server

READER = "reader@list.example"


@pytest.fixture
def room(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Room:
    made = commands.room(tmp_path, capsys)
    made.ingest(line(1), line(2))
    subscribe(made, READER)
    return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "smtp").mkdir()
    with keeping(tmp_path / "smtp") as running:
        yield running


def subscribe(room: Room, address: str) -> None:
    room("subscriber", "add", address, "--digest", "morning", "--basis", "asked")


def relay(room: Room, port: int, tls: str = "none") -> None:
    path = room.folder / "config" / "publisher.toml"
    text = path.read_text()
    head, _, tail = text.partition("[[relay]]")
    table = f'[[relay]]\nname = "main"\nhost = "127.0.0.1"\nport = {port}\ntls = "{tls}"\n\n'
    path.write_text(head + table + "[fetch]" + tail.partition("[fetch]")[2])


def only(room: Room) -> str:
    (row,) = room.json("dispatch", "list")["items"]
    return str(row["id"])


def test_relay_that_refuses_connections_is_said_in_words(room: Room) -> None:
    relay(room, 9)
    said = room("send", "morning", "--yes")
    assert said.code == 75
    assert "the connection was refused" in said.err
    assert "Errno" not in said.err + said.out
    assert "127.0.0.1" not in said.err.replace("127.0.0.1:9", "")


def test_certificate_that_is_not_trusted_is_the_relays_trouble(room: Room, tmp_path: Path) -> None:
    (tmp_path / "smtp").mkdir()
    with Server(folder=tmp_path / "smtp", starttls=True) as server:
        relay(room, server.port, tls="required")
        said = room("send", "morning", "--yes")
    assert said.code == 75
    assert "relay main cannot be used: TLS failed" in said.err
    assert "Halted: relay" in said.out
    # it goes on when a person says so only, and until then every look for what is due says that it stands
    for words in (("dispatch", "resume"), ("worker", "--once"), ("run", "--once")):
        due = room(*words)
        assert due.code == 5, words
        assert f"dispatch {only(room)} of morning-" in due.err
        assert "stands halted (relay: TLS failed" in due.err


def test_relay_of_no_use_is_named_though_another_did_the_work(room: Room, server: Server) -> None:
    relay(room, server.port)
    path = room.folder / "config" / "publisher.toml"
    spare = '[[relay]]\nname = "spare"\nhost = "127.0.0.1"\nport = 9\ntls = "none"\n\n'
    path.write_text(spare + path.read_text().replace('name = "main"\n', 'name = "main"\nconnections = 1\n'))
    for number in range(30):
        subscribe(room, f"reader{number}@list.example")
    said = room("send", "morning", "--yes")
    assert (said.code, len(server.messages())) == (0, 31)
    assert "Relay spare could not be used: " in said.out
    assert "Relay spare" not in room("dispatch", "show", only(room)).out, "what is past is not about today"


def test_json_of_a_run_is_one_document_whatever_the_relay_does(room: Room) -> None:
    relay(room, 9)
    said = room("--json", "send", "morning", "--yes")
    assert said.code == 75
    assert "refused" in said.data["relay_trouble"]


def test_who_waits_is_nobody_who_failed(room: Room, server: Server) -> None:
    server.teach("rcpt reply='451 4.7.1 Greylisted'")
    relay(room, server.port)
    said = room("send", "morning", "--yes")
    assert said.code == 0
    assert "Deferred: 1 delivery, next " in said.out
    assert "Greylisted" in said.out
    shown = room("dispatch", "show", only(room))
    assert shown.code == 0
    assert "Nobody is due before 20" in shown.out
    assert f"Dispatch {only(room)} of " in shown.out
    assert ": waiting\n" in shown.out
    assert ": sending\n" not in said.out + shown.out, "nobody is"
    assert " waiting " in room("dispatch", "list").out
    assert room.json("dispatch", "list")["items"][0]["state"] == "sending"
    assert room.json("dispatch", "show", only(room))["state"] == "sending"
    due = room("dispatch", "resume")
    assert due.code == 0
    assert "Nothing is due; next 20" in due.out
    assert room.json("dispatch", "resume") == {"items": [], "next": None}
    assert room("-q", "dispatch", "resume").out == "", "cron mails whatever is said"


def test_resuming_all_goes_on_with_what_is_due(room: Room, server: Server) -> None:
    assert "Nothing is due." in room("dispatch", "resume").out
    relay(room, 9)
    assert room("send", "morning", "--yes").code == 75
    assert room("dispatch", "resume").code == 75
    relay(room, server.port)
    said = room("--json", "dispatch", "resume")
    assert said.code == 0
    (report,) = said.data["items"]
    assert (report["state"], report["counts"]["accepted"]) == ("done", 1)
    assert len(server.messages()) == 1


def test_helper_that_finds_all_in_another_workers_hand_has_not_failed(room: Room, server: Server) -> None:
    relay(room, 9)
    assert room("send", "morning", "--yes").code == 75
    relay(room, server.port)
    dispatch_id, worker = only(room), "01KJPD5W00WORKER0000000001"
    database = open_database(f"sqlite:///{room.folder / 'var' / 'publisher.sqlite3'}")
    with alive(database, worker, now=now()):
        with database.write() as connection:
            lease = deliveries.claim(connection, worker, now=now())
        assert lease is not None
        helped = room("dispatch", "resume", dispatch_id)
        listed = room("dispatch", "list").out
        with database.write() as connection:
            deliveries.release(connection, lease)
    database.close()
    assert helped.code == 0
    assert f"Sending: process {os.getpid()} on {socket.gethostname()}, since " in helped.out
    assert f"{socket.gethostname()}:{os.getpid()}" in listed
    assert not server.messages()


def test_doubtful_addresses_are_shown_when_they_are_asked_for(room: Room, server: Server) -> None:
    server.teach("logged do=drop")
    relay(room, server.port)
    assert room("send", "morning", "--yes").code == 5
    dispatch_id = only(room)
    (masked,) = room.json("dispatch", "resolve", dispatch_id)["items"]
    (shown,) = room.json("dispatch", "resolve", dispatch_id, "--addresses")["items"]
    assert masked["address"] != READER
    assert shown["address"] == READER
    assert READER in room("dispatch", "resolve", dispatch_id, "--addresses").out
    assert READER not in room("dispatch", "resolve", dispatch_id).out
    assert room("dispatch", "show", dispatch_id).code == 5


def test_cancelled_dispatch_is_no_dispatch_to_report_on_only(room: Room) -> None:
    relay(room, 9)
    room("send", "morning", "--yes")
    room("dispatch", "cancel", only(room), "--why", "overtaken")
    said = room("send", "morning", "--yes")
    assert said.code == 4
    assert "was cancelled, and that is for good" in said.err
    assert "edition make" in said.err


def test_retry_of_a_cancelled_dispatch_says_that_it_was_cancelled(room: Room, server: Server) -> None:
    server.teach("rcpt to=reader@* reply='550 5.7.1 no'", "rcpt to=late@* reply='451 4.7.1 Greylisted'")
    subscribe(room, "late@list.example")
    relay(room, server.port)
    assert room("send", "morning", "--yes").code == 5
    dispatch_id = only(room)
    assert room("dispatch", "cancel", dispatch_id, "--why", "overtaken").code == 0
    said = room("dispatch", "retry", dispatch_id, "--why", "again")
    assert said.code == 4
    assert f"dispatch {dispatch_id} was cancelled: that is for good" in said.err


def test_send_that_the_disk_ends_says_what_was_made_and_what_to_do(
    room: Room, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay(room, server.port)
    with monkeypatch.context() as patch:
        patch.setattr(dispatching.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
        said = room("send", "morning", "--yes")
    dispatch_id = only(room)
    assert said.code == 75
    assert f"publisher: dispatch {dispatch_id} is made, and nobody in it is lost" in said.err
    assert f"`publisher dispatch resume {dispatch_id}` goes on" in said.err
    assert f"`publisher dispatch resolve {dispatch_id}`" in said.err
    assert room("dispatch", "resume", dispatch_id).code == 0


def test_retry_says_who_is_suppressed_and_waits_for_the_undoing(room: Room, server: Server) -> None:
    server.teach("rcpt to=reader@* reply='550 5.1.1 No such user'")
    subscribe(room, "other@list.example")
    relay(room, server.port)
    assert room("send", "morning", "--yes").code == 5
    dispatch_id = only(room)
    refused = room("dispatch", "retry", dispatch_id, "--why", "their server was wrong")
    assert refused.code == 4
    assert f"publisher suppression undo --dispatch {dispatch_id}" in refused.err
    assert room.json("dispatch", "list")["items"][0]["counts"]["failed"] == 1
    assert room("suppression", "undo", "--dispatch", dispatch_id, "--why", "their server was wrong").code == 0
    server.teach()
    assert room("dispatch", "retry", dispatch_id, "--why", "their server was wrong").code == 0
    assert sorted(taken.rcpt for taken in server.messages()) == ["other@list.example", READER]


def test_suppressed_reader_is_told_in_words(room: Room, server: Server) -> None:
    relay(room, 9)
    room("send", "morning", "--yes")
    room("suppression", "add", READER, "--why", "asked by phone")
    relay(room, server.port)
    said = room("dispatch", "resume")
    assert said.code == 0
    assert "is suppressed (manual)" in said.out
    assert "publisher suppression list" in said.out


def test_held_story_of_a_dispatch_that_a_kill_halted_is_said_to_wait_for_a_person(room: Room) -> None:
    relay(room, 9)
    room("send", "morning", "--yes")
    killed, held = (row["id"] for row in room.json("story", "list")["items"])
    said = room("story", "kill", killed, "--why", "wrong").out
    assert f"Dispatch {only(room)} is halted; `publisher dispatch resume {only(room)}` goes on" in said
    room("story", "hold", held, "--why", "checking")
    said = room("dispatch", "resume")
    assert said.code == 0
    assert f"Dispatch {only(room)} waits for a person" in said.out
    assert f"{held} (held)" in said.out
    assert room.json("dispatch", "list")["items"][0]["counts"]["waiting"] == 1


def test_resend_is_not_given_as_its_own_reason() -> None:
    notable = {
        "state": "resend",
        "address": "s***@list.example",
        "code": None,
        "reply": None,
        "cause": "resend",
    }
    assert _said(notable) == "in doubt, and to be sent the same again"


def test_paused_dispatch_says_by_whom_and_why_and_how_it_goes_on(room: Room) -> None:
    relay(room, 9)
    room("send", "morning", "--yes")
    dispatch_id = only(room)
    paused = room("dispatch", "pause", dispatch_id, "--why", "a wrong headline")
    assert paused.out == f"{dispatch_id} is paused; `publisher dispatch resume {dispatch_id}` goes on.\n"
    shown = room("dispatch", "show", dispatch_id).out
    assert "\nPaused: a wrong headline (by " in shown
    told = room.json("dispatch", "show", dispatch_id)["stopped"]
    assert told["why"] == "a wrong headline"
    assert told["actor"]
    due = room("dispatch", "resume")
    assert due.code == 0
    assert f"Dispatch {dispatch_id} of morning-" in due.out
    assert f"is paused (a wrong headline): `publisher dispatch resume {dispatch_id}` goes on." in due.out
    assert room("dispatch", "resume", dispatch_id).code == 75
    assert "Paused:" not in room("dispatch", "show", dispatch_id).out
    room("dispatch", "cancel", dispatch_id, "--why", "overtaken")
    assert "\nCancelled: overtaken (by " in room("dispatch", "show", dispatch_id).out


def test_dispatch_that_nobody_sends_waits_in_every_list(room: Room) -> None:
    relay(room, 9)
    room("send", "morning", "--yes")
    dispatch_id = only(room)
    assert f"Dispatch {dispatch_id} of morning-" in (shown := room("dispatch", "show", dispatch_id).out)
    assert ": waiting\n" in shown.splitlines(keepends=True)[0]
    assert " waiting " in room("dispatch", "list").out
    assert room.json("dispatch", "show", dispatch_id)["state"] == "sending"


def test_verdict_that_settles_nobody_says_why(room: Room, server: Server) -> None:
    server.teach("logged do=drop")
    relay(room, server.port)
    assert room("send", "morning", "--yes").code == 5
    dispatch_id = only(room)
    assert room("dispatch", "resolve", dispatch_id, "--resend", "--why", "cannot tell").code == 0
    again = room("dispatch", "resolve", dispatch_id, "--resend", "--why", "cannot tell")
    assert again.code == 4
    assert "are to be sent again already" in again.err
    other = room("dispatch", "resolve", dispatch_id, "--sent", "--delivery", "999", "--why", "x")
    assert "none of those named is in doubt" in other.err
    story = room.json("story", "list")["items"][0]["id"]
    assert room("story", "kill", story, "--why", "withdrawn").code == 0
    server.teach()
    room("dispatch", "resume", dispatch_id)
    former = room("dispatch", "resolve", dispatch_id, "--resend", "--why", "cannot tell")
    assert former.code == 4
    assert "has gone on as revision 2" in former.err
    assert "--sent or --failed" in former.err
    assert room("dispatch", "resolve", dispatch_id, "--sent", "--why", "in the log").code == 0
    none = room("dispatch", "resolve", dispatch_id, "--sent", "--why", "in the log")
    assert none.code == 4
    assert "nobody is in doubt" in none.err


def test_second_ctrl_c_says_what_was_left_and_where(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def insisted(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("publisher.desk.mailing.run", insisted)
    said = room("send", "morning", "--yes")
    assert said.code == 130
    assert f"dispatch {only(room)} was left where it stood" in said.err
    assert f"publisher dispatch resume {only(room)}" in said.err


def test_who_goes_on_with_what_was_interrupted_here_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Else an editor who has seen a wrong headline believes that it has stopped."""
    report = SimpleNamespace(
        goes_on=True, state="sending", dispatch_id="01M8", workers=[{"pid": 16345, "host": "desk"}]
    )
    assert ended(report, stopped=True) == 130
    assert capsys.readouterr().err == (
        "publisher: process 16345 on desk goes on with it: `publisher dispatch pause 01M8 --why TEXT` stops it everywhere\n"
    )
    report.state = "paused"
    assert ended(report, stopped=True) == 130
    assert not capsys.readouterr().err
