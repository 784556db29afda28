"""How fast the parts are, as ratios to a peer measured in the same run; `make bench`. Asserts nothing.

Each line is the median of several rounds. A ratio above 1 means that ours is quicker than the peer.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import feedparser

from publisher import dkim, gate, intake
from publisher.edition import Disclaimer, Variant
from publisher.intake import Context, rss, xml
from publisher.render import digest, message
from publisher.story import Source
from tests.bench import asking, dispatch, grouping, imports, kill, web
from tests.bench import feeds as house
from tests.bench.clock import line, median
from tests.editions import HEADERS, LOOK, NOW, PERSONAL, TEMPLATES, edition, item, persian


def mails() -> None:
    """A digest of twelve stories, its message, the gate over it."""
    english = edition(*(item(f"01{name}") for name in "ABCDEFGHJKLM"))
    farsi = edition(*(persian(f"01{name}") for name in "ABCDEFGHJKLM"), language="fa")
    for made, language in ((english, "en"), (farsi, "fa")):
        variant = Variant(language)
        work = lambda made=made, variant=variant: digest.render(made, variant, look=LOOK, templates=TEMPLATES)  # noqa: E731 - bound here
        line(f"12 stories to HTML and text, {language}", median(work, 5))
    tongues = ("en", "fa", "ar", "he", "fr", "es", "ru", "zh")
    short, full = english.disclaimer("en").short, english.disclaimer("en").full
    house_texts = tuple(Disclaimer("house", 1, language, short, full) for language in tongues)
    shelves = tuple(replace(s, language=language) for language in tongues for s in english.shelves)
    many = replace(english, languages=tongues, disclaimers=house_texts, shelves=shelves)

    def eight() -> None:
        for language in tongues:
            digest.render(many, Variant(language), look=LOOK, templates=TEMPLATES)

    line("one edition in 8 languages", median(eight, 3))
    rendered = digest.render(english, Variant("en"), look=LOOK, templates=TEMPLATES)
    compiled = message.compile(
        rendered, replace(HEADERS, subject=rendered.subject), seed=english.content_hash
    )
    page, text = (body.decode() for body in compiled.bodies(PERSONAL))

    def peer() -> bytes:
        mail = EmailMessage(policy=policy.SMTP)
        mail["Subject"], mail["To"] = "x", PERSONAL.to
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(page, subtype="html", cte="quoted-printable")
        return mail.as_bytes()

    line(
        "one reader's message",
        median(lambda: compiled.fill(PERSONAL), 500),
        ("EmailMessage", median(peer, 3)),
    )
    signed(rendered, replace(HEADERS, subject=rendered.subject))
    raw = compiled.message(PERSONAL)
    line(
        "the gate over a finished message",
        median(lambda: gate.check_message(raw, english, Variant("en"), output="m", now=NOW), 3),
    )


def signed(rendered: digest.Rendered, headers: message.Headers) -> None:
    """The same message, signed; the aim is 0.8 of the bare signature (and Ed25519, which is added to it, costs little)."""
    keys = [
        dkim.read_key(dkim.new_key(name), selector="bench", algorithm=name)
        for name in (dkim.RSA, dkim.ED25519)
    ]
    digested = hashlib.sha256(rendered.html.encode()).digest()
    for number, name in ((1, "RSA-2048"), (2, "RSA-2048 and Ed25519")):
        signer = dkim.Signer(tuple(keys[:number]), "front.example", NOW)
        built = message.compile(rendered, headers, seed="bench", sign=signer.over)
        line(
            f"one reader's message, signed with {name}",
            median(lambda built=built: built.fill(PERSONAL), 100),
            ("bare RSA signature", median(lambda: keys[0].sign(digested), 100)),
        )


def feeds() -> None:
    """A well-formed feed of a hundred items."""
    one = (
        "<item><title>Headline {n}</title><link>https://wire.example/{n}</link><guid>{n}</guid>"
        "<description>"
        + "Some words of text. " * 60
        + "</description><pubDate>Mon, 02 Mar 2026 02:30:00 +0000</pubDate></item>"
    )
    items = "".join(one.replace("{n}", str(n)) for n in range(100))
    raw = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()
    source = Source(slug="agency", name="Agency", homepage="https://wire.example/")
    context = Context(source=source, now=datetime(2026, 3, 2, tzinfo=UTC))
    peer = ("feedparser", median(lambda: feedparser.parse(raw)))

    def parsed() -> None:
        tree = xml.parse(raw)
        assert isinstance(tree, xml.Tree)
        for element in tree.root.iter("item"):
            rss.fields(element, context, "en", "")

    line("a feed of 100 items parsed into its fields", median(parsed), peer)
    line(
        "the same taken in: sanitised, judged, its words digested",
        median(lambda: intake.read(raw, context)),
        peer,
    )


def start() -> None:
    """The command line's start."""
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv = ['publisher', '--help']; from publisher.cli import main; main()",
    ]
    bare = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=False))
    ours = median(lambda: subprocess.run(command, check=False, capture_output=True))
    line("publisher --help", ours, ("bare Python", bare))


if __name__ == "__main__":
    start()
    feeds()
    mails()
    grouping.main()
    house.splicing()
    house.big_house()
    web.http()
    asking.main()
    kill.main()
    imports.main()
    dispatch.main()
