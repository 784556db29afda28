"""However a feed came to be what it is, splicing gives the bytes that feedgen gives, and the gate lets them pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from publisher import gate
from publisher.edition import Item, Notice
from publisher.intake.text import clean
from publisher.render import feeds
from publisher.render.feeds import Pieces
from tests.feedbox import ENGLISH, NOW, PERSIAN, channel, edition, item

WORDS = st.text(
    st.sampled_from("aZ0 &<>\"']];{}\u2028\u00a0\u0007\ud800ابپ‌אבג新聞\U0001f4f0\n\t"),
    min_size=1,
    max_size=20,
)
LANGUAGES = st.sampled_from(["en", "fa", "ar", "he", "zh-Hant"])
CHANNELS: dict[str, st.SearchStrategy[object]] = {
    "title": st.sampled_from(["Front: World", "Front: The & World"]),
    "icon": st.sampled_from(["", "https://front.example/icon.png"]),
    "hubs": st.sampled_from([(), ("https://hub.example/",), ("https://hub.example/", "https://b.example/")]),
    "text": st.sampled_from(["full", "lede", "link"]),
    "source": st.sampled_from(["link", "text"]),
    "redate_withdrawn": st.booleans(),
    "archive": st.sampled_from(
        [feeds.Archive(), feeds.Archive(prev="https://front.example/feeds/archive/world/2026-02.rss")]
    ),
    "language": st.sampled_from(["en", "fa"]),
}


class Feed(RuleBasedStateMachine):
    """A feed that lives: stories come, change, go and are killed; the channel and the house's words change."""

    @initialize()
    def begin(self) -> None:
        self.items: list[Item] = []
        self.channel: dict[str, object] = {}
        self.houses = (ENGLISH, PERSIAN)
        self.pieces = Pieces()
        self.minute = 0

    def _when(self):
        self.minute += 1
        return NOW + timedelta(minutes=self.minute)

    @rule(words=WORDS, language=LANGUAGES, rights=st.sampled_from(["full", "lede", "link"]))
    def a_story_comes(self, words, language, rights):
        when = self._when()
        new = item(
            f"01{self.minute:04}",
            headline=clean(f"Headline {words}"),
            lede=f"Lede {words}",
            body=f"<p>{words.replace('<', '&lt;').replace('&', '&amp;')}</p>" if rights == "full" else "",
            language=language,
            rights=rights,
            first_published=when,
            modified_at=when,
            time=when,
        )
        self.items = [new, *self.items][:6]

    @rule(data=st.data(), words=WORDS)
    def a_story_is_edited(self, data, words):
        self._change(data, headline=clean(f"Edited {words}"))

    @rule(data=st.data(), words=WORDS)
    def a_story_is_corrected(self, data, words):
        when = NOW + timedelta(minutes=self.minute)
        self._change(data, correction_note=f"Note {words}", corrected_at=when)

    @rule(data=st.data())
    def a_story_is_killed(self, data):
        notice = Notice(self._when(), "fa", "پس گرفته شد", "این گزارش پس گرفته شد.")
        self._change(data, withdrawn=notice, body="", lede="")

    def _change(self, data, **changes):
        if self.items:
            at = data.draw(st.integers(0, len(self.items) - 1))
            when = self._when()
            self.items[at] = replace(
                self.items[at], version=self.items[at].version + 1, modified_at=when, **changes
            )

    @rule(data=st.data())
    def a_story_goes(self, data):
        if self.items:
            del self.items[data.draw(st.integers(0, len(self.items) - 1))]

    @rule(data=st.data(), name=st.sampled_from(sorted(CHANNELS)))
    def the_channel_changes(self, data, name):
        self.channel[name] = data.draw(CHANNELS[name])

    @rule(full=st.sampled_from([ENGLISH.full, "Other words."]))
    def the_disclaimer_changes(self, full):
        self.houses = (replace(ENGLISH, full=full), PERSIAN)

    @rule()
    def the_process_is_started_anew(self):
        self.pieces = Pieces()

    @invariant()
    def both_ways_give_the_same_bytes(self):
        shelf = replace(edition().shelves[0], stories=tuple(entry.story_id for entry in self.items))
        when = NOW + timedelta(minutes=self.minute)
        made = replace(
            edition(shelves=(shelf,), items=tuple(self.items), disclaimers=self.houses, slot=when),
            frozen_at=when,
        )
        for fmt in feeds.FORMATS:
            own = channel(fmt, **self.channel)
            spliced = feeds.splice(made, own, fmt, self.pieces)
            assert spliced == feeds.render(made, own, fmt)
            assert feeds.splice(made, own, fmt, self.pieces) == spliced
            violations = gate.check_feed(spliced, fmt, made, output=fmt, now=when, source=own.source)
            assert violations == ()


TestFeed = Feed.TestCase
TestFeed.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
