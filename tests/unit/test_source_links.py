"""Which links can lead to an original: not our own site, not a front page in any spelling, no host that is none."""

import json
from datetime import UTC, datetime

import pytest

from publisher import intake
from publisher.intake import Context
from publisher.intake.links import absolute, unfit
from publisher.legible import is_front_page, is_host
from publisher.story import Reason, Received, Rejected, Source, SourceKind
from tests.newsrooms import settings

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
AGENCY = Source(
    slug="agency", name="Agency", homepage="https://agency.example/en/wire/", own_hosts=("news.example",)
)


def item(url, source=AGENCY):
    line = {"id": "1", "headline": "News", "source_url": url}
    (found,) = intake.read(json.dumps(line).encode(), Context(source=source, now=NOW), format="jsonl").items
    return found


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/foo",
        "https://WWW.News.example./foo",
        "https://news.example:8443/foo",
        "https://../x",
        "https://.../x",
        "https://a..example/x",
        "https://.agency.example/x",
        "https://-agency.example/x",
        f"https://{'a' * 64}.example/x",
        f"https://{'a.' * 150}example/x",
        "https://agency.example",
        "https://agency.example//",
        "https://agency.example/./",
        "https://agency.example/a/../",
        "https://agency.example/%2e/",
        "https://agency.example/%2F",
        "https://agency.example/index.html",
        "https://agency.example/INDEX.PHP",
        "https://agency.example//default.aspx",
        "https://agency.example/home",
        "https://agency.example/;jsessionid=1",
        "https://agency.example/?utm_source=rss",
        "https://agency.example/#story-7",
        "https://agency.example/en/wire",
        "https://www.agency.example/en/wire/?fbclid=1",
    ],
)
def test_what_leads_to_no_story_of_another_house_waits(url):
    found = item(url)
    assert isinstance(found, Rejected)
    assert found.reason is Reason.NO_SOURCE_LINK


@pytest.mark.parametrize(
    "url",
    [
        "https://agency.example/?p=7",
        "https://agency.example/index.php?id=7",
        "https://agency.example/2026/index.html",
        "https://agency.example/en/wire/story",
        "https://fake-news.example/foo",
        "https://agency.example/homecoming",
        "https://under_score.agency.example/a",
    ],
)
def test_what_leads_to_a_story_comes_in(url):
    found = item(url)
    assert isinstance(found, Received)
    assert found.source_url == url


def test_a_house_knows_its_own_hosts_and_those_of_the_whole_newsroom():
    house = Source(
        slug="house",
        name="House",
        homepage="https://front.example/",
        kind=SourceKind.HOUSE,
        house_hosts=("old-front.example",),
        own_hosts=("news.example",),
    )
    for host in ("front.example", "www.old-front.example", "news.example"):
        assert unfit(f"https://{host}/story", house) == "our own site"
    assert unfit("https://agency.example/story", house) == ""


def test_the_site_s_host_is_no_source_of_any_agency():
    found = settings()
    assert all(source.own_hosts == ("front.example",) for source in found.sources)


def test_a_trailing_dot_is_the_same_host():
    assert absolute("https://Agency.example./a") == "https://agency.example/a"
    assert not is_host("")
    assert is_host("a" * 63 + ".example")
    assert is_front_page("/a/../..", "")
