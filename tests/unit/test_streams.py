"""The command line as a process: streams that are closed, full or of another encoding, and Ctrl-C while it loads."""

import json
import os
import subprocess
import sys

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told
from tests.newsrooms import jsonl, line

PERSIAN = "خبر تازه"
INTERRUPTED_AT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["publisher", *{arguments!r}]
from publisher.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A newsroom's folder with a story in Persian."""
    folder = tmp_path_factory.mktemp("room")
    assert told(publisher, ["-q", "init", str(folder)]) == 0
    config = folder / "config" / "publisher.toml"
    config.write_text(config.read_text().replace("The Example Newsroom", PERSIAN))
    (folder / "stories.jsonl").write_bytes(jsonl(line(1, headline=PERSIAN)))
    arguments = ["ingest", "--file", str(folder / "stories.jsonl"), "--source", "harbour-news"]
    assert told(publisher, ["-q", "--config", str(folder / "config"), *arguments]) == 0
    return folder


def run(room, *arguments, redirect="", **environment):
    """The program in a shell, so that streams can be closed; its exit code, output and errors."""
    command = [sys.executable, "-m", "publisher", "--config", str(room / "config"), *arguments]
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirect}', "sh", *command],
        input=b"",
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment},
    )
    assert b"Traceback" not in done.stderr, done.stderr
    assert b"Exception ignored" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("arguments", [("story", "list"), ("--json", "story", "list"), ("--help",)])
def test_output_to_a_full_disk_is_said_and_ends_with_try_later(room, arguments):
    code, _, said = run(room, *arguments, redirect=">/dev/full")
    assert code == 75
    assert said == "publisher: the output could not be written: No space left on device\n"


def test_a_failure_keeps_its_own_code_when_nothing_can_be_written(room):
    assert run(room, "story", "show", "x", redirect=">/dev/full 2>/dev/full")[0] == 2
    assert run(room, "story", "show", "x", redirect="<&- >&- 2>&-")[0] == 2


@pytest.mark.parametrize("redirect", [">&-", "<&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_closed_stream_is_an_empty_one(room, redirect):
    code, shown, _ = run(room, "config", "show", redirect=redirect)
    assert code == 0
    assert (PERSIAN.encode() in shown) is (">&- 2" not in redirect and redirect != ">&-")
    assert told(publisher, ["-q", "--config", str(room / "config"), "db", "check"]) == 0


def test_nothing_comes_from_a_closed_standard_input(room):
    code, shown, _ = run(room, "ingest", "--file", "-", "--source", "harbour-news", redirect="<&-")
    assert code == 5
    assert b"the document is empty" in shown
    assert run(room, "subscriber", "erase", "a@example.org", redirect="<&-")[0] == 2


def test_a_reader_who_goes_away_does_not_stop_the_work(room):
    assert run(room, "story", "list", redirect="| true")[0] == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_of_the_terminal_will_do(room, encoding):
    code, shown, _ = run(room, "story", "list", PYTHONIOENCODING=encoding, LC_ALL="C")
    assert code == 0
    expected = PERSIAN if encoding != "latin-1" else PERSIAN.encode("ascii", "backslashreplace").decode()
    assert expected.encode() in shown
    code, shown, _ = run(room, "--json", "story", "list", PYTHONIOENCODING=encoding)
    assert json.loads(shown)["items"][0]["headline"] == PERSIAN


def test_an_argument_that_is_no_text_is_refused(room):
    command = [sys.executable, "-m", "publisher", "--config", room / "config", "story", "show", b"\xff"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, b"is not text in this locale" in done.stderr) == (2, True)
    code, _, said = run(room, "story", "hold", "x", "--why", "y", PUBLISHER_ACTOR=os.fsdecode(b"\xff"))
    assert (code, "no story named 'x'" in said) == (2, True)


@pytest.mark.parametrize("module", ["click", "publisher.cli.exits", "publisher.desk.overview", "sqlalchemy"])
def test_ctrl_c_while_it_loads_ends_it_with_130_and_a_word(room, module):
    arguments = ["--config", str(room / "config"), "story", "list"]
    code = INTERRUPTED_AT.format(module=module, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (130, "publisher: stopped")
