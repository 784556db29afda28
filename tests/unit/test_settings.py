from __future__ import annotations

import copy
import json
import tomllib
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import ConfigurationInvalid
from publisher.section import Term
from publisher.settings import (
    effective,
    format_duration,
    fresh_keys,
    from_data,
    parse_duration,
    secrets_toml,
)
from publisher.story import SourceKind

MAIN: dict[str, Any] = {
    "site": {
        "name": "Quay Desk",
        "url": "https://quay.example/",
        "tag_authority": "quay.example",
        "tag_date": "2026-01-01",
        "contact": "desk@quay.example",
        "timezone": "Asia/Tehran",
        "postal_address": "1 Quay Street",
    },
    "relay": [{"name": "main", "host": "smtp.quay.example", "port": 587}],
    "mail": {
        "list_domain": "lists.quay.example",
        "unsubscribe_address": "leave@quay.example",
        "bounce_address": "bounce@bounce.quay.example",
    },
    "disclaimer": [
        {"id": "house", "version": 1, "language": "en", "short": "Short.", "full": "Full."},
        {"id": "house", "version": 1, "language": "fa", "short": "کوتاه", "full": "بلند"},
    ],
}
SECTION = {
    "slug": "world",
    "title": {"en": "World", "fa": "جهان"},
    "any": ["category:World news", "source:gull"],
}
SOURCE = {"slug": "gull", "name": "Gull Press", "homepage": "https://gull.example/"}
DIGEST = {
    "slug": "morning",
    "number": 1,
    "title": {"en": "Morning"},
    "languages": ["en", "fa"],
    "sections": ["world"],
    "slots": ["18:30", time(7)],
    "sender": {"en": {"name": "Quay Desk", "address": "digest@quay.example"}},
}


def settle(main: Any = None, section: Any = None, source: Any = None, digest: Any = None, **more: Any) -> Any:
    """Settings of the tables above, each with some keys changed."""
    tables = copy.deepcopy(MAIN)
    for name, changed in (main or {}).items():
        tables[name] = {**tables[name], **changed} if isinstance(tables.get(name), dict) else changed
    return from_data(
        tables,
        sections=[{**SECTION, **(section or {})}],
        sources=[{**SOURCE, **(source or {})}],
        digests=[{**DIGEST, **(digest or {})}],
        **{"secrets": fresh_keys(), **more},
    )


def problems(*arguments: Any, **tables: Any) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as caught:
        settle(*arguments, **tables)
    return [str(problem) for problem in caught.value.problems]


def test_tables_come_out_as_the_values_that_the_rest_of_the_house_knows() -> None:
    settings = settle()
    (section,), (source,), (digest,) = settings.sections, settings.sources, settings.digests
    assert section.any == (Term("category", "World news"), Term("source", "gull"))
    assert section.title("fa") == "جهان"
    assert (section.window, section.feed_window) == (timedelta(hours=36), timedelta(days=14))
    assert (source.kind, source.language, source.timezone) == (SourceKind.AGENCY, "en", "Asia/Tehran")
    assert digest.slots == (time(7), time(18, 30))
    assert (digest.timezone, digest.reply_to) == ("Asia/Tehran", "desk@quay.example")
    assert digest.list_id("fa") == "morning-fa.lists.quay.example"
    assert digest.sender("fa").address == "digest@quay.example"
    assert settings.site.url == "https://quay.example"
    assert [disclaimer.language for disclaimer in settings.disclaimers] == ["en", "fa"]


def test_paths_are_taken_from_the_configurations_folder(tmp_path: Path) -> None:
    settings = settle(folder=tmp_path / "config")
    assert settings.data_dir == tmp_path / "var"
    assert settings.store_url == f"sqlite:///{tmp_path}/var/publisher.sqlite3"


def test_the_environment_beats_the_files() -> None:
    settings = settle(
        environ={
            "PUBLISHER_SITE__NAME": "From outside",
            "PUBLISHER_FETCH__PORTS": "[8080]",
            "PUBLISHER_RELAY": '[{"name": "other", "host": "127.0.0.1", "port": "25", "tls": "none"}]',
            "HOME": "/nowhere",
        }
    )
    assert settings.site.name == "From outside"
    assert settings.fetch.ports == (8080,)
    assert (settings.relays[0].name, settings.relays[0].port, settings.relays[0].tls) == ("other", 25, "none")


