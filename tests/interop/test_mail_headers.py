"""Subjects and display names in six scripts, read by a parser that shares no line with Python's (tests/unit/test_headers.py has two more)."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from publisher.render.headers import mailbox, safe, text_header

CASES = 5_000
SCRIPTS = (
    'harbour reopens Friday; minister says: “never again” (C:\\wire) "quoted" it\'s',
    "خبرگزاری کویر می\u200cشود ثابت ماند گزارشِ بامداد؛ «نقل» ۱۴۰۴",
    "وَكالةُ الرافدين للأنباء صباح اليوم، أإؤئ ١٢",
    "יְדִיעוֹת הבוקר נמל אשדוד יפעל גם־בלילה „ציטוט”",
    "Сезон начался рано: ледокол «Мир» ушёл",
    "新聞 早上 港口 開放、東京 한국어 뉴스",
)
ODD = ("👩\u200d🚀", "=?utf-8?q?x?=", "a" * 90, "<b>", "a@b.example", "?=", "—", "e\u0301", ",", ";", "12,5%")


def titles(chance: random.Random) -> str:
    """A title, mostly in one script, now and then with words of another or odd ones."""
    script = chance.choice(SCRIPTS).split()
    words = [
        chance.choice(
            script if chance.random() < 0.85 else chance.choice([ODD, chance.choice(SCRIPTS).split()])
        )
        for _ in range(chance.randint(1, 14))
    ]
    return " ".join(words)


@pytest.mark.program("node")
@pytest.mark.package("postal-mime")
def test_five_thousand_subjects_and_names_come_back_letter_for_letter(program, package):
    chance = random.Random(1404)  # noqa: S311 - no secret
    given = [(titles(chance), titles(chance)) for _ in range(CASES)]
    raw = [
        (
            text_header("Subject", subject)
            + mailbox("From", name, "wire@front.example")
            + mailbox("List-Id", name, "morning.lists.front.example")
            + b"\r\nbody\r\n"
        ).decode("ascii")
        for subject, name in given
    ]
    told = subprocess.run(
        [program, Path(__file__).with_name("headers.mjs")],
        input=json.dumps(raw).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    read = [tuple(one) for one in json.loads(told.stdout)]
    wanted = [
        (safe(subject), safe(name), "wire@front.example", ["subject", "from", "list-id"])
        for subject, name in given
    ]
    read = [(s, n, a, sorted(k)) for s, n, a, k in read]
    wanted = [(s, n, a, sorted(k)) for s, n, a, k in wanted]
    different = [(r, w) for r, w in zip(wanted, read, strict=True) if w != r]
    assert len(read) == CASES
    assert different[:5] == []
    assert not any("?==?" in one or any(len(line) > 78 for line in one.split("\r\n")) for one in raw)
