"""Of several reports of one event an edition shows one, once to each reader, and says who else reports it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from publisher.edition import Also, Edition, Kind, Why
from publisher.editiondata import from_data, to_data
from publisher.feed import Feed
from publisher.selection import Act, Candidate, Mark, select_digest, select_feed
from publisher.story import Source
from tests.editions import DISCLAIMERS
from tests.stories import ECONOMY, MORNING, NOW, SOURCES, WORLD, story

TOLD = "Harbour workers in Port Alma end strike after twelve days"
FEED = Feed(series="world", title="World", language="en", section="world")
THIRD = {"delta": Source(slug="delta", name="Delta", homepage="https://delta.example/")}
OTHERS = SOURCES | THIRD


def report(name, source="meridian", **fields):
    item = {
        "original_headline": TOLD,
        "lede": "",
        "source_name": OTHERS[source].name,
        "source_url": f"https://{source}.example/{name}",
        **fields.pop("item", {}),
    }
    return story(name, source=source, item=item, **fields)


def select(*stories, earlier=(), sections=(WORLD, ECONOMY), sources=OTHERS, marks=()):
    pool = [entry if isinstance(entry, Candidate) else Candidate(entry) for entry in stories]
    return select_digest(
        MORNING, sections, pool, earlier=earlier, marks=marks, sources=sources, slot=NOW, now=NOW
    )


def edition(selection):
    return Edition(
        edition_id="morning-2026-03-02",
        kind=Kind.DIGEST,
        series="morning",
        number=1,
        revision=1,
        slot=NOW,
        local_date=NOW.date(),
        timezone="UTC",
        frozen_at=NOW,
        languages=("en",),
        titles=(("en", "Morning"),),
        disclaimers=DISCLAIMERS,
        shelves=selection.shelves,
        items=selection.items,
        left_out=selection.left_out,
    )


def read(selection, *sections):
    """What a reader of these sections (none named: of all) is shown."""
    shelves = edition(selection).variant("en", frozenset(sections) or None)
    return [item.story_id for _, items in shelves for item in items]


def why(selection, name):
    return {(entry.why, entry.section) for entry in selection.left_out if entry.story_id == name}


def test_one_leads_and_names_the_others_and_the_frozen_edition_knows_it():
    selection = select(report("A"), report("B", "caspian"), report("C", "delta"), story("D"))
    assert read(selection) == ["A", "D"]
    assert why(selection, "B") == why(selection, "C") == {(Why.DUPLICATE, "world")}
    made = edition(selection)
    names = [other.source_name for other in made.item("A").also]
    assert names == ["Caspian Press", "Delta"]
    assert from_data(to_data(made)) == made
    assert made.without({"B"}, now=NOW).item("A").also == (Also("C", "Delta", "https://delta.example/C"),)
    assert made.without({"B"}, now=NOW).content_hash != made.content_hash


def test_the_same_link_under_another_name_is_not_named():
    """It leads to the report that stands here already; the gate looks for the item's own link behind its own source."""
    shared = report("B", "caspian", item={"source_url": "https://meridian.example/A"})
    assert select(report("A"), shared).items[0].also == ()


def test_priority_leads_then_completeness_then_freshness():
    new = report("B", "caspian", eligible_at=NOW - timedelta(minutes=5))
    assert read(select(report("A"), new)) == ["B"]
    whole = report("A", item={"body": f"<p>{'word ' * 400}</p>"})
    assert read(select(whole, new)) == ["A"]
    first = OTHERS | {"caspian": replace(OTHERS["caspian"], priority=1)}
    assert read(select(whole, new, sources=first)) == ["B"]


def test_event_is_printed_once_across_sections_and_each_reader_has_it():
    both = select(report("A"), report("B", "caspian", sections=("economy",)))
    assert (read(both), read(both, "world"), read(both, "economy")) == (["A"], ["A"], ["B"])


def test_event_of_an_earlier_edition_is_news_only_to_those_who_did_not_have_it():
    had = Candidate(report("A", eligible_at=NOW - timedelta(hours=40)), NOW - timedelta(hours=24))
    again = select(report("B", "caspian"), earlier=[had])
    assert (read(again), why(again, "B")) == ([], {(Why.DUPLICATE, "world")})
    elsewhere = select(report("B", "caspian", sections=("economy",)), earlier=[had])
    assert (read(elsewhere), read(elsewhere, "world", "economy"), read(elsewhere, "economy")) == (
        [],
        [],
        ["B"],
    )
    killed = Candidate(replace(had.story, killed="wrong"), had.carried_at)
    assert read(select(report("B", "caspian"), earlier=[killed])) == ["B"]


def test_correction_of_what_was_mailed_leads_again():
    put_right = Candidate(report("B", "caspian", corrected_at=NOW), NOW - timedelta(hours=24))
    assert read(select(report("A", item={"body": f"<p>{'word ' * 400}</p>"}), put_right)) == ["B"]


def test_what_the_quota_drop_and_pins_do_to_a_group():
    quota = replace(WORLD, per_source=1)
    full = select(
        story("D", item={"urgency": 1}),
        report("A", item={"body": "x" * 9000}),
        report("B", "caspian"),
        sections=[quota],
    )
    assert read(full) == ["D", "B"]
    dropped = select(report("A"), report("B", "caspian"), marks=[Mark("A", "world", Act.DROP)])
    assert read(dropped) == ["B"]
    assert not dropped.items[0].also
    pins = [Mark("B", "world", Act.PIN), Mark("A", "world", Act.PIN)]
    assert read(select(report("A"), report("B", "caspian"), marks=pins[:1])) == ["B"]
    assert read(select(report("A"), report("B", "caspian"), marks=pins)) == ["B", "A"]


def test_a_section_may_print_each_report():
    keep = replace(WORLD, merge=False)
    selection = select(report("A"), report("B", "caspian"), sections=[keep])
    assert (read(selection), [item.also for item in selection.items]) == (["A", "B"], [(), ()])


def feed(*stories, **options):
    return select_feed(replace(FEED, **options), stories, title="World", sources=OTHERS, now=NOW)


def test_in_a_feed_what_readers_have_keeps_its_place():
    first = report("A", first_published=NOW - timedelta(minutes=30))
    better = report("B", "caspian", item={"body": "x" * 9000})
    selection = feed(first, better)
    assert [item.story_id for item in selection.items] == ["A"]
    assert [other.story_id for other in selection.items[0].also] == ["B"]
    assert selection.items[0].modified_at == feed(first).items[0].modified_at
    assert why(selection, "B") == {(Why.DUPLICATE, "world")}
    assert len(feed(first, better, merge=False).items) == 2
