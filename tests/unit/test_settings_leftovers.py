"""A sound configuration that still speaks for the invented newsroom is said to do so."""

import re

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told


@pytest.fixture
def check(tmp_path, capsys):
    """Makes a newsroom, lets the given function change the text of its publisher.toml, and gives code and output of the check."""
    assert told(publisher, ["init", str(tmp_path)]) == 0

    def checked(change=lambda text: text, *options):
        path = tmp_path / "config" / "publisher.toml"
        path.write_text(change(path.read_text()))
        capsys.readouterr()
        code = told(publisher, ["--config", str(tmp_path / "config"), *options, "config", "check"])
        return code, capsys.readouterr().out

    return checked


def test_what_init_wrote_is_sound_but_nobodys(check):
    code, said = check()
    assert code == 0
    assert "is sound: 1 source, 3 sections, 1 digest." in said
    for key in (
        "site.name",
        "site.url",
        "site.tag_authority",
        "site.contact",
        "site.postal_address",
        "relay[1].host",
        "mail.list_domain",
        "mail.unsubscribe_address",
        "mail.bounce_address",
        "source[harbour-news].homepage",
        "source[harbour-news].url",
        "digest[morning].sender.en.name",
        "digest[morning].sender.en.address",
    ):
        assert re.search(rf"\w+\.toml:\d+: {re.escape(key)}: still says \"", said), key


def test_what_was_made_ones_own_is_not_named(check):
    _, said = check(lambda text: text.replace('"The Example Newsroom"', '"The Quay Gazette"'))
    assert "site.name" not in said
    assert "site.url" in said


def test_a_value_from_the_environment_counts(check, monkeypatch):
    monkeypatch.setenv("PUBLISHER_SITE__NAME", "The Quay Gazette")
    assert "site.name" not in check()[1]


def test_nothing_is_said_of_a_newsroom_that_is_all_ones_own(check, tmp_path):
    for path in (tmp_path / "config").glob("*s.toml"):
        path.write_text(re.sub("(?i)example", "gazette", path.read_text()))
    code, said = check(lambda text: re.sub("(?i)example", "gazette", text))
    assert (code, said.count("\n")) == (0, 1)


def test_what_readers_of_a_language_are_told_in_another_is_named(check, tmp_path):
    def change(name, old, new):
        path = tmp_path / "config" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    assert "readers in" not in check()[1]
    change("sources.toml", 'language = "en"', 'language = "pt-BR"')
    assert 'source[harbour-news].language: there is no disclaimer in "pt-BR"' in check()[1]
    change("digests.toml", 'languages = ["en"]', 'languages = ["en", "fa"]')
    change("sections.toml", 'title.fa = "جهان"\n', "")
    code, said = check()
    assert re.findall(r"toml:\d+: (.*: readers .*)", said) == [
        "digest[morning].title: readers in Persian (fa) see the title in English (en): `title.fa` is missing",
        "digest[morning].sender: readers in Persian (fa) see the sender in English (en): `sender.fa` is missing",
        "section[world].title: readers in Persian (fa) see the title in English (en): `title.fa` is missing",
    ]
    assert code == 0


def test_many_languages_that_lack_the_same_are_named_in_one_line(check, tmp_path):
    path = tmp_path / "config" / "digests.toml"
    path.write_text(path.read_text().replace('languages = ["en"]', 'languages = ["en", "de", "pt-BR", "fa"]'))
    words = "".join(
        f'\n[[disclaimer]]\nid = "house"\nversion = 1\nlanguage = "{tag}"\nshort = "x."\nfull = "x."\n'
        for tag in ("de", "pt-BR")
    )
    _, said = check(lambda text: text + words)
    assert (
        "digest[morning].sender: readers in German (de), Portuguese (Brazil, pt-BR) and Persian (fa) see the sender in English (en): "
        "`sender.de` is missing, and so on\n"
    ) in said
    (unsaid,) = [line for line in said.splitlines() if "strings" in line]
    file = tmp_path / "templates" / "locale" / "de" / "messages.po"
    assert unsaid.startswith(f"{file}: ")
    assert " strings in German (de), Portuguese (Brazil, pt-BR) are said in English until each" in unsaid
    assert unsaid.endswith('publisher.toml says `templates_dir = "../templates"` in [store]')


def test_where_words_of_ones_own_go_is_named_as_configured(check, tmp_path):
    (tmp_path / "mine" / "locale" / "de").mkdir(parents=True)
    words = '\n[[disclaimer]]\nid = "house"\nversion = 1\nlanguage = "de"\nshort = "x."\nfull = "x."\n'
    _, said = check(lambda text: text.replace("[store]", '[store]\ntemplates_dir = "../mine"') + words)
    (unsaid,) = [line for line in said.splitlines() if "strings" in line]
    assert unsaid.startswith(f"{tmp_path}/mine/locale/de/messages.po: ")
    assert unsaid.endswith(" strings in German (de) are said in English until this file has them")