def test_settings_cannot_be_changed() -> None:
    settings = settle()
    with pytest.raises(ValueError, match="frozen"):
        settings.site.name = "Other"
    with pytest.raises(AttributeError):
        settings.folder = Path("/")


def test_every_fault_is_named_in_one_go() -> None:
    found = problems(
        main={"site": {"nmae": "Quay", "timezone": "Asia/Teheran1"}, "relay": [{"name": "main", "prot": 25}]},
        section={"window": "36"},
        source={"default_urgency": 0},
        digest={"slots": ["7 am"], "sender": {"en": {"name": "Q", "address": "nobody"}}},
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in found] == [
        "site.timezone",
        "site.nmae",
        "relay[1].host",
        "relay[1].port",
        "relay[1].prot",
        "section[world].window",
        "source[gull].default_urgency",
        "digest[morning].slots[1]",
        "digest[morning].sender.en.address",
    ]
    assert 'publisher.toml: site.nmae: unknown key; did you mean "name"?' in found
    assert 'publisher.toml: relay[1].prot: unknown key; did you mean "port"?' in found


@pytest.mark.parametrize(
    ("changed", "key", "sentence"),
    [
        ({"main": {"site": {"url": "http://quay.example"}}}, "site.url", "has to be https"),
        ({"main": {"site": {"url": "https://quay.example/?a=1"}}}, "site.url", "no query"),
        ({"main": {"site": {"url": "https://me@quay.example/"}}}, "site.url", "absolute http(s) address"),
        (
            {"main": {"site": {"postal_address": " "}}},
            "site.postal_address",
            "needed as soon as there is a digest",
        ),
        ({"main": {"site": {"language": "fr"}}}, "site.language", 'no [[disclaimer]] in "fr"'),
        ({"main": {"site": {"tag_date": "soon"}}}, "site.tag_date", "such as 2026-01-01"),
        ({"main": {"site": {"name": "Two\nlines"}}}, "site.name", "one line of text"),
        ({"main": {"site": {"name": "\u200b\u2800"}}}, "site.name", "text that can be seen"),
        (
            {"main": {"site": {"postal_address": "\u2800"}}},
            "site.postal_address",
            "needed as soon as there is a digest",
        ),
        (
            {"main": {"disclaimer": [{**MAIN["disclaimer"][0], "short": "\u2800\u200d"}]}},
            "disclaimer[1].short",
            "text that can be seen",
        ),
        ({"section": {"title": {"en": "\u0301"}}}, "section[world].title.en", "text that can be seen"),
        ({"main": {"store": {"url": "sqlite:///here.db"}}}, "store.url", "sqlite:////absolute/path"),
        ({"main": {"store": {"templates_dir": "nowhere"}}}, "store.templates_dir", "there is no folder"),
        ({"main": {"relay": []}}, "relay", "needed as soon as there is a digest"),
        (
            {"main": {"fetch": {"allow_hosts": ["127.0.0.1"]}}},
            "fetch.allow_hosts",
            "only with site.development",
        ),
        ({"main": {"mail": {"list_domain": ""}}}, "mail.list_domain", 'needed by the digest "morning"'),
        ({"main": {"mail": {"bounce_address": ""}}}, "mail.bounce_address", "needed as soon as"),
        ({"main": {"disclaimer": MAIN["disclaimer"] * 2}}, "disclaimer[3].language", "en is taken"),
        (
            {"main": {"disclaimer": MAIN["disclaimer"][:1]}},
            "digest[morning].languages",
            'no [[disclaimer]] in "fa"',
        ),
        ({"section": {"slug": "all"}}, "section[all].slug", "feed addresses use themselves"),
        ({"section": {"slug": "World"}}, "section[World].slug", "small letters, digits and single hyphens"),
        ({"section": {"any": ["source:gul"]}}, "section[world].any", 'no source "gul"; did you mean "gull"?'),
        ({"section": {"none": ["colour:red"]}}, "section[world].none[1]", "kind is one of"),
        ({"section": {"languages": "both"}}, "section[world].languages", '"edition", "all" or a list'),
        ({"section": {"languages": ["en", "fr"]}}, "section[world].languages", 'no [[disclaimer]] in "fr"'),
        ({"section": {"title": {}}}, "section[world].title", "at least one entry"),
        ({"source": {"format": "telex"}}, "source[gull].format", "should be 'auto', 'rss'"),
        *(
            ({"source": {"homepage": odd}}, "source[gull].homepage", "absolute http(s) address")
            for odd in ("gull.example", "https://a..example/", "https://2130706433/", "https://0x7f.1/")
        ),
        (
            {"source": {"urgency_map": {"FLASH": 10}}},
            "source[gull].urgency_map.FLASH",
            "less than or equal to 9",
        ),
        ({"digest": {"slug": "feed-a"}}, "digest[feed-a].slug", "names of feed editions"),
        (
            {"digest": {"sections": ["wrold"]}},
            "digest[morning].sections",
            'no section "wrold"; did you mean "world"?',
        ),
        ({"digest": {"slots": []}}, "digest[morning].slots", "at least one entry"),
        ({"digest": {"slots": ["07:00", "07:00"]}}, "digest[morning].slots", "names something twice"),
        ({"digest": {"weekdays": ["mon", "someday"]}}, "digest[morning].weekdays[2]", "mon, tue, wed"),
        (
            {"digest": {"title": {"ar": "صباح"}}},
            "digest[morning].title.ar",
            "not one of this digest's languages",
        ),
        ({"digest": {"number": 65536}}, "digest[morning].number", "less than or equal to 65535"),
        ({"digest": {"languages": "en"}}, "digest[morning].languages", "should be a list"),
        (
            {"digest": {"canary": {"wait": "24h"}}},
            "digest[morning].canary.wait",
            "shorten it, or lengthen `expires`",
        ),
    ],
)
def test_a_value_that_cannot_work_is_refused_with_its_reason(changed: Any, key: str, sentence: str) -> None:
    found = problems(**changed)
    assert any(f": {key}: " in line and sentence in line for line in found), found


