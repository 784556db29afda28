"""Any story that intake lets in passes the gate as we render it; no bytes that are not whole do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher import gate
from publisher.edition import Edition, Item, Variant
from publisher.gate.sight import see, visible
from publisher.intake.markup import sanitise
from publisher.intake.text import clean
from publisher.render import digest as digests
from publisher.render import feeds
from tests.feedbox import NOW, channel, edition, item
from tests.gatebox import FEEDS, LOOK, MAILS, SHIPPED, check, compiled, digest, output

OUTPUTS = (*FEEDS, *MAILS)
MADE = digest()
WHOLE = {kind: output(kind, MADE) for kind in OUTPUTS}

WIRE = st.text(
    st.sampled_from("aZ0 <>&\"'{}%*-=:.؟گ‌آאמ新\u0301\u200d\u200f\u00a0\U0001f4f0\\/#;|[]()!_`~^+@$\n\t…"),
    max_size=60,
)
ANY = st.text(max_size=60)
WORDS = st.one_of(
    WIRE,
    ANY,
    st.sampled_from(
        ["* * *", "-" * 60, "Source: X", "{{ x }}", "{% x %}", "]]>", "<!--", "</p>", "&lt;b&gt;"]
    ),
)


def line(fallback: str) -> st.SearchStrategy[str]:
    """One line as intake cleans it, in which something is to be seen."""
    return WORDS.map(clean).map(lambda text: text if visible(text) else fallback)


@st.composite
def stories(draw: st.DrawFn, story_id: str) -> Item:
    return item(
        story_id,
        headline=draw(line("Headline")),
        original_headline=draw(line("Headline")),
        source_name=draw(line("Name")),
        source_url="https://source.example/"
        + draw(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)),
        language=draw(st.sampled_from(["en", "fa", "he", "zh", "x-none"])),
        lede=draw(line("")),
        body=sanitise(f"<p>{draw(WORDS)}</p>{draw(WORDS)}<p dir=ltr>{draw(WORDS)}").html,
        byline=draw(line("")),
        dateline=draw(line("")),
        correction_note=draw(st.one_of(st.none(), line("note"))),
        rights=draw(st.sampled_from(["full", "lede", "link"])),
        categories=tuple(draw(st.lists(line("c"), max_size=2))),
    )


def some() -> st.SearchStrategy[tuple[Item, Item, Item]]:
    return st.tuples(stories("01A"), stories("01B"), stories("01C"))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some())
def test_every_feed_that_we_render_of_cleaned_stories_passes(items):
    made = edition(*items)
    for fmt in FEEDS:
        assert gate.check_feed(feeds.render(made, channel(fmt), fmt), fmt, made, output=fmt, now=NOW) == ()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some(), st.sampled_from(["en", "fa"]))
def test_every_mail_that_we_render_of_cleaned_stories_passes(items, language):
    made = _digest(items, language)
    rendered = digests.render(made, Variant(language), look=LOOK, templates=SHIPPED)
    raw = compiled(made, rendered, Variant(language))
    assert (
        gate.check_message(raw, made, Variant(language), output="m", now=NOW, subject=rendered.subject) == ()
    )


def _digest(items: tuple[Item, ...], language: str) -> Edition:
    return digest(*items, language=language)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(OUTPUTS),
    st.one_of(st.binary(max_size=200), ANY.map(lambda text: text.encode("utf-8", "replace"))),
)
def test_no_other_bytes_pass_and_none_break_the_gate(kind, raw):
    assert check(kind, raw, MADE)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(OUTPUTS), st.data())
def test_bytes_flipped_or_cut_out_never_break_the_gate(kind, data):
    whole = WHOLE[kind]
    at = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(at, min(at + 400, len(whole))))
    for raw in (
        whole[:at] + whole[end:],
        whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :],
    ):
        check(kind, raw, MADE)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*FEEDS, "message"]), st.data())
def test_no_output_that_was_cut_off_passes(kind, data):
    whole = WHOLE[kind].rstrip()
    assert check(kind, whole[: data.draw(st.integers(0, len(whole) - 1))], MADE)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["html", "text"]), st.sampled_from(MADE.items), st.data())
def test_no_provenance_line_passes_with_a_letter_missing(kind, story, data):
    """Of the link's address, the source's name and the disclaimer every letter is wanted."""
    text = WHOLE[kind].decode()
    start = text.index(f'id="s-{story.story_id}"' if kind == "html" else f"* {story.headline}")
    address = story.source_url.replace("&", "&amp;") if kind == "html" else story.source_url
    promise = data.draw(
        st.sampled_from([f">Read the original at {story.source_name}<", address, MADE.disclaimer("en").short])
    )
    if kind == "text" and promise.startswith(">"):
        promise = f"\n{story.source_name}\n".replace("\n", "")
        place = text.index(f"Source: {promise}", start) + len("Source: ")
    elif kind == "html" and promise == address:
        place = text.index('<p class="provenance"', start)
        place = text.index(address, place)
    else:
        place = text.index(promise, start)
    if promise.startswith(">"):
        place, promise = place + len(">Read the original at "), story.source_name
    letters = [at for at in range(place, place + len(promise)) if not text[at].isspace()]
    gone = data.draw(st.sampled_from(letters))
    violations = check(kind, (text[:gone] + text[gone + 1 :]).encode(), MADE)
    assert story.story_id in {violation.story_id for violation in violations}


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        ANY,
        st.lists(
            st.sampled_from(
                [
                    "<p>",
                    "</p>",
                    "<a href=x>",
                    "<style>",
                    "{",
                    "}",
                    "display:none",
                    "</style>",
                    "<!--",
                    "-->",
                    "x",
                    "@media",
                    '"',
                    "'",
                    "(",
                    "h1",
                    "<h3 id=s-1>",
                ]
            ),
            max_size=30,
        ).map("".join),
    )
)
@example("<style>" + "(" * 2000)
@example("<p>" * 5000)
def test_no_markup_breaks_the_eye(html):
    see(html.encode("utf-8", "replace").decode())


@pytest.mark.parametrize("kind", OUTPUTS)
def test_the_same_bytes_are_judged_alike_twice(kind):
    broken = replace(MADE, items=tuple(replace(i, source_name="Nobody") for i in MADE.items))
    assert check(kind, WHOLE[kind], broken) == check(kind, WHOLE[kind], broken) != ()
