"""Readers and suppressions on the command line: what was there before is said, and every answer names whom it is about."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from datetime import timedelta

import pytest

from publisher.cli.context import now
from tests.commands import room
from tests.newsrooms import line


@pytest.fixture
def run(tmp_path, capsys):
    return room(tmp_path, capsys)


def add(run, *options):
    return run("subscriber", "add", "A@example.org", "--digest", "morning", "--basis", "asked", *options)


def test_whoever_is_added_twice_is_said_to_have_been_there(run):
    assert add(run).out == "A@example.org gets morning in en (all sections).\n"
    said = add(run)
    assert said.code == 0
    assert said.out.startswith("A@example.org gets morning in en (all sections) already;")


def test_what_changes_for_a_known_reader_is_said(run):
    add(run)
    said = add(run, "--section", "world").out
    assert said == "A@example.org gets morning in en (world) now, and got it in en (all sections) before.\n"


def test_whoever_had_left_is_no_known_reader(run):
    add(run)
    run("subscriber", "leave", "a@example.org", "--digest", "morning")
    again = run.json("subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "back")
    assert again["was"] is None
    assert again["left_at"] is not None


def test_whoever_comes_back_has_what_they_had_chosen_unless_something_else_is_named(run):
    run(
        "subscriber",
        "add",
        "a@example.org",
        "--digest",
        "morning",
        "--basis",
        "x",
        "--section",
        "world",
        "--rhythm",
        "each",
    )
    assert "(world) already;" in add(run).out
    run("subscriber", "leave", "a@example.org", "--digest", "morning")
    said = add(run).out
    assert said.startswith(
        "A@example.org gets morning in en (world) again, as they had chosen before, and had left on "
    )
    run("subscriber", "leave", "a@example.org", "--digest", "morning")
    assert " in en (all sections) again, and had left on " in add(run, "--section", "all").out


def test_an_attribute_that_is_given_twice_is_refused(run):
    settings = run.folder / "config" / "publisher.toml"
    settings.write_text(settings.read_text() + '\n[[attribute]]\nname = "plan"\n')
    said = add(run, "--attribute", "plan=free", "--attribute", "plan=paid")
    assert (said.code, "plan is given twice" in said.err) == (2, True)
    assert run.json("subscriber", "list")["items"] == []


def test_an_import_counts_the_lines_of_the_list(run, tmp_path):
    path = tmp_path / "readers.csv"
    path.write_text("email\na@example.org\nb@example.org\nnot an address\na@example.org\n")
    said = run("subscriber", "import", str(path), "--digest", "morning", "--basis", "a form")
    assert said.code == 5
    assert said.out.splitlines()[-1] == "4 lines: 2 added, 0 known already, 2 refused."
    assert len(said.out.splitlines()) == 3


def test_a_dry_run_says_what_the_import_says_and_how_columns_are_taken(run, tmp_path):
    add(run)
    run("suppression", "add", "b@example.org", "--why", "asked us")
    path = tmp_path / "readers.csv"
    path.write_text(
        "email,name\na@example.org,A\nb@example.org,B\nc@example.org,C\nc@example.org,C\nnobody,D\n"
    )
    whole = ["subscriber", "import", str(path), "--digest", "morning", "--basis", "a form"]
    said = run(*whole, "--dry-run")
    looked = run("--json", *whole, "--dry-run")
    done = run("--json", *whole)
    assert said.code == looked.code == done.code == 5
    assert said.out.splitlines()[-5:] == [
        "A list with our own headings. Its columns:",
        "  email -> email",
        "  name -> passed over",
        "Nothing was changed. The import would say:",
        "5 lines: 1 added, 1 known already, 3 refused.",
    ]
    foreseen = json.loads(looked.out)
    assert {key: foreseen.pop(key) for key in ("dry_run", "preset", "columns")} == {
        "dry_run": True,
        "preset": None,
        "columns": {"email": "email", "name": None},
    }
    assert foreseen == json.loads(done.out)
    assert [entry["line"] for entry in foreseen["refused"]] == [3, 5, 6]


@pytest.mark.parametrize("lines", [[], ["bad"], ["bad", "a@example.org", "worse", "a@example.org"]])
def test_refusals_of_an_import_are_written_as_any_other_json(run, tmp_path, lines):
    """They are written one by one, for there may be many: the document is that of a single call all the same."""
    path = tmp_path / "readers.csv"
    path.write_text("\n".join(["email", *lines]))
    said = run("--json", "subscriber", "import", str(path), "--digest", "morning", "--basis", "a form")
    assert said.out == json.dumps(json.loads(said.out), indent=2, ensure_ascii=False) + "\n"
    told = json.loads(said.out)
    assert list(told) == ["lines", "added", "known", "confirmed", "remembered", "refused"]
    assert [set(entry) for entry in told["refused"]] == [{"line", "text", "why"}] * (
        len(lines) - told["added"]
    )


def test_an_export_onto_a_full_disk_leaves_nothing_and_can_be_repeated(run, tmp_path, monkeypatch):
    def full(rows, heading, file):
        file.write("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    add(run)
    out = tmp_path / "out"
    out.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("publisher.desk.exchange.cells.export", full)
        said = run("subscriber", "export", str(out / "readers.csv"))
    assert (said.code, said.err) == (
        75,
        f"publisher: cannot write to {out}/readers.csv: No space left on device\n",
    )
    assert list(out.iterdir()) == []
    assert run("subscriber", "export", str(out / "readers.csv")).code == 0
    assert [path.name for path in out.iterdir()] == ["readers.csv"]
    assert (out / "readers.csv").stat().st_mode & 0o777 == 0o600


def test_suppressions_taken_back_are_counted_in_english(run):
    run("suppression", "add", "a@example.org", "--why", "asked us")
    assert run("suppression", "undo", "a@example.org", "--why", "x").out == "1 suppression taken back.\n"


@pytest.mark.parametrize("command", [["send", "morning"], ["subscriber", "erase", "a@example.org"]])
def test_without_a_terminal_yes_has_to_be_said(run, command):
    run.ingest(line(1))
    add(run)
    said = run(*command)
    assert said.code == 2
    assert "give --yes" in said.err


@pytest.mark.parametrize("answer", ["n\n", ""])
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["send", "morning"], "nothing was sent"),
        (["subscriber", "erase", "a@example.org"], "nobody was erased"),
    ],
)
def test_whoever_says_no_is_told_what_was_not_done(run, monkeypatch, command, words, answer):
    """The exit code is not 0: a script must not take it for done."""
    run.ingest(line(1))
    add(run)
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    said = run(*command)
    assert said.code == 130
    no = "you said no; " if answer else ""
    assert said.err.endswith(f"publisher: {no}{words}\n")
    assert run.json("dispatch", "list")["items"] == run.json("edition", "list")["items"] == []
    assert run.json("subscriber", "show", "a@example.org")["status"] == "confirmed"


@pytest.mark.parametrize(("ahead", "words"), [(-1, []), (3, []), (-1, ["--now"])])
def test_one_yes_sends_what_no_feed_has_had_yet(run, monkeypatch, ahead, words):
    """A draft of stories that were never out bears the moment of its making, and so does one `ahead` of the day's slot: that is no change of what was shown."""
    slot = now() + timedelta(hours=ahead)
    digests = run.folder / "config" / "digests.toml"
    digests.write_text(digests.read_text().replace('"07:00"', f'"{slot:%H:%M}"'))
    run.ingest(line(1))
    add(run)
    terminal = io.StringIO("y\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    path = run.folder / "config" / "publisher.toml"
    nobody = path.read_text().replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
    path.write_text(nobody.replace("port = 587", "port = 9"))
    said = run("send", "morning", *words)
    assert "has changed" not in said.out
    assert (said.code, "relay main cannot be used" in said.err) == (75, True)
    assert [each["counts"]["waiting"] for each in run.json("dispatch", "list")["items"]] == [1]


def test_who_said_yes_to_what_has_changed_meanwhile_is_asked_again(run, monkeypatch):
    run.ingest(line(1))
    add(run)

    class Meanwhile(io.StringIO):
        """Before the first answer is given, another story comes in."""

        def readline(self, *size):
            if self.tell() == 0:
                run.ingest(line(2))
            return super().readline(*size)

    terminal = Meanwhile("y\nn\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    said = run("send", "morning")
    assert said.code == 130
    assert said.out.count("The edition has changed since it was shown") == 1
    assert run.json("dispatch", "list")["items"] == []


REPORT = "From: MAILER-DAEMON@relay.example\nTo: bounce@front.example\nSubject: Undelivered\nMessage-ID: <1@relay.example>\n\n<a@example.org>: 550 no such user\n"
LETTER = "From: a@example.org\nSubject: Hello\n\nHow are you?\n"


def test_mails_that_came_back_are_taken_from_a_maildir_an_mbox_and_a_pipe(run, tmp_path, monkeypatch):
    """Nothing is deleted, and what nobody understood stays where it lies."""
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1.host").write_text(REPORT)
    (tmp_path / "box" / "new" / "2.host").write_text(LETTER)
    said = run("bounce", "ingest", str(tmp_path / "box"))
    assert (said.code, said.err) == (5, "")
    assert said.out.splitlines()[-1] == "Not recognised, left where it is: 2.host"
    assert [path.name for path in (tmp_path / "box" / "new").iterdir()] == ["2.host"]
    assert (tmp_path / "box" / "cur" / "1.host:2,S").read_text() == REPORT

    box = tmp_path / "bounces"
    box.write_text(
        f"From a Mon Mar  2 08:00:00 2026\n{REPORT}\nFrom b Mon Mar  2 08:00:01 2026\n{REPORT.replace('<1@', '<2@')}\n"
    )
    found = run.json("bounce", "ingest", str(box))
    assert found == {
        "mails": 2,
        "effects": {"known": 1, "untrusted": 1},
        "kinds": {"bounce": 1, "failed": 1},
        "unrecognised": [],
    }

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LETTER.encode())))
    piped = run.json("bounce", "ingest", "-")
    (kept,) = run.folder.rglob(piped["unrecognised"][0])
    assert kept.read_text() == LETTER
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run("bounce", "ingest", str(tmp_path / "nowhere")).code == 2

    with (run.folder / "config" / "publisher.toml").open("a") as config:
        config.write("\n[nonsense]\n")
    assert run("bounce", "ingest", str(box)).code == 78
    waits = run("bounce", "ingest", "-")
    assert waits.code == 75, "what is piped is lost with any other code"
    assert "nonsense" in waits.err
    assert "(the mail server keeps this mail and tries again)" in waits.err