def relay(**changed: Any) -> Any:
    return {"main": {"relay": [{**MAIN["relay"][0], **changed}]}}


@pytest.mark.parametrize(
    ("changed", "key", "sentence"),
    [
        ({"tls": "none"}, "relay[1].tls", "only for loopback"),
        (
            {"tls": "none", "host": "127.0.0.1", "username": "q"},
            "relay[1].username",
            "never goes out in clear",
        ),
        ({"tls": "opportunistic", "username": "q"}, "relay[1].username", "never goes out in clear"),
        ({"username": "q"}, "relay[1].username", "set relay_passwords.main in secrets.toml"),
        ({"ca_file": "nowhere.pem"}, "relay[1].ca_file", "there is no file"),
    ],
)
def test_a_relay_that_would_betray_or_fail_is_refused(changed: Any, key: str, sentence: str) -> None:
    assert any(f": {key}: " in line and sentence in line for line in problems(**relay(**changed)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_relay_on_loopback_may_do_without_tls(host: str) -> None:
    assert settle(**relay(host=host, tls="none")).relays[0].tls == "none"


def test_relays_come_in_their_order_and_two_of_one_name_are_refused() -> None:
    spare = {"name": "spare", "host": "b.example", "port": 587, "order": 2, "rate": "14/s"}
    main = MAIN["relay"][0]
    assert [relay.name for relay in settle(main={"relay": [spare, main]}).relays] == ["main", "spare"]
    assert problems(main={"relay": [main, spare | {"name": "main"}]}) == [
        'publisher.toml: relay[2].name: there is another relay "main"; each has a name of its own'
    ]


@pytest.mark.parametrize("rate", ["14", "0/s", "14/w", "1.5/s", "many/s"])
def test_a_rate_is_a_number_in_a_length_of_time(rate: str) -> None:
    assert any("relay[1].rate" in line and '"14/s"' in line for line in problems(**relay(rate=rate)))


def test_a_password_without_a_relay_or_a_user_is_named() -> None:
    keys = {**fresh_keys(), "relay_passwords": {"main": "s3cret", "mian": "s3cret"}}
    found = problems(secrets=keys)
    assert found == [
        'secrets.toml: relay_passwords.main: the relay "main" has no username',
        'secrets.toml: relay_passwords.mian: there is no relay of this name; did you mean "main"?',
    ]


def test_feeds_alone_need_neither_relay_nor_mail() -> None:
    tables = {"site": MAIN["site"], "disclaimer": MAIN["disclaimer"]}
    settings = from_data(tables, sections=[{**SECTION, "any": []}], secrets=fresh_keys())
    assert settings.relays == ()
    assert settings.digests == ()


def test_a_mistyped_environment_variable_is_named() -> None:
    found = problems(
        environ={"PUBLISHER_SITE_NAME": "x", "PUBLISHER_SITE__NAMES": "x", "PUBLISHER_STOER__URL": "x"}
    )
    assert found == [
        'environment: PUBLISHER_SITE_NAME: no setting has this name; did you mean "PUBLISHER_SITE__NAME"?',
        'environment: PUBLISHER_STOER__URL: no setting has this name; did you mean "PUBLISHER_STORE__URL"?',
        'environment: PUBLISHER_SITE__NAMES: unknown key; did you mean "name"?',
    ]


def test_a_wrong_value_from_the_environment_is_blamed_on_its_variable() -> None:
    found = problems(environ={"PUBLISHER_SITE__TIMEZONE": "Asia/Teheran1"})
    assert [line.split(": ")[:2] for line in found] == [["environment", "PUBLISHER_SITE__TIMEZONE"]]


def test_a_list_from_the_environment_that_is_not_json_is_said_to_be_so() -> None:
    (found,) = problems(environ={"PUBLISHER_RELAY": "smtp.example"})
    assert "is given as JSON" in found


def test_variables_that_an_orchestrator_sets_are_not_mistaken_for_settings() -> None:
    environ = {"PUBLISHER_SERVICE_HOST": "10.0.0.1", "PUBLISHER_PORT": "tcp://x", "PUBLISHER_ACTOR": "desk"}
    assert settle(environ=environ).site.name == "Quay Desk"


def test_the_effective_values_show_defaults_and_hide_every_secret() -> None:
    keys = {**fresh_keys(), "relay_passwords": {"main": "hunter2-hunter2"}}
    settings = settle(
        main={
            "store": {"url": "postgresql://quay:pa%40ss@db.example/quay"},
            "relay": [{**MAIN["relay"][0], "username": "q"}],
        },
        secrets=keys,
    )
    shown = json.dumps(effective(settings))
    assert json.loads(shown)["store"]["url"] == "postgresql://quay:********@db.example/quay"
    assert json.loads(shown)["relay"][0]["timeouts"]["dot"] == "10m"
    told = shown + repr(settings) + repr(settings.secrets) + repr(settings.tables) + str(settings.secrets)
    for secret in ("hunter2", "pa%40ss", keys["address_key"], keys["form_key"], keys["token_keys"]["1"]):
        assert secret not in told
    assert not any(bytes_ in told for bytes_ in map(repr, settings.secrets.token_keys_bytes.values()))
    assert settings.secrets.relay_password("main") == "hunter2-hunter2"


def test_a_refused_key_is_never_repeated() -> None:
    keys = {
        "token_keys": {"1": "c2hvcnQtYnV0LXNlY3JldA", "300": fresh_keys()["form_key"]},
        "address_key": "A" * 43,
    }
    found = problems(secrets=keys)
    assert [line.split(": ")[1] for line in found] == [
        "token_keys.1",
        "token_keys.300",
        "address_key",
        "form_key",
    ]
    assert "c2hvcnQ" not in "".join(found)
    assert "AAAA" not in "".join(found)


def test_new_keys_are_each_time_others() -> None:
    made = [fresh_keys() for _ in range(2)]
    keys = [
        key for entry in made for key in (entry["address_key"], entry["form_key"], entry["token_keys"]["1"])
    ]
    assert len(set(keys)) == 6


def test_the_first_token_key_signs_and_all_check() -> None:
    keys = {**fresh_keys(), "token_keys": {"7": fresh_keys()["form_key"], "3": fresh_keys()["form_key"]}}
    settings = settle(secrets=keys)
    assert settings.secrets.signing_key == 7
    assert set(settings.secrets.token_keys_bytes) == {3, 7}


def test_a_secret_given_twice_is_refused() -> None:
    (found,) = problems(secrets={**fresh_keys(), "form_key_file": "x"})
    assert "stands beside form_key" in found


def test_a_password_with_quotes_survives_being_written() -> None:
    odd = 'quo"te\\ ünd\n'
    written = tomllib.loads(secrets_toml({**fresh_keys(), "relay_passwords": {"main": odd}}))
    assert written["relay_passwords"] == {"main": odd}


@pytest.mark.parametrize("text", ["90s", "30m", "36h", "14d"])
def test_a_length_of_time_is_written_as_it_was_read(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


@pytest.mark.parametrize("text", ["", "0s", "36", "h", "-1h", "1.5h", "1h30m", "9999999s", "٣h"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a length of time is wanted"):
        parse_duration(text)
