"""What mails that came back say: measured on what other projects collected, and read whatever the bytes are."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta

import pytest

from subscribers.bounces import Kind
from subscribers.reports import Report, What, read
from subscribers.thresholds import enough
from tests.newsrooms import NOW


@pytest.fixture(scope="module")
def read_samples(request: pytest.FixtureRequest) -> list[tuple[str, list[str], str, Report]]:
    """(name, addresses, class) of the index, and what we read."""
    folder = request.getfixturevalue("samples") / "bounce-samples"
    rows = re.findall(
        r"^\| (\S+\.eml) \|[^|]*\| ([^|]*) \| ([^|]*) \|$",
        (folder / "INDEX.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(rows) > 200
    return [
        (name, re.findall(r"[^\s,~]+@[^\s,]+", who.lower()), told, read((folder / name).read_bytes()))
        for name, who, told in rows
    ]


def proved(report: Report) -> bool:
    return report.what is What.FAILED and any(said.proved for said in report.said)


def test_addresses_and_classes_are_those_of_the_origin(read_samples):
    """The origin of f-* says whether a delivery ended, that of s-* whether the mailbox is dead."""
    named, right, classed, same, soft, believed = 0, 0, 0, 0, 0, 0
    for name, addresses, told, report in read_samples:
        if addresses and not told.startswith("none"):
            named += 1
            found = {address for said in report.said for address in said.addresses}
            right += report.what is What.DELAYED or not found.isdisjoint(addresses)
        if not told.startswith(("hard", "soft")) or "/" in told:
            continue
        dead = any(said.verdict.kind in {Kind.HARD, Kind.UNKNOWN_HOST} for said in report.said)
        classed += 1
        same += told.startswith("hard") is (report.what is What.FAILED and (dead or name.startswith("f-")))
        soft += told.startswith("soft")
        believed += told.startswith("soft") and proved(report)
    assert right >= 0.95 * named
    assert same >= 0.90 * classed
    assert believed <= 0.01 * soft


def test_what_is_no_bounce_suppresses_nobody_and_complaints_are_seen(read_samples):
    others = {name: (told, report) for name, _, told, report in read_samples if told.startswith("none")}
    assert len(others) >= 17
    assert not [name for name, (_, report) in others.items() if proved(report)]
    complaints = {name: report.what for name, (told, report) in others.items() if "abuse" in told}
    assert set(complaints.values()) == {What.COMPLAINT}
    machines = {report.what for told, report in others.values() if "auto-reply" in told}
    assert machines == {What.AUTOMATIC}


def test_any_bytes_are_read():
    whole = (
        b"From: MAILER-DAEMON@relay.example\nTo: bounce+x@front.example\nSubject: =?utf-9?b?/?=\n"
        b'Content-Type: multipart/report; boundary="b"; charset*=utf-9\'\'%ff\n\n--b\nContent-Type: text/plain; charset="\xff"\n\n550 no\n'
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
        b"Status: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <a@b>\n\n--b--\n"
    )
    dice = random.Random(7)  # noqa: S311 - no secret: the same mails at every run
    for _ in range(300):
        start, end = sorted(dice.randrange(len(whole)) for _ in range(2))
        read(whole[:start] + dice.randbytes(3) + whole[end - (end - start) // 4 :])
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000))
    assert read(nested).what is What.OTHER
    assert read(b"").what is What.OTHER


@pytest.mark.parametrize(
    ("kind", "proof", "days", "follows"),
    [
        (Kind.HARD, True, [], True),
        (Kind.HARD, False, [], False),
        (Kind.HARD, False, [0], False),
        (Kind.UNKNOWN_HOST, False, [1], True),
        (Kind.UNKNOWN_HOST, False, [61], False),
        (Kind.FULL, False, [14, 13, 12], False),
        (Kind.FULL, False, [13, 12, 11, 10], False),
        (Kind.FULL, False, [14, 13, 12, 11], True),
        (Kind.SOFT, False, [40, 30, 20, 10, 9, 8, 7], False),
        (Kind.BLOCK, False, [40, 30, 20, 10, 9, 8, 7], False),
    ],
)
def test_an_address_is_suppressed_after(kind: Kind, proof: bool, days: list[int], follows: bool):
    before: list[datetime] = [NOW - timedelta(days=number) for number in days]
    assert enough(kind, proved=proof, before=before, now=NOW) is follows
