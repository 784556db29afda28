"""What SpamAssassin says of the digest by its local rules: nothing against it, and something against seven ways to spoil it.

Its network rules, its learning and its updates are left out, so a good score is a floor and no forecast.
"""

import re
import subprocess
from dataclasses import replace

import pytest

from publisher.render import message
from tests.digestbox import mixed_mails
from tests.editions import HEADERS, PERSONAL

OFFLINE = ("use_bayes 0", "use_auto_welcomelist 0", "dns_available no", "report_safe 0")
STORY = re.compile(rb"(?m)^X-(?:Judged: (\w+)|Spam-Status: \w+, score=(-?[\d.]+))")


def without(raw: bytes, *names: str) -> bytes:
    """The message without these headers."""
    head, _, body = raw.partition(b"\r\n\r\n")
    for name in names:
        head, n = re.subn(rf"(?m)^{name}:.*\r\n(?:[ \t].*\r\n)*".encode(), b"", head + b"\r\n")
        head = head.removesuffix(b"\r\n")
        assert n, name
    return head + b"\r\n\r\n" + body


def mutants() -> dict[str, bytes]:
    """The English mail, spoilt in ways that filters are known to look for."""
    mail = mixed_mails()[0]

    def again(html: str, text: str = mail.text, subject: str = mail.subject) -> bytes:
        rendered = message.Rendered(subject=subject, html=html, text=text)
        return message.compile(rendered, replace(HEADERS, subject=subject), seed="spoilt").message(PERSONAL)

    image = '<html><body><a href="https://front.example/"><img src="https://front.example/all.png"></a></body></html>'
    hidden = '<div style="color:#ffffff;font-size:1px">Also in this digest: what nobody shall see but machines</div>'
    return {
        "dateless": without(mail.raw, "Date"),
        "nameless": without(mail.raw, "Message-ID"),
        "listless": without(mail.raw, r"List-[\w-]+", "Precedence"),
        "shouting": again(mail.html, subject="BRIDGE OPENS TO LORRIES AT NIGHT; 12 MORE STORIES"),
        "numeric": again(mail.html.replace("https://front.example", "http://192.0.2.10")),
        "picture": again(image, text="The digest is a picture."),
        "hidden": again(mail.html.replace("<h1", f"{hidden}<h1", 1)),
    }


@pytest.mark.program("spamassassin")
def test_no_local_rule_speaks_against_a_digest_and_each_spoilt_one_scores_worse(program, tmp_path):
    ours = {mail.name: mail.raw for mail in mixed_mails()}
    spoilt = mutants()
    files = []
    for name, raw in (ours | spoilt).items():
        files.append(tmp_path / f"{name}.eml")
        files[-1].write_bytes(f"X-Judged: {name}\r\n".encode() + raw)
    told = subprocess.run(
        [program, "--local", "--nocreate-prefs", *(f"--cf={line}" for line in OFFLINE), *files],
        capture_output=True,
        check=True,
        timeout=120,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    found = STORY.findall(told.stdout)
    names = [name.decode() for name, _ in found if name]
    scores = dict(zip(names, (float(score) for _, score in found if score), strict=True))
    assert set(scores) == set(ours) | set(spoilt)
    assert {name: score for name, score in scores.items() if name in ours and score > 0} == {}
    assert {name: score for name, score in scores.items() if name in spoilt and score <= scores["en"]} == {}
