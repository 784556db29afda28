"""Each key of a table reaches the value that the rest of the house is given: a hand-over that is forgotten would be a key without effect."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import BaseModel

from publisher.newsroom.relays import relays_of
from publisher.settings import Settings, fresh_keys
from publisher.settings.keys import Secrets
from publisher.settings.mail import Relay, Timeouts
from publisher.settings.series import (
    AlertsTable,
    AttributeTable,
    CanaryTable,
    ConsumerTable,
    DigestTable,
    SectionTable,
    SourceTable,
    WeeklyTable,
)
from publisher.settings.tables import DisclaimerTable
from tests.unit.test_settings import DIGEST, SECTION, SOURCE


def relay_options(table: BaseModel) -> Any:
    secrets = Secrets.model_validate({**fresh_keys(), "relay_passwords": {"main": "x"}})
    (options,) = relays_of(cast("Settings", SimpleNamespace(relays=(table,), secrets=secrets)))
    return options


def timeouts(table: BaseModel) -> Any:
    return relay_options(Relay.model_validate({**RELAY, "timeouts": table})).limits


def plainly(table: Any) -> Any:
    return table.domain()


RELAY = {"name": "main", "host": "smtp.quay.example", "port": 587}
WEEKLY = {"day": "sat", "at": "09:00", "title": {"en": "The week"}}
ALERTS = {"title": {"en": "At once"}}
Tables = Mapping[type[BaseModel], tuple[Mapping[str, Any], Mapping[str, Any], Callable[[Any], Any]]]
GIVEN: Tables = {
    Relay: (
        RELAY,
        {
            "name": "other",
            "host": "smtp.gull.example",
            "port": 25,
            "tls": "implicit",
            "ca_file": "own.pem",
            "username": "desk",
            "helo": "quay.example",
            "connections": 3,
            "start": 3,
            "order": 3,
            "weight": 3,
            "service": "sendgrid",
            "rate": "14/s",
            "domain_rates": {"gull.example": "1/s"},
            "messages": 3,
            "lifetime": "3m",
            "timeouts": {"dot": "3m"},
        },
        relay_options,
    ),
    Timeouts: ({}, dict.fromkeys(("connect", "banner", "command", "data", "block", "dot"), "77s"), timeouts),
    SectionTable: (
        SECTION,
        {
            "slug": "sea",
            "title": {"en": "Sea"},
            "any": ["category:Sea"],
            "none": ["category:Land"],
            "max": 3,
            "window": "3h",
            "feed_max": 3,
            "feed_window": "3h",
            "per_source": 3,
            "order": "newest",
            "languages": "all",
            "duplicates": "keep",
        },
        lambda table: table.domain("merge"),
    ),
    SourceTable: (
        SOURCE,
        {
            "slug": "tern",
            "name": "Tern",
            "homepage": "https://tern.example/",
            "kind": "house",
            "url": "https://gull.example/feed",
            "folder": "in",
            "story_url": "https://gull.example/{id}",
            "format": "jsonl",
            "language": "fa",
            "timezone": "Asia/Tehran",
            "rights": "lede",
            "rights_feeds": "lede",
            "rights_mail": "lede",
            "rights_map": {"not for us": "none"},
            "rights_line": "© Gull",
            "default_urgency": 3,
            "urgency_map": {"flash": 1},
            "category_map": {"Weltnachrichten": "World"},
            "empty_embargo": "none",
            "source_line": ["Quelle:"],
            "source_name_field": "agency",
            "source_url_field": "origin",
            "source_hosts": {"tern.example": "Tern"},
            "house_blocks": ["Read more:"],
            "house_hosts": ["quay.example"],
            "media": False,
            "window": "3h",
            "every": "3m",
            "priority": 3,
            "recheck": True,
        },
        lambda table: table.domain(language="en", timezone="UTC"),
    ),
    DigestTable: (
        DIGEST,
        {
            "slug": "evening",
            "number": 3,
            "title": {"en": "Evening"},
            "languages": ["en"],
            "sections": ["sea"],
            "slots": ["03:00"],
            "sender": {"en": {"name": "Tern", "address": "tern@quay.example"}},
            "timezone": "Asia/Tehran",
            "weekdays": ["mon"],
            "reply_to": "tern@quay.example",
            "list_domain": "tern.example",
            "approval": "required",
            "uncertain": "keep",
            "expires": "3h",
            "lead": "3m",
            "deadline": "3m",
            "alarm_after": "3m",
            "canary": {},
            "corrections_at_once": 3,
            "public": False,
            "segment": "language = en",
            "weekly": WEEKLY,
            "alerts": ALERTS,
        },
        lambda table: table.domain(timezone="UTC", reply_to="a@quay.example", list_domain="quay.example"),
    ),
    WeeklyTable: (WEEKLY, {"day": "mon", "at": "03:00", "title": {"en": "Week"}}, plainly),
    AlertsTable: (ALERTS, {"title": {"en": "Now"}, "urgency": 1, "a_day": 3}, plainly),
    CanaryTable: (
        {},
        {"addresses": ["a@quay.example"], "share": 3, "wait": "3m", "refusals": 3, "complaints": 3},
        plainly,
    ),
    ConsumerTable: (
        {"slug": "gull"},
        {
            "slug": "tern",
            "feeds": ["all"],
            "formats": ["atom"],
            "text": "lede",
            "source": "text",
            "redate_withdrawn": True,
        },
        plainly,
    ),
    AttributeTable: ({"name": "town"}, {"name": "plan", "kind": "number", "values": ["a"]}, plainly),
    DisclaimerTable: (
        {"id": "house", "version": 1, "language": "en", "short": "Short.", "full": "Full."},
        {"id": "other", "version": 3, "language": "fa", "short": "Brief.", "full": "Whole."},
        plainly,
    ),
}


@pytest.mark.parametrize("table", GIVEN, ids=lambda table: table.__name__)
def test_each_key_of_a_table_arrives(table: type[BaseModel]) -> None:
    least, others, value = GIVEN[table]
    assert not set(table.model_fields) ^ set(others), f"give each key of {table.__name__} another value here"
    plain = value(table.model_validate(least))
    names = [field.name for field in dataclasses.fields(plain)]
    lost = []
    for key, other in others.items():
        changed = value(table.model_validate({**least, key: other}))
        differs = [name for name in names if getattr(changed, name) != getattr(plain, name)]
        if key not in differs if key in names else not differs:
            lost.append(key)
    assert not lost, (
        f"{table.__name__} has these keys, and {type(plain).__name__} is not told of them: {lost}"
    )
