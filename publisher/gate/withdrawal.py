"""Kill notices: mails of a list that hold no item, and nothing that the withdrawn story said. PURE."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from email import message_from_bytes
from unicodedata import east_asian_width

from publisher.errors import Violation
from publisher.gate.item import unfilled
from publisher.gate.mail import bodies_of, header_faults, seal_faults, subject_of, value_faults, wire_faults
from publisher.gate.sight import Sight, plain, see, turned, visible

__all__ = ["check_withdrawal", "repeats", "unsayable", "words_of"]

ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
SAYS_SOMETHING = 12
"""Columns of a headline that is looked for; wide characters have two, and say as much with each."""


def check_withdrawal(
    raw: bytes,
    *,
    output: str,
    root: str,
    source_name: str,
    claims: Collection[str],
    house: str,
    signed: Sequence[tuple[str, str]] = (),
) -> tuple[Violation, ...]:
    """Violations of a kill notice: a mail of a list that names the source, leads nowhere but to us, and says nothing that the story said.

    `claims` are the headlines under which it was mailed; one of a word or two is anybody's, and is not looked for. Nor is one that is words of
    the house: `house` is what the notice says without anything that the desk says of this kill (`words_of`).
    """
    message = message_from_bytes(raw)
    shown = subject_of(message)
    faults = [
        *wire_faults(raw),
        *header_faults(raw, message, follows=True),
        *seal_faults(message, signed),
        *value_faults(message, shown, None),
    ]
    bodies = bodies_of(message)
    if isinstance(bodies, str):
        return tuple(Violation(output, None, "withdrawal", detail) for detail in (*faults, bodies))
    text, html = (body.decode("utf-8", "replace") for body in bodies)
    sight = see(html)
    seen = _seen(sight)
    faults += sight.faults
    faults += ["holds a mark that turns text round"] if turned(text) else []
    faults += [entry.detail for entry in unfilled(f"{text}{html}", (), output=output)]
    links = {run.link for run in sight.runs if run.link} | set(ADDRESS.findall(text))
    faults += [f"leads to {link}" for link in sorted(links) if not link.startswith(f"{root}/")]
    if not any(link.startswith(f"{root}/u/") for link in links):
        faults.append("has no link to leave")
    name = plain(source_name)
    for where, told in (("text", plain(text)), ("HTML", plain(seen))):
        if not visible(name) or name not in told:
            faults.append(f"does not name the source {source_name!r} in its {where}")
    own = plain(house).casefold()
    others = [claim for claim in claims if plain(claim).casefold() not in own]
    may_be_seen = " ".join(run.text + run.unseen for run in sight.runs)
    faults += _repeated(f"{shown or ''} {text} {html} {seen} {may_be_seen}", others)
    return tuple(Violation(output, None, "withdrawal", detail) for detail in faults)


def words_of(subject: str, text: str, html: str) -> str:
    """All that is said in a notice that is made of these."""
    return f"{subject} {text} {html} {_seen(see(html))}"


def _seen(sight: Sight) -> str:
    return " ".join(run.text for run in sight.runs if not run.hidden)


def unsayable(text: str, claims: Collection[str]) -> list[str]:
    """Why a text of the desk's could not stand in a kill notice: it would be refused in every mail."""
    faults = ["holds a mark that turns text round"] if turned(text) else []
    faults += ["holds an address"] if ADDRESS.search(text) else []
    faults += [entry.detail for entry in unfilled(text, (), output="")]
    return [*faults, *_repeated(text, claims)]


def repeats(text: str, claims: Collection[str]) -> bool:
    """Whether a text of the desk's says one of these headlines again."""
    return any(_repeated(text, claims))


def _repeated(text: str, claims: Collection[str]) -> Iterator[str]:
    told = plain(text).casefold()
    for claim in sorted({plain(claim) for claim in claims}):
        if _columns(claim) >= SAYS_SOMETHING and claim.casefold() in told:
            yield f"repeats the headline {claim!r}"


def _columns(text: str) -> int:
    return len(text) + sum(east_asian_width(sign) in "WF" for sign in text)
