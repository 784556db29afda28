"""docs/configuration.md and the commented files in config/ tell every setting, no other, and the defaults in force."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from publisher import assets
from publisher.cli.sources import ingest
from publisher.formats import FORMATS
from publisher.settings import effective, load, starting_files
from publisher.settings.files import file_of
from publisher.settings.keys import Secrets
from publisher.settings.loading import Tables
from publisher.settings.mail import Dkim, Mail, Mailbox, Relay, Timeouts
from publisher.settings.series import (
    AlertsTable,
    AttributeTable,
    CanaryTable,
    ConsumerTable,
    DigestTable,
    SectionTable,
    SenderTable,
    SourceTable,
    WeeklyTable,
)
from publisher.settings.tables import (
    Alarms,
    DisclaimerTable,
    FeedsTable,
    Fetch,
    Retention,
    Site,
    Store,
    Web,
    Webhook,
    Wire,
)
from publisher.settings.theme import DarkTable, LightTable, ThemeTable

ROOT = Path(__file__).resolve().parents[2]

HEADINGS: dict[str, type[BaseModel]] = {
    "[site]": Site,
    "[store]": Store,
    "[[relay]]": Relay,
    "[relay.timeouts]": Timeouts,
    "[fetch]": Fetch,
    "[mail]": Mail,
    "[mailbox]": Mailbox,
    "[dkim]": Dkim,
    "[feeds]": FeedsTable,
    "[web]": Web,
    "[alarms]": Alarms,
    "[retention]": Retention,
    "[[webhook]]": Webhook,
    "[wire]": Wire,
    "[theme]": ThemeTable,
    "[theme.light]": LightTable,
    "[theme.dark]": DarkTable,
    "[[consumer]]": ConsumerTable,
    "[[attribute]]": AttributeTable,
    "[[disclaimer]]": DisclaimerTable,
    "[[section]]": SectionTable,
    "[[source]]": SourceTable,
    "[[digest]]": DigestTable,
    "[digest.weekly]": WeeklyTable,
    "[digest.alerts]": AlertsTable,
    "[digest.canary]": CanaryTable,
    "[digest.sender.LANGUAGE]": SenderTable,
    "secrets.toml": Secrets,
}


def documented() -> dict[str, dict[str, str]]:
    """Heading -> key -> the cell of its default."""
    told: dict[str, dict[str, str]] = {}
    rows: dict[str, str] = {}
    for line in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows = told.setdefault(line[3:].strip(), {})
        elif match := re.match(r"\| `(\w+)` \| (.*?) \|", line):
            rows[match[1]] = match[2]
    return told


def same_as_default(cell: str, info: FieldInfo) -> bool:
    """Whether the default that the page tells is the one in force."""
    if info.is_required():
        return cell == "required"
    default = info.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return cell == "see below"
    if default is None:
        return cell == "–"
    told = tomllib.loads(f"value = {cell.strip('`')}")["value"]
    read = create_model("OneSetting", value=(info.annotation, info)).model_validate({"value": told})
    return bool(read.value == default)


def test_every_table_has_its_heading() -> None:
    assert list(documented()) == list(HEADINGS)
    tables = {heading.strip("[]").partition(".")[0] for heading in HEADINGS}
    assert tables == set(Tables.model_fields)


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_setting_is_documented_and_no_other(heading: str) -> None:
    differ = set(documented()[heading]) ^ set(HEADINGS[heading].model_fields)
    assert not differ, (
        f"docs/configuration.md, {heading}: a key without its row, or a row without its key: {differ}"
    )


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_documented_default_is_the_one_in_force(heading: str) -> None:
    rows = documented()[heading]
    fields = HEADINGS[heading].model_fields
    wrong = {key for key, info in fields.items() if key in rows and not same_as_default(rows[key], info)}
    assert not wrong, f"docs/configuration.md, {heading}, tells another default of these: {wrong}"


def shipped(name: str) -> str:
    return (assets.root() / "config" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["publisher.toml", "sections.toml", "sources.toml", "digests.toml"])
def test_every_setting_stands_in_the_commented_files(name: str) -> None:
    tables = [
        model for heading, model in HEADINGS.items() if file_of(heading.strip("[]").partition(".")[0]) == name
    ]
    text = shipped(name)
    keys = {key for model in tables if model is not SenderTable for key in model.model_fields}
    missing = {key for key in keys if not re.search(rf"(?m)\b{key}(\.\w+)? = |^\[\[?(\w+\.)?{key}\]", text)}
    assert not missing, f"config/{name} lacks a line, commented or not, of these: {missing}"


def leaves(shown: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its key: `section[world].window`."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            yield from leaves(value, f"{key}.{name}".lstrip("."))
    elif isinstance(shown, list) and any(isinstance(value, dict) for value in shown):
        for number, value in enumerate(shown, 1):
            yield from leaves(value, f"{key}[{value.get('slug', number)}]")
    else:
        yield key, shown


def test_a_commented_default_is_the_default(tmp_path: Path) -> None:
    """Taking every "#" away changes nothing, so each commented line tells the truth."""
    for name, text in starting_files(date(2026, 3, 2)).items():
        for folder in ("as-shipped", "uncommented"):
            path = tmp_path / folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(
                re.sub(r"(?m)^#(?=[a-z_]+ = )", "", text) if folder == "uncommented" else text,
                encoding="utf-8",
            )
            path.chmod(0o600)
    as_shipped, uncommented = (
        effective(load(tmp_path / folder, {})) for folder in ("as-shipped", "uncommented")
    )
    told, true = (dict(leaves(shown)) for shown in (uncommented, as_shipped))
    lies = [key for key in sorted(told.keys() | true.keys()) if told.get(key) != true.get(key)]
    assert not lies, (
        f"`#key = …` in config/ has to show the default of these; an example is written `# key = …`: {lies}"
    )


def format_words() -> dict[str, str]:
    """Where somebody reads which words `format` takes -> the sentence that lists them."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (option,) = (option for option in ingest.params if option.name == "format_")
    return {
        "docs/configuration.md": re.findall(r"(?m)^\| `format` \| `\"auto\"` \| (.*?)[:|]", page)[0],
        "config/sources.toml": re.findall(r"(?m)^# (auto, .*?)[(.]", shipped("sources.toml"))[0],
        "publisher ingest --help": re.findall(r": (auto, .*?)\.", str(getattr(option, "help", "")))[0],
    }


@pytest.mark.parametrize("place", format_words())
def test_every_format_that_is_told_is_read_and_no_other_is_told(place: str) -> None:
    told = re.findall(r"[a-z][a-z0-9-]+", format_words()[place])
    assert set(told) - {"or"} == set(FORMATS)
