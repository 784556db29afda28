"""The command line: sending, the database, lists of readers."""

import fcntl
import json
import os

from tests.commands import run


def test_a_dry_run_stores_nothing(stories, capsys):
    run(stories, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    assert run(stories, "send", "morning", "--dry-run") == 0
    assert "Readers  1" in capsys.readouterr().out
    assert run(stories, "edition", "list") == 0
    assert "No editions" in capsys.readouterr().out


def test_a_dry_run_tells_who_would_be_first(stories, capsys):
    path = stories / "config" / "digests.toml"
    plain = path.read_text()
    for address in ("a@example.org", "chief@staff.example"):
        run(stories, "subscriber", "add", address, "--digest", "morning", "--basis", "asked")
    for rule, said in (
        (
            'addresses = ["@staff.example"], share = 2',
            "1 reader named by address and about 2 % of the others first",
        ),
        (
            'addresses = ["a@example.net"], share = 0',
            "nobody it names gets this digest: all are sent to at once",
        ),
    ):
        path.write_text(f"{plain}canary = {{ {rule}, wait = '20m' }}\n")
        assert run(stories, "send", "morning", "--dry-run") == 0
        assert f"Canary   {said}" in capsys.readouterr().out
        assert run(stories, "send", "morning", "--dry-run", "--no-canary") == 0
        assert "Canary" not in capsys.readouterr().out


def test_sending_to_nobody_is_refused_and_does_not_use_the_edition_up(stories, capsys):
    assert run(stories, "send", "morning", "--dry-run") == 0
    assert "nobody gets it yet" in capsys.readouterr().out
    for words in (["--yes"], []):
        assert run(stories, "send", "morning", *words) == 3
        assert "nobody gets digest morning yet" in capsys.readouterr().err
    assert run(stories, "dispatch", "list") == 0
    assert "Nothing has been sent" in capsys.readouterr().out
    run(stories, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    assert run(stories, "send", "morning", "--dry-run") == 0
    assert "Readers  1" in capsys.readouterr().out


def test_sending_asks_and_without_a_terminal_wants_yes(stories, capsys):
    run(stories, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    assert run(stories, "send", "morning") == 2
    assert "--yes" in capsys.readouterr().err


def test_a_relay_that_is_down_loses_nobody_and_says_try_later(stories, capsys):
    path = stories / "config" / "publisher.toml"
    path.write_text(
        path.read_text()
        .replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
        .replace("port = 587", "port = 9")
    )
    run(stories, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    assert run(stories, "send", "morning", "--yes") == 75
    said = capsys.readouterr()
    assert "relay main cannot be used" in said.err
    assert "waiting            1" in said.out
    assert run(stories, "send", "morning", "--yes") == 4
    assert "dispatch resume" in capsys.readouterr().err


def test_a_key_that_an_open_dispatch_names_is_missed_by_sending_alone(stories, capsys):
    """An editor who has to kill a story may not be kept from it by a key that only links for readers need."""
    path = stories / "config" / "publisher.toml"
    path.write_text(
        path.read_text()
        .replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
        .replace("port = 587", "port = 9")
    )
    run(stories, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    assert run(stories, "send", "morning", "--yes") == 75
    capsys.readouterr()
    secrets = stories / "config" / "secrets.toml"
    before = secrets.read_text()
    (key,) = (row for row in before.splitlines() if row.startswith("1 ="))
    secrets.write_text(before.replace(key, key.replace("1 =", "2 =", 1)))
    assert run(stories, "--json", "dispatch", "list") == 0
    told = capsys.readouterr()
    (row,) = json.loads(told.out)["items"]
    assert f"token_keys.1: is not there, and dispatch {row['id']} writes its links with it" in told.err
    assert run(stories, "dispatch", "resume", row["id"]) == 78
    assert "put it back" in capsys.readouterr().err
    assert run(stories, "--json", "config", "check") == 0
    (fault, *_) = json.loads(capsys.readouterr().out)["warnings"]
    assert fault["key"] == "token_keys.1"
    run(stories, "--json", "story", "list")
    held, killed, *_ = (story["id"] for story in json.loads(capsys.readouterr().out)["items"])
    assert run(stories, "story", "hold", held, "--why", "checking") == 0
    assert run(stories, "story", "kill", killed, "--why", "withdrawn") == 0
    assert run(stories, "dispatch", "cancel", row["id"], "--why", "the key must go") == 0
    capsys.readouterr()
    assert run(stories, "dispatch", "list") == 0
    assert "token_keys" not in capsys.readouterr().err


def test_doubts_are_settled_in_one_way_only(room, capsys):
    assert run(room, "dispatch", "resolve", "x", "--sent", "--failed", "--why", "y") == 2
    assert "give one verdict" in capsys.readouterr().err


def test_without_a_relay_nothing_is_frozen(stories, capsys):
    path = stories / "config" / "publisher.toml"
    text = path.read_text()
    head, _, tail = text.partition("[[relay]]")
    path.write_text(head + "[fetch]" + tail.partition("[fetch]")[2])
    assert run(stories, "send", "morning", "--yes") == 78
    assert "relay" in capsys.readouterr().err


def test_a_database_held_by_another_program_is_said(stories, capsys):
    path = stories / "config" / "publisher.toml"
    path.write_text(path.read_text().replace('#lock_wait = "10s"', 'lock_wait = "1s"'))
    lock = os.open(stories / "var" / "publisher.sqlite3.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        code = run(stories, "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    finally:
        os.close(lock)
    assert code == 75
    assert "another process has been writing for over 1 s; try again" in capsys.readouterr().err
    assert run(stories, "subscriber", "list") == 0
    assert "No subscribers" in capsys.readouterr().out


def test_a_file_that_is_no_database_is_said(room, capsys):
    (room / "var").mkdir(exist_ok=True)
    (room / "var" / "publisher.sqlite3").write_bytes(b"this is not a database, whatever its name says" * 100)
    assert run(room, "story", "list") == 75
    assert "not a database" in capsys.readouterr().err


def test_a_backup_is_whole_and_says_what_is_not_in_it(stories, capsys):
    target = stories / "copy.sqlite3"
    assert run(stories, "db", "backup", str(target)) == 0
    assert "Secrets are not in it" in capsys.readouterr().out
    assert target.stat().st_mode & 0o777 == 0o600
    assert run(stories, "db", "backup", str(target)) == 4
    assert run(stories, "db", "check") == 0


def test_a_new_house_is_sound_before_its_first_use(room, capsys):
    assert run(room, "db", "check") == 0
    assert "is sound" in capsys.readouterr().out


def test_a_backup_of_nothing_is_refused_and_leaves_no_file(room, capsys):
    target = room / "copy.sqlite3"
    assert run(room, "db", "backup", str(target)) == 2
    assert "holds nothing yet" in capsys.readouterr().err
    assert not target.exists()
    assert run(room, "story", "list") == 0
    assert run(room, "db", "backup", str(target)) == 0


def test_an_export_comes_back_as_it_was(stories, capsys):
    run(stories, "subscriber", "add", "-oQ@example.org", "--digest", "morning", "--basis", "x")
    run(stories, "subscriber", "add", "b@example.org", "--digest", "morning", "--basis", "x")
    path = stories / "out.csv"
    assert run(stories, "subscriber", "export", str(path)) == 0
    assert "b@example.org" in path.read_text()
    assert run(stories, "subscriber", "erase", "b@example.org", "--yes") == 0
    assert run(stories, "subscriber", "import", str(path), "--digest", "morning", "--basis", "y") == 5
    assert "suppressed (erased)" in capsys.readouterr().out


def test_readers_whom_a_second_list_confirms_are_counted(stories, capsys):
    path = stories / "list.csv"
    path.write_text("email\na@example.org\nb@example.org\n")
    assert run(stories, "subscriber", "import", str(path), "--digest", "morning") == 0
    assert "2 added, 0 known already, 0 refused." in capsys.readouterr().out
    assert run(stories, "subscriber", "import", str(path), "--digest", "morning", "--basis", "form") == 0
    assert "2 were pending and are confirmed now" in capsys.readouterr().out
    assert (
        run(stories, "--json", "subscriber", "import", str(path), "--digest", "morning", "--basis", "x") == 0
    )
    assert json.loads(capsys.readouterr().out)["confirmed"] == 0
