"""Whatever a server says, there is one verdict, and it suppresses only on evidence about the mailbox."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from subscribers.bounces import Kind, Scope, judge

codes = st.integers(-10, 1100)
enhanced = st.none() | st.from_regex(r"[2-6]\.[0-9]{1,4}\.[0-9]{1,4}", fullmatch=True) | st.text(max_size=8)
texts = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [
            "user",
            "unknown",
            "no such",
            "spam",
            "blocked",
            "mailbox",
            "full",
            "sender",
            "rate",
            "limit",
            "550",
            "<a@b.example>",
        ]
    ),
    max_size=8,
).map(" ".join)
phases = st.sampled_from(["connect", "banner", "ehlo", "tls", "auth", "mail", "rcpt", "data", "body", "dot"])


@given(codes, enhanced, texts, phases)
def test_every_reply_has_a_verdict_and_suppression_needs_evidence(
    code: int, said: str | None, text: str, phase: str
):
    verdict = judge(code, said, text, phase=phase)
    assert (verdict.kind is Kind.PROTOCOL) == (not 400 <= code <= 599)
    if verdict.suppress:
        assert verdict.kind is Kind.HARD
        assert verdict.scope is Scope.RECIPIENT
        assert verdict.permanent
        assert code >= 500
        assert phase == "rcpt"
    if code < 500 and verdict.permanent:
        assert verdict.rule == "deferred for good"


@given(codes, enhanced, texts, phases)
def test_the_case_of_a_text_says_nothing(code: int, said: str | None, text: str, phase: str):
    assert judge(code, said, text.upper(), phase=phase) == judge(
        code, said, text.upper().lower(), phase=phase
    )
