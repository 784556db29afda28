"""The command line as a person and a script meet it: words, exit codes, JSON."""

import json
import subprocess
import sys

import pytest

from publisher import intake
from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.formats import FORMATS
from tests.commands import below, run
from tests.newsrooms import jsonl, line


def test_help_is_quick_and_teaches_the_exit_codes():
    """At most 80 ms is asked; here only that nothing heavy is imported, which is what makes it so."""
    code = (
        "import sys; sys.argv = ['publisher', '--help']\n"
        "from publisher.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'pydantic', 'jinja2', 'lxml', 'asyncio', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import publisher.desk.overview\n"
        "assert 'publisher.intake' not in sys.modules, 'who only lists does without the readers of wire formats'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "75 try later" in done.stdout


def test_every_command_explains_itself(capsys):
    def walk(command, path):
        assert told(publisher, [*path, "--help"]) == 0
        text = capsys.readouterr().out
        assert len(command.help or "") > 20, path
        assert "Usage" in text
        assert "--json" in text, path
        for name, inner in below(command).items():
            walk(inner, [*path, name])

    walk(publisher, [])


@pytest.mark.parametrize("path", [[], ["story"]])
def test_who_names_no_command_is_shown_what_there_is(capsys, path):
    assert told(publisher, [*path, "--help"]) == 0
    help_ = capsys.readouterr().out
    assert told(publisher, path) == 2
    assert capsys.readouterr() == (help_, "")
    assert told(publisher, ["--json", *path]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["message"].startswith(
        "missing command (see `publisher "
    )


def test_what_is_typed_wrong_is_refused_in_one_sentence_like_everything_else(capsys):
    for words, said in (
        (["story", "kill"], "missing argument 'STORY' (see `publisher story kill --help`)"),
        (["sned"], "no such command 'sned'. Did you mean 'send'? (see `publisher --help`)"),
    ):
        assert told(publisher, words) == 2
        assert capsys.readouterr().err == f"publisher: {said}\n"
        assert told(publisher, ["--json", *words]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["message"] == said


def test_every_list_is_given_in_pages():
    def lists(command):
        for name, inner in below(command).items():
            if name == "list":
                yield inner
            yield from lists(inner)

    found = list(lists(publisher))
    assert len(found) == 11
    for command in found:
        assert {"limit", "after"} <= {option.name for option in command.params}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--config", "FOLDER", "story", "list"],
        ["story", "--json", "list", "--config", "FOLDER"],
        ["story", "list", "--limit", "9", "--json", "--config", "FOLDER"],
        ["--config", "nowhere", "story", "--config", "elsewhere", "list", "--config", "FOLDER", "--json"],
    ],
)
def test_the_common_options_may_stand_anywhere_and_the_last_one_counts(
    stories, capsys, monkeypatch, arguments
):
    monkeypatch.delenv("PUBLISHER_CONFIG", raising=False)
    folder = str(stories / "config")
    assert told(publisher, [folder if word == "FOLDER" else word for word in arguments]) == 0
    assert len(json.loads(capsys.readouterr().out)["items"]) == 2


def test_what_is_typed_beats_the_environment_wherever_it_stands(stories, capsys, monkeypatch):
    monkeypatch.setenv("PUBLISHER_CONFIG", "nowhere")
    monkeypatch.setenv("PUBLISHER_ACTOR", "env")
    entry = ["quarantine", "drop", "1", "--why", "no"]
    assert run(stories, "--as", "ann", *entry) == 0
    capsys.readouterr()
    assert run(stories, "quarantine", "show", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["decided_by"] == "ann"
    monkeypatch.setenv("PUBLISHER_CONFIG", str(stories / "config"))
    assert told(publisher, ["-v", "story", "list", "-q"]) == 0
    said = capsys.readouterr()
    assert "Headline number 1" in said.out
    assert str(stories / "var" / "publisher.sqlite3") in said.err


def test_errors_are_data_wherever_json_is_asked_for(room, capsys):
    assert run(room, "story", "show", "x", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unknown-name"
    assert run(room, "story", "show", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


def test_init_keeps_secrets_to_oneself_and_overwrites_nothing(room, capsys):
    assert (room / "config" / "secrets.toml").stat().st_mode & 0o777 == 0o600
    ignored = (room / ".gitignore").read_text().splitlines()
    assert {"/config/secrets.toml", "/var/", "/preview/"} <= {*ignored}, (
        "previews hold stories that nobody has published yet"
    )
    assert told(publisher, ["init", str(room)]) == 4
    assert "stand there already" in capsys.readouterr().err


def test_what_init_writes_is_sound(room, capsys):
    assert run(room, "config", "check") == 0
    assert "is sound" in capsys.readouterr().out


def test_config_show_masks_every_secret(room, capsys):
    assert run(room, "config", "show") == 0
    shown = capsys.readouterr().out
    for row in (room / "config" / "secrets.toml").read_text().splitlines():
        if row.startswith(("address_key", "form_key", "1 =")):
            assert row.split('"')[1] not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing"], 2, "no such command"),
        (["edition", "make", "evening"], 2, "no digest named 'evening'; known: morning"),
        (["edition", "make", "morning"], 3, "nothing to publish"),
        (["edition", "show", "x"], 2, "no edition named 'x'"),
        (["story", "kill", "x", "--why", "w", "--public", "a", "--public", "b"], 2, "twice for one language"),
        (["edition", "make", "morning", "--slot", "soon"], 2, "is not a time"),
        (["story", "show", "x"], 2, "no story named 'x'"),
        (["story", "list", "--source", "nope"], 2, "no source named 'nope'; known: harbour-news"),
        (["story", "list", "--after", "x"], 2, "'x' is not the `next` of a page of this list"),
        (["edition", "list", "--digest", "nope"], 2, "no digest named 'nope'; known: morning"),
        (["edition", "list", "--feeds", "--digest", "nope"], 2, "no feed named 'nope'; known: world"),
        (["ingest", "nowhere"], 2, "no source named 'nowhere'"),
        (["ingest", "--file", "missing.xml", "--source", "harbour-news"], 2, "cannot read missing.xml"),
        (["ingest", "--file", "x", "--source", "harbour-news", "--format", "x"], 2, "no format named 'x'"),
        (["subscriber", "add", "a@b", "--digest", "morning", "--basis", "x"], 2, "not a mail address"),
        (["subscriber", "leave", "nobody@example.org"], 2, "no subscriber"),
        (["subscriber", "leave", "A" * 32], 2, "no subscriber"),
        (["dispatch", "show", "x"], 2, "no dispatch named 'x'"),
        (["feed", "build", "--out", "/proc/nowhere"], 78, "cannot write to"),
        (["quarantine", "show", "7"], 2, "no quarantine entry named '7'"),
        (["quarantine", "show", "9" * 20], 2, "is not in the range"),
        (["quarantine", "release", "9" * 20, "--why", "x"], 2, "is not in the range"),
        (["quarantine", "show", "9" * 5000], 2, "invalid value"),
        (["subscriber", "list", "--after", "9" * 20], 2, "is not the `next` of a page"),
        (["edition", "make", "morning", "--slot", "0001-01-01T00:00:00+14:00"], 2, "is not a time"),
        (["edition", "make", "morning", "--slot", "9999-12-31T23:59:00-14:00"], 2, "is not a time"),
        (["edition", "make", "morning", "--slot", "1970-01-01T00:00Z"], 2, "outside the years 2000 to 2100"),
        (["edition", "make", "morning", "--slot", "2099-01-01T00:00Z"], 2, "more than 24 hours ahead"),
        (["edition", "make", "morning", "--slot", "99999w"], 2, "outside the years 2000 to 2100"),
        (["story", "hold", "x", "--why", ""], 2, "no visible character"),
        (["story", "pin", "x", "--section", "world", "--why", " \u2800"], 2, "no visible character"),
        (["subscriber", "add", "a@b.example", "--digest", "morning", "--basis", "\u200b"], 2, "no visible"),
        (["suppression", "undo", "--why", "x"], 2, "give an ADDRESS or --dispatch"),
        (["init", "a" * 5000], 78, "cannot write to"),
        (["db", "backup", "a" * 5000], 78, "cannot write to"),
        (["subscriber", "export", "a" * 5000], 78, "cannot write to"),
        (["db", "backup", "/etc/passwd/x"], 78, "cannot write to"),
        (["ingest", "--file", "a" * 5000, "--source", "harbour-news"], 2, "File name too long"),
    ],
)
def test_each_mistake_has_one_clear_sentence_and_its_exit_code(room, capsys, arguments, code, words):
    if arguments[:2] == ["db", "backup"]:
        assert run(room, "-q", "story", "list") == 0  # so that there is a database
    assert run(room, *arguments) == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_errors_are_data_for_scripts(room, capsys):
    assert run(room, "--json", "edition", "make", "evening") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["facts"]["known"]) == ("unknown-name", ["morning"])


def test_a_wrong_configuration_names_every_fault(room, capsys):
    path = room / "config" / "publisher.toml"
    path.write_text(
        path.read_text().replace('name = "The', 'nmae = "The').replace('contact = "desk@', 'contact = "desk(')
    )
    assert run(room, "story", "list") == 78
    said = capsys.readouterr().err
    assert "nmae" in said
    assert "contact" in said


def test_an_unknown_variable_is_named_with_what_was_meant(room, capsys, monkeypatch):
    monkeypatch.setenv("PUBLISHER_STIE__NAME", "x")
    assert run(room, "story", "list") == 78
    assert "PUBLISHER_SITE__NAME" in capsys.readouterr().err


def test_permanent_values_cannot_change_under_a_running_house(stories, capsys):
    path = stories / "config" / "publisher.toml"
    path.write_text(
        path.read_text().replace('tag_authority = "news.example"', 'tag_authority = "other.example"')
    )
    assert run(stories, "story", "list") == 78
    said = capsys.readouterr().err
    assert (
        '"other.example" differs from what this database began with: put the old value "news.example" back'
        in said
    )


def test_what_is_permanent_may_be_changed_while_nothing_hangs_on_it(room, capsys):
    """Whoever looks at a new newsroom before they edit its template has not decided anything by that."""
    assert run(room, "story", "list") == 0
    path = room / "config" / "publisher.toml"
    for old, new in (("news.example", "a.example"), ("a.example", "b.example")):
        words = path.read_text().replace(f'tag_authority = "{old}"', f'tag_authority = "{new}"')
        path.write_text(words.replace('"2026-01-01"', '"2026-02-01"'))
        assert [run(room, "config", "check"), run(room, "story", "list")] == [0, 0]
    run(room, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    path.write_text(path.read_text().replace('tag_authority = "b.example"', 'tag_authority = "a.example"'))
    capsys.readouterr()
    assert [run(room, "config", "check"), run(room, "story", "list")] == [78, 78]
    assert 'put the old value "b.example" back' in capsys.readouterr().err


def test_another_address_key_is_refused(stories, capsys):
    secrets = stories / "config" / "secrets.toml"
    key = next(row for row in secrets.read_text().splitlines() if row.startswith("address_key"))
    form = next(row for row in secrets.read_text().splitlines() if row.startswith("form_key"))
    secrets.write_text(secrets.read_text().replace(key, form.replace("form_key", "address_key")))
    assert run(stories, "story", "list") == 78
    assert "address_key" in capsys.readouterr().err


def test_a_file_comes_in_and_is_shown(stories, capsys):
    assert run(stories, "--json", "story", "list") == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert {item["headline"] for item in items} == {"Headline number 1", "Headline number 2"}
    assert run(stories, "story", "show", items[0]["id"], "--diff") == 0
    assert "equals the received text" in capsys.readouterr().out
    assert run(stories, "quarantine", "list") == 0
    assert "no-source-link" in capsys.readouterr().out


def test_a_list_says_where_its_next_page_begins(stories, capsys):
    assert run(stories, "--json", "story", "list", "--limit", "1") == 0
    first = json.loads(capsys.readouterr().out)
    assert run(stories, "--json", "story", "list", "--limit", "1", "--after", first["next"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["next"] is None
    assert {item["headline"] for item in first["items"] + second["items"]} == {
        "Headline number 1",
        "Headline number 2",
    }
    assert run(stories, "story", "list", "--limit", "1") == 0
    assert f"There are more: --after {first['next']}" in capsys.readouterr().out
    assert run(stories, "feed", "list", "--limit", "1", "--after", "business") == 0
    (_, row, _) = capsys.readouterr().out.splitlines()
    assert row.split()[0] == "business.en"


def test_stdin_and_folders_are_read_too(room, capsys, monkeypatch):
    folder = room / "drop"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(jsonl(line(1)))
    (folder / "b.jsonl").write_bytes(jsonl(line(2)))
    assert run(room, "ingest", "--file", str(folder), "--source", "harbour-news") == 0
    assert capsys.readouterr().out.count("1 new") == 2
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from publisher.cli import main; main()",
            "--config",
            str(room / "config"),
            "ingest",
            "--file",
            "-",
            "--source",
            "harbour-news",
        ],
        input=jsonl(line(3)),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"1 new" in done.stdout) == (0, True), done.stderr


def test_a_source_that_cannot_be_read_is_reported_and_the_others_go_on(room, capsys):
    folder = room / "drop"
    folder.mkdir()
    (folder / "a.xml").write_bytes(b"<html>not a feed</html>")
    (folder / "b.jsonl").write_bytes(jsonl(line(2)))
    assert run(room, "ingest", "--file", str(folder), "--source", "harbour-news") == 5
    said = capsys.readouterr().out
    assert "html-page" in said
    assert "1 new" in said


def test_what_came_of_stories_is_told_in_words_and_to_programs_by_name(room, capsys):
    path = str(room / "s.jsonl")
    for headline in ("The bridge", "The bridge reopens"):
        (room / "s.jsonl").write_bytes(jsonl(line(1, headline=headline), line(2)))
        assert run(room, "ingest", "--file", path, "--source", "harbour-news") == 0
    assert "s.jsonl: 1 unchanged, 1 updated" in capsys.readouterr().out
    (room / "s.jsonl").write_bytes(jsonl(line(1, headline="The bridge closes")))
    assert run(room, "--json", "ingest", "--file", path, "--source", "harbour-news") == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["counts"] == {"update": 1}


def test_a_story_of_no_section_is_explained(room, capsys):
    path = room / "config" / "digests.toml"
    path.write_text(path.read_text().replace(', "latest"]', "]"))
    (room / "s.jsonl").write_bytes(jsonl(line(1, categories=["Gardening"])))
    assert run(room, "ingest", "--file", str(room / "s.jsonl"), "--source", "harbour-news") == 0
    assert run(room, "edition", "make", "morning") == 3
    assert "of the stories that came in (1) none belongs to its sections" in capsys.readouterr().err


def test_a_change_of_the_sections_reaches_the_stories_that_are_here(stories, capsys):
    path = stories / "config" / "sections.toml"
    path.write_text(path.read_text().replace('"category:markets"', '"category:world"'))
    assert run(stories, "story", "resection", "--since", "14d") == 0
    assert "2 stories changed their sections. `publisher feed build`" in capsys.readouterr().out
    assert run(stories, "story", "list", "--section", "business") == 0
    assert "Headline number 1" in capsys.readouterr().out
    assert run(stories, "story", "resection") == 0
    assert "0 stories changed their sections." in capsys.readouterr().out
    assert run(stories, "story", "resection", "--since", "yesterday") == 2


def test_a_file_with_more_items_than_the_limit_is_said_and_a_damaged_one_harms_no_other(
    room, capsys, monkeypatch
):
    folder = room / "wire"
    folder.mkdir()
    (folder / "a.gz").write_bytes(b"\x1f\x8b")
    (folder / "b.jsonl").write_bytes(jsonl(*(line(number) for number in range(7))))
    monkeypatch.setenv("PUBLISHER_FETCH__MAX_ITEMS", "5")
    assert run(room, "ingest", "--file", str(folder), "--source", "harbour-news") == 5
    said = capsys.readouterr().out
    assert "a.gz: failed: incomplete" in said
    assert "b.jsonl: 5 new, 2 beyond the limit left out" in said
    assert "2 items beyond the first 5 were left out (fetch.max_items)" in said
    (folder / "a.gz").unlink()
    assert run(room, "ingest", "--file", str(folder), "--source", "harbour-news") == 5


def test_every_format_that_settings_and_command_take_is_read_and_asked_in_that_order():
    assert ("auto", *intake.READERS) == FORMATS
