"""What a browser sees of the digest: nothing fetched, nothing sideways, readable in the dark, whole where clients strip it.

One Chromium looks at all mails, once in a run of the tests whichever workers ask: `browser.mjs` writes what it saw as JSON.
"""

import fcntl
import json
import os
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.digestbox import LANGUAGES, RTL, mixed_mails
from tests.editions import TEMPLATES

pytestmark = [
    pytest.mark.program("chromium"),
    pytest.mark.program("node"),
    pytest.mark.package("playwright-core"),
    pytest.mark.package("axe-core"),
]
HERE = Path(__file__).parent
MAILS = {mail.name: mail for mail in mixed_mails()}
SPOILT = (
    '<!doctype html><html lang="en"><head><title>Spoilt</title></head><body><h1 style="color:#ccc">Pale</h1>'
    '<img src="https://pixel.example/1.gif" alt=""><div style="width:900px">wide</div>'
    '<p style="font-weight:bold;color:#777;background:#777">same</p></body></html>'
)
TEXT, RULE, HAIRLINE, THIN = 4.5, 3.0, 1.2, 2
"""Contrasts: of text (WCAG 1.4.3); of a rule that carries structure (1.4.11); of a hairline, which is decoration, but is there.
A hairline has two pixels at most."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder that the workers of one run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def seen(program, package, folder):
    """What Chromium saw, by page; the first test that asks makes it, and all share its failure too."""
    with (folder / "browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = folder / "browser.json"
        if not kept.exists():
            kept.write_text('{"failed": "it came to no end"}', encoding="utf-8")
            pages = [folder / f"{name}.html" for name in (*MAILS, "spoilt")]
            for path in pages:
                html = MAILS[path.stem].html if path.stem in MAILS else SPOILT
                path.write_text(html, encoding="utf-8")
            told = subprocess.run(
                ["node", HERE / "browser.mjs", program, *pages],
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                timeout=120,
            )
            failed = json.dumps({"failed": told.stderr})
            kept.write_text(failed if told.returncode else told.stdout, encoding="utf-8")
        sightings = json.loads(kept.read_text(encoding="utf-8"))
    assert "failed" not in sightings, sightings["failed"]
    return sightings


every_mail = pytest.mark.parametrize("name", LANGUAGES)
both_ways = pytest.mark.parametrize("look", ["stories", "stripped"])


@every_mail
def test_nothing_is_fetched_and_nothing_runs_out_of_a_phones_screen(seen, name):
    assert seen[name]["requests"] == []
    whole = {str(width): [width, width] for width in (320, 375, 600)}
    assert (seen[name]["widths"], seen[name]["strippedWidths"]) == (whole, whole)


@every_mail
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_against_it(seen, name, scheme):
    assert seen[name][scheme]["violations"] == []
    assert seen[name][scheme]["undecided"] == []
    assert seen[name][scheme]["passes"] >= 15


@every_mail
@both_ways
def test_every_story_is_whole(seen, name, look):
    """Headline with its link, source and time, excerpt, and source link with the disclaimer, also where clients strip most."""
    mail = MAILS[name]
    said = mail.edition.disclaimer(name).short
    words, zone = TEMPLATES.words(name), ZoneInfo(mail.edition.timezone)
    firsts = [members[0] for _, members in mail.edition.variant(name)]
    assert len(seen[name][look]) == len(mail.edition.items)
    for story, item in zip(seen[name][look], mail.edition.items, strict=True):
        assert item.headline in story["head"]["text"]
        assert len(story["head"]["links"]) == 1
        assert item.source_name in story["first"]["text"]
        local = item.time.astimezone(zone)
        assert words.time(local, zone=False) in story["first"]["text"]
        assert (words.zone(local) in story["first"]["text"]) == (item in firsts), "once in a section"
        assert item.lede[:60] in story["parts"][-2]["text"]
        foot = story["parts"][-1]
        assert foot["links"] == [item.source_url]
        assert item.source_name in foot["text"]
        assert said in foot["text"]
        assert (item.correction_note or "") in story["parts"][0]["text"]


@every_mail
@both_ways
def test_every_line_runs_its_languages_way(seen, name, look):
    def way(language):
        return ("rtl", "right") if language in RTL else ("ltr", "left")

    for story, item in zip(seen[name][look], MAILS[name].edition.items, strict=True):
        for line in (story["first"], story["parts"][-1]):
            assert (line["direction"], line["align"]) == way(name), line["text"]
        for line in (story["head"], *story["parts"][:-1]):
            assert (line["direction"], line["align"]) == way(item.language), line["text"]


@every_mail
@both_ways
def test_source_place_and_time_follow_one_another_in_the_direction_of_reading(seen, name, look):
    """Two names in Latin letters, side by side in a Persian line, are one run to the eye's algorithm and change places."""
    checked = 0
    for story in seen[name][look]:
        line = story["first"]["order"]
        if len({round(part["top"] / 8) for part in line}) == 1:
            middles = [part["middle"] for part in line]
            assert middles == sorted(middles, reverse=name in RTL), [part["text"] for part in line]
            checked += 1
    assert checked >= 8


def faint(spots):
    """What is painted with less contrast than it needs."""
    return [
        f"{spot['kind']} {spot['what']}: {spot['contrast']}"
        for spot in spots
        if spot["contrast"] < (TEXT if spot["kind"] == "text" else RULE if spot["thick"] > THIN else HAIRLINE)
    ]


@every_mail
def test_a_dark_screen_leaves_it_readable(seen, name):
    """By the mail's own dark colours, and by force: clients that know no style sheet turn colours as they like."""
    for spots in (seen[name]["dark"]["painted"], seen[name]["inverted"]):
        assert faint(spots) == []
        assert max(spot["ground"] for spot in spots if spot["kind"] == "text") < 0.1
        assert len(spots) > 100


def test_a_spoilt_page_is_told_from_a_good_one(seen):
    spoilt = seen["spoilt"]
    assert spoilt["requests"] == ["https://pixel.example/1.gif"]
    assert spoilt["widths"]["600"][0] > 900
    assert any(found.startswith("color-contrast") for found in spoilt["light"]["violations"])
    assert any(spot.startswith("text same") for spot in faint(spoilt["inverted"]))
