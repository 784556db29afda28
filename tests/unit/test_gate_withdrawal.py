"""A kill notice in every language, and the gate's own rule for it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher import gate
from publisher.render import message, withdrawal
from publisher.render.direction import direction
from publisher.render.withdrawal import Withdrawal
from tests.feedbox import NOW
from tests.gatebox import LOOK, PERSONAL, SHIPPED

ROOT = LOOK.site_url
CLAIM = "Minister sells the harbour to himself"
SAID = Withdrawal(
    title="The Morning Wire",
    slot=NOW - timedelta(days=1),
    at=NOW,
    timezone="Asia/Tehran",
    source_name="Caspian & Press",
    by_source=False,
    reason="Our only source was wrong.",
    page_url=f"{ROOT}/story/01",
    section="World",
    number=2,
    time=NOW,
)


def mail(said: Withdrawal = SAID, language: str = "en") -> bytes:
    rendered = withdrawal.render(said, language, look=LOOK, templates=SHIPPED)
    headers = message.Headers(
        from_name="Wire",
        from_address="wire@front.example",
        subject=rendered.subject,
        list_name="Wire",
        list_id="wire.lists.front.example",
        language=language,
        reply_to="desk@front.example",
        help_url=ROOT,
        archive_url=f"{ROOT}/",
        owner="desk@front.example",
        feedback_id="a:b:c:d",
        date=NOW,
        answers="01KJP4TQ0M2ZXXXXXXXXXXXXXX",
    )
    compiled = message.compile(rendered, headers, seed=withdrawal.seed_of(said, language))
    who = replace(
        PERSONAL,
        message_id="<01kjpd5w00dispatch00000001.abc@front.example>",
        leave_url=f"{ROOT}/u/x",
        preferences_url=f"{ROOT}/p/x",
    )
    return compiled.message(who)


def house(said: Withdrawal = SAID, language: str = "en") -> str:
    """What the notice says whatever the desk says of it."""
    own = withdrawal.render(replace(said, reason=""), language, look=LOOK, templates=SHIPPED)
    return gate.words_of(own.subject, own.text, own.html)


def faults(raw: bytes, source_name: str = SAID.source_name, claim: str = CLAIM) -> str:
    claims = {claim, "Fire"}
    found = gate.check_withdrawal(
        raw, output="x", root=ROOT, source_name=source_name, claims=claims, house=house()
    )
    return "; ".join(violation.detail for violation in found)


@pytest.mark.parametrize("by_source", [True, False])
def test_every_language_says_it_and_passes(by_source: bool) -> None:
    subjects = set()
    for number, language in enumerate(("en", "fa", "ar", "he", "fr", "es", "ru", "zh")):
        said = replace(SAID, by_source=by_source, number=number)
        rendered = withdrawal.render(said, language, look=LOOK, templates=SHIPPED)
        assert faults(mail(said, language)) == ""
        assert f'lang="{language}" dir="{direction(language)}"' in rendered.html
        assert not re.search(r"%\(", rendered.html + rendered.text + rendered.subject)
        subjects.add(rendered.subject)
    assert len(subjects) == 8


@pytest.mark.parametrize(
    "claim",
    ["The Morning Wire", "Caspian & Press", "Withdrawn: a story from Caspian", "You get this because"],
)
def test_a_story_headlined_with_words_of_the_house_can_be_recalled(claim: str) -> None:
    assert faults(mail(), claim=claim) == ""
    assert gate.unsayable(f"It was not {claim}.", {claim})


def test_a_headline_in_wide_characters_says_something_sooner() -> None:
    assert gate.repeats("总理今日宣布辞职,议会解散", {"总理今日宣布辞职"})
    assert not gate.repeats("总理说", {"总理"})


def test_what_a_kill_notice_must_not_be() -> None:
    raw = mail()
    assert b"\r\nIn-Reply-To: <01kjp4tq0m2zxxxxxxxxxxxxxx.abc@front.example>\r\n" in raw
    assert "repeats the headline" in faults(mail(replace(SAID, reason=f"“{CLAIM.upper()}” was wrong")))
    assert "leads to https://agency.example/1" in faults(
        mail(replace(SAID, page_url="https://agency.example/1"))
    )
    assert "does not name the source" in faults(raw, "Meridian")
    assert "the mail that it follows" in faults(raw.replace(b"\r\nReferences: <", b"\r\nReferences: <x"))
    assert "one-click" in faults(raw.replace(b"One-Click", b"One-Klick"))
    assert "no link to leave" in faults(raw.replace(b"/u/x", b"/v/x"))


def told(raw: bytes, source_name: str = SAID.source_name) -> list[str]:
    return faults(raw, source_name).split("; ") if faults(raw, source_name) else []


def with_html(more: str) -> bytes:
    """The notice with this at the end of its HTML."""
    raw = mail()
    assert raw.count(b"</body>") == 1
    return raw.replace(b"</body>", more.replace("=", "=3D").encode() + b"\r\n</body>")


def test_what_is_told_of_a_kill_can_be_read_and_leads_nowhere_else() -> None:
    assert told(mail()) == told(with_html(f"<a href='{ROOT}/x'>x</a>")) == []
    for said, reason in (
        ("a mark that turns text round", "It \u202ewas wrong"),
        ("template syntax was left in the output: {{ x", "It {{ x"),
        ("leads to https://x.example/1", "It was on https://x.example/1"),
        ("leads to HTTP://x.example/1", "It was on HTTP://x.example/1"),
    ):
        assert any(said in one for one in told(mail(replace(SAID, reason=reason)))), said
    for said, more in (
        ("could cover or move text", "<p style='position:fixed'>x</p>"),
        ("template syntax was left in the output: {% x", "<!-- {% x -->"),
        ("leads to https://x.example/1", "<a href='https://x.example/1'>x</a>"),
        (f"leads to {ROOT}.example/", f"<a href='{ROOT}.example/'>x</a>"),
        (f"leads to {ROOT}", f"<a href='{ROOT}'>x</a>"),
        (f"repeats the headline {CLAIM!r}", f"<p title='{CLAIM}'>x</p>"),
        (f"repeats the headline {CLAIM!r}", f"<p style='opacity:.5'>{CLAIM.replace(' ', '<b> </b>')}</p>"),
        (f"repeats the headline {CLAIM!r}", f"<p>{CLAIM.replace(' ', '<b> </b>')}</p>"),
    ):
        (only,) = told(with_html(more))
        assert said in only


def test_the_source_is_named_in_both_parts_and_the_subject_does_not_repeat_the_claim() -> None:
    raw = mail()
    assert told(raw.replace(b"Caspian & Press", b"Nobody")) == [
        "does not name the source 'Caspian & Press' in its text"
    ]
    assert told(raw.replace(b"Caspian &amp; Pr", b"Nobody &amp; Pr")) == [
        "does not name the source 'Caspian & Press' in its HTML"
    ]
    assert len(told(raw, "\u2800")) == 2
    subject = re.search(rb"\r\nSubject: [^\r]*(?:\r\n[ \t][^\r]*)*", raw)
    assert subject
    assert told(raw.replace(subject[0], f"\r\nSubject: Not {CLAIM.upper()}".encode())) == [
        f"repeats the headline {CLAIM!r}"
    ]
    assert told(raw.replace(subject[0], b"\r\nSubject: =?x-none?q?x?=")) == [
        "has a Subject that cannot be read back"
    ]
    assert told(raw.replace(b"multipart/alternative", b"multipart/mixed")) == ["is not multipart/alternative"]
    assert told(raw.replace(b"Precedence: bulk\r\n", b"")) == ["lacks Precedence"]
    assert told(raw + b"\x00\r\n")[:1] == ["holds a NUL"]


def test_what_an_editor_may_not_say_is_named() -> None:
    for text, says in (
        ("It was wrong.", []),
        ("It \u202dwas", ["holds a mark that turns text round"]),
        ("see HTTP://x.example", ["holds an address"]),
        ("so {{ x", ["template syntax was left in the output: {{ x after 'so'"]),
        (f"No {CLAIM.upper()}", [f"repeats the headline {CLAIM!r}"]),
    ):
        assert gate.unsayable(text, {CLAIM, CLAIM}) == says


@pytest.mark.parametrize(("claim", "found"), [("Abcdef ghijk", True), ("Abcdef ghij", False), ("总理今日宣布", True), ("总理今日宣", False), ("Ａbcdef ghij", True)])  # fmt: skip
def test_a_headline_is_looked_for_from_twelve_columns(claim: str, found: bool) -> None:
    assert gate.repeats(f"x {claim.upper()} y", {claim}) is found
    assert not gate.repeats("x y", {claim})
