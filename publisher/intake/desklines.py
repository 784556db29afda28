"""What a line says to the desk and not to readers: KILL, HOLD, EMBARGOED, CORRECTED above a headline, and "not for publication".

PURE. Decided on whole lines and on how a line begins, never on a word within one: "killed", "correctionnel", "on hold" and an embargo on oil are
news. A line is an order when it has nothing but the words of one, or begins with one and goes on as one does: with a time, with "until", or in
capitals before a colon or a dash. Below the first lines of a text a mere word counts in capitals only, for a crosshead may be called "Embargo". An
embargo whose time cannot be read is an embargo all the same. A kill has to have a line of its own: one that stands before other words only holds
the item, for a person to look.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from publisher.intake import standing
from publisher.intake.text import clean
from publisher.intake.times import spoken
from publisher.story import NO_EMBARGO, Embargo, EmbargoKind, PubStatus, Source

__all__ = [
    "WORD",
    "Above",
    "Order",
    "bare_note",
    "headed",
    "is_note",
    "lines_above",
    "may_be_prose",
    "opens_apart",
    "order",
    "sure",
]

EDGES = " \t*-–—=+:!.,()[]<>#_\"'“”«»"
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
KILLS = frozenset(
    {
        "kill",
        "kills",
        "killed",
        "withdrawn",
        "withdrawal",
        "withdraw",
        *("annule", "annulé", "annulee", "annulée", "annuler", "annulation", "anulado"),
    }
    | {"storno", "zurückgezogen", "ritirato", "аннулировано", "отозвано"}
)
HOLDS = frozenset(
    {"hold", "withhold", "withheld", "use", "publish", "verwenden", "diffuser", "publier", "publicar"}
    | {"публиковать", "использовать"}
)
PROHIBITED = frozenset({"not", "nicht", "ne", "pas", "no", "не"})
"""Without one of them "use" and "publish" hold nothing back."""
ITEM = frozenset({"story", "item", "copy", "article", "report", "text", "bulletin", "mandatory"})
"""With one of them "killed" is said of a story."""
AROUND = frozenset(
    {"mandatory", "bulletin", "urgent", "flash", "advisory", "notice", "note", "attention", "attn", "achtung", "please", "pls", "bitte"}
    | {"editor", "editors", "eds", "desk", "desks", "all", "the", "this", "that", "above", "previous", "following"}
    | {"story", "item", "copy", "article", "report", "text", "meldung", "version", "release", "released", "immediately", "now"}
    | {"for", "is", "has", "been", "must", "be", "to", "do", "of", "and", "until", "further"}
) | PROHIBITED  # fmt: skip
SIGNALS = {
    "corrected": "correction",
    "correction": "correction",
    "corrective": "correction",
    "corrigé": "correction",
    "korrektur": "correction",
    "berichtigung": "correction",
    "refile": "refile",
    "repeat": "repeat",
    "repetition": "repeat",
    "update": "update",
    "updated": "update",
    "writethru": "update",
    "release": "release",
    "released": "release",
    "urgent": "urgent",
    "flash": "flash",
    "bulletin": "bulletin",
    "advisory": "advisory",
}
LABELS = frozenset(
    {"press release", "news release", "media release", "for immediate release", "pressemitteilung"}
    | {"communiqué de presse", "comunicado de prensa", "nota de prensa", "пресс-релиз"}
)
LEAD = re.compile(
    r"(\d{1,2}(st|nd|rd|th)|first|second|third|new|urgent)\s+(lead|ld|writethru)(-writethru)?", re.IGNORECASE
)
DATE = (
    r"(?:\d|(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|noon|midnight)\b"
    r"|(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?\s+\d)"
)
EMBARGO = re.compile(
    r"(?:(?:strictly|strict|press release|news release|media release|please note|note|urgent|bulletin|attention|achtung)\W+)*"
    r"(?:(?:under|sous|unter|bajo|sotto|sob)\s+(?:strict\s+|an?\s+)?)?"
    r"(?:(?P<mere>embargo|эмбарго)|embargo(?:ed|es)|embargad[oa]s?|sperrfrist|hold(?:\s+for\s+release)?(?=\s+(?:until|till)\b)"
    r"|not\s+(?:to\s+be\s+)?(?:for\s+)?(?:released?|publication|published|used?|broadcast)(?=\s+(?:before|until|prior)\b)"
    r"|ne\s+pas\s+publier(?=\s+avant\b)|nicht\s+(?:vor\b|veröffentlichen(?=\s+vor\b))|не\s+публиковать(?=\s+до\b)"
    rf"|for\s+release(?=\s+(?:(?:at|on)\s+)?{DATE})|(?:محظور|ممنوع|يحظر)\s+(?:ال)?نشر(?:ه|ها)?(?=\s+(?:حتى|قبل)\b)"
    r"|(?:انتشار\s+ممنوع|ممنوع(?:یت)?\s+انتشار|ممنوع‌الانتشار)(?=\s+(?:تا|پیش)\b))(?!\w)",
    re.IGNORECASE,
)
UNTIL = re.compile(
    r"(?:until|till|bis|jusqu|hasta|fino\s+al?|até|before|prior\s+to|avant|vor|not\s+(?:for|to)|do\s+not|до|حتى|قبل|تا|پیش)\b",
    re.IGNORECASE,
)
AT = re.compile(rf"(?:(?:to|at|from|for|ends?|lifts?|expires?|release)\W+)*{DATE}", re.IGNORECASE)
FOR = re.compile(
    r"(?:(?:for|press|news|media)\s+)*(?:release|publication|use|broadcast|copy|material|text|statement)\b",
    re.IGNORECASE,
)
BREAK = re.compile(r":\s+|\s+[-–—|/]+\s+|[\])]\s*")
AFTER = re.compile(rf"{BREAK.pattern}|[-–—](?=\w[^\W_A-ZÀ-ÖØ-ÞА-ЯЁ])")
"""What parts an order from the headline behind it; a dash without blanks only before a word in small letters."""
GOES_ON = re.compile(rf"(?:{UNTIL.pattern}|{AT.pattern}|gmt\b|utc\b|check\b)", re.IGNORECASE)
WHEN = re.compile(
    r"^\W*(?:(?:for\s+)?(?:release|publication|use|broadcast)\W+)?(?:until|till|to|bis|jusqu'au|hasta|before|prior\s+to|avant|vor|at|for\s+release(?:\s+at)?)?\W*",
    re.IGNORECASE,
)
TAIL = re.compile(r"\s*(?:(?P<open>[(\[])|\s[-–—|]\s|,\s)(?P<said>[^()\[\]]{3,120})[)\]]?\s*$")
FORWARDED = re.compile(r"(?:(?:fwd?|re|aw|wg|tr|rv)\s*:\s*)+", re.IGNORECASE)
"""What mail programs put before a subject."""
ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)\s+")
LONG = 160
"""A line that is longer is no order but prose, or holds a headline as well."""

META = frozenset(
    {"the", "following", "this", "these", "above", "below", "information", "info", "details", "contact", "contacts", "note"}
    | {"notes", "to", "for", "and", "of", "editor", "editors", "editorial", "desk", "desks", "media", "is", "are", "strictly"}
    | {"please", "attention", "confidential", "vertraulich", "confidentiel", "all", "text", "material", "paragraph", "line", "lines", "section", "numbers", "telephone"}
    | {"phone", "private", "internal", "rest", "here", "eds", "die", "folgenden", "folgende", "informationen", "angaben"}
    | {"journalists", "reporters", "only", "hinweis", "achtung", "redaktion", "redaktionen", "an", "sind", "ist", "les", "informations", "suivantes", "sont"}
)  # fmt: skip
NOT_PUBLIC = re.compile(
    r"(?P<before>[^\"“«]{0,90}?)(?<!\w)(?:not\s+(?:intended\s+|meant\s+)?(?:for|to\s+be)\s+(?:publication|publish(?:ed|ing)|broadcast|print(?:ed)?)"
    r"|nicht\s+(?:zur|für\s+die)\s+(?:veröffentlichung|publikation)|(?:pas|non)\s+destinée?s?\s+à\s+la\s+publication|no\s+apto\s+para\s+publicar"
    r"|no\s+para\s+publicar|не\s+для\s+(?:публикации|печати)|ليست?\s+للنشر|غير\s+(?:مخصصة?\s+)?للنشر|غیر\s*قابل\s+انتشار|(?:برای|جهت)\s+انتشار\s+نیست"
    r"|(?:ש?לא|אינו|אינן)\s+לפרסום|(?:请勿|不得|不供|非供|不予)(?:发表|发布|刊登))(?P<behind>.*)",
    re.IGNORECASE | re.DOTALL,
)
NOTEBOOK = re.compile(
    r"[#*=]+\s*(?:\w+\s+)?(?:(?:notebook|notizblock|editorial\s+contacts?)\b|(?:contacts?|kontakte?)\W*$|(?:contacts?|kontakte?)\s*:)",
    re.IGNORECASE,
)
ADDRESSED = re.compile(
    r"(?:(?:notes?\s+(?:to|for)\s+(?:the\s+)?(?:editors?|(?:news\s*)?desks?|media)|(?:editorial|media|press)\s+(?:contacts?|enquiries)|pressekontakt"
    r"|hinweis\s+(?:an|für)\s+(?:die\s+)?redaktion(?:en)?|note\s+aux\s+rédactions|nota\s+a\s+los\s+editores|eds?(?:\s+note)?(?=:)|att(?:entio)?n[:,.]?\s+(?:all\s+)?(?:editors|eds|(?:news\s*)?desks))\s*(?:[:;,.)\]–—-]|$))",
    re.IGNORECASE,
)
RUNS_ON = re.compile(
    r"\s+(?:or|and|oder|und|bestimmt|under|without)\b|\s+[^\W_a-z]|\s*[+(]|\W*$|\s*[])*:;.,،؛!/–—-]"
)
MAY_GO_ON = re.compile(r"\s*[,،]\s+[^\W\d_A-ZÀ-ÖØ-ÞА-ЯЁ]")
"""A comma and small letters: a note that says something, or a sentence that began with a participle."""

PROSE = re.compile(
    r"\s+(?:(?:bestimmt|or|and|oder|und|under|without)\s+)?(?!(?:bestimmt|or|and|oder|und|under|without)\b)[^\W\d_A-ZÀ-ÖØ-ÞА-ЯЁ]"
    r"|[.,!?]?[’”»'\"]\s*\w"
)
"""A sentence that goes on in small letters, or in a script that has no others, and words that somebody is quoted with: news."""


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a headline, and how many lines of it."""

    count: int = 0
    status: PubStatus = PubStatus.USABLE
    embargo: Embargo = NO_EMBARGO
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """An order to the desk: a status or an embargo, and the headline that stands behind it on its line ("": none)."""

    status: PubStatus = PubStatus.USABLE
    embargo: Embargo = NO_EMBARGO
    rest: str = ""


def lines_above(lines: Sequence[str], source: Source) -> Above:
    """Read the marks at the beginning of these lines; the first line that is none of them is the headline's."""
    status, embargo, signals = PubStatus.USABLE, NO_EMBARGO, []
    count = 0
    for line in lines:
        said = _said(line)
        if (found := order(line, source)) is not None:
            if found.rest:
                break
            if not sure(found, line):  # perhaps the headline: it stays, and a person looks
                doubt = Embargo(EmbargoKind.UNREADABLE, text=clean(line, 200))
                embargo = standing.strictest((embargo, found.embargo, doubt))
                break
            status = standing.gravest((status, found.status))
            embargo = standing.strictest((embargo, found.embargo))
        elif LEAD.fullmatch(said):
            signals.append("update")
        elif said in SIGNALS:
            signals.append(SIGNALS[said])
        elif said and said not in LABELS:
            break
        count += 1
    return Above(count, status, embargo, tuple(signals))


def sure(told: Order, line: str) -> bool:
    """Whether a line is an order beyond doubt, and is taken out: it has a time that can be read, or shouts. Any other stays, and holds the item for a person."""
    said = line.removesuffix(told.rest) if told.rest else line
    loud = said.upper() == said != said.lower()
    return told.embargo.kind is EmbargoKind.UNTIL or loud


def order(line: str, source: Source, *, first: bool = True) -> Order | None:
    """The order that a line is or begins with; `first`: it is one of the first lines of a text."""
    said = _said(line)
    if found := _whole(said):
        lone = found is PubStatus.WITHHELD and " " not in said  # as shares are rated in a table
        plain = not ITEM.isdisjoint(said.split()) or not PROHIBITED.isdisjoint(said.split())
        return Order(found) if first or ((_capitals(line) or plain) and not lone) else None
    shown = " ".join(line.strip(EDGES).split())
    if embargoed := _embargoed(shown, source, first=first):
        return embargoed
    if _names_its_story(shown):
        return Order(PubStatus.WITHHELD)
    return _before(shown) if first else None


def headed(headline: str, source: Source) -> Order | None:
    """The order that a headline begins with, or ends with; `rest` is the headline without it."""
    headline = FORWARDED.sub("", headline)
    if (found := order(headline, source)) is not None:
        return found
    tail = TAIL.search(headline)
    behind = order(tail["said"], source, first=False) if tail else None
    if tail is None or behind is None or behind.rest:
        return None
    meant = tail["open"] or _capitals(tail["said"]) or behind.embargo != NO_EMBARGO
    return replace(behind, rest=headline[: tail.start()]) if meant else None


def is_note(line: str) -> bool:
    """Whether a line says that it, or what follows, is for the desk and not for readers."""
    said = line.strip(" \t*=-–—_[](<>")
    if NOTEBOOK.match(line.strip()) or ADDRESSED.match(said):
        return True
    found = NOT_PUBLIC.match(said)
    if found is None or not RUNS_ON.match(found["behind"]) or PROSE.match(found["behind"]):
        return False
    return META.issuperset(word.casefold() for word in WORD.findall(found["before"]))


def may_be_prose(note: str) -> bool:
    """Whether a note may be a sentence of the news as well."""
    found = NOT_PUBLIC.match(note.strip(EDGES))
    return found is not None and MAY_GO_ON.match(found["behind"]) is not None


def bare_note(line: str) -> bool:
    """Whether a note says nothing but that it is one, so that it speaks of what follows."""
    found = NOT_PUBLIC.match(line.strip(EDGES))
    behind = found["behind"] if found else ADDRESSED.sub("", line.strip(EDGES), count=1)
    if NOTEBOOK.match(line.strip()):
        return True
    return len(behind.strip(EDGES)) < 10


def opens_apart(line: str, source: Source, *, opens: bool) -> bool:
    """Whether a line is a paragraph of its own, whatever stands around it; `opens`: it opens one anyhow."""
    word = WORD.search(line)
    if word is None or not (opens or _capitals(word[0])):
        return False  # a line of prose that happens to be broken there
    return is_note(line) or order(line, source) is not None or (opens and _said(line) in LABELS)


def _said(line: str) -> str:
    return " ".join(line.strip(EDGES).split()).casefold()


def _capitals(text: str) -> bool:
    return text.upper() == text


def _whole(said: str) -> PubStatus | None:
    """The status that a line commands which has nothing but the words of such a command."""
    said = ORDINAL.sub("", said)
    words = set(WORD.findall(said))
    if (
        not words
        or len(said) > LONG
        or any(letter.isdigit() for letter in said)
        or not words <= KILLS | HOLDS | AROUND
    ):
        return None
    if words & KILLS - {"killed"} or (words & KILLS and words & ITEM):
        return PubStatus.CANCELED
    held = words & HOLDS
    return (
        PubStatus.WITHHELD
        if held & {"hold", "withhold", "withheld"} or (held and words & PROHIBITED)
        else None
    )


def _embargoed(shown: str, source: Source, *, first: bool) -> Order | None:
    found = EMBARGO.match(shown)
    if found is None:
        return None
    behind = shown[found.end() :]
    inner = behind.lstrip(" :;-–—/|([.")
    timed = bool(UNTIL.match(inner) or AT.match(inner))
    loud = found["mere"] is None or _capitals(found[0])
    told = not inner or bool(BREAK.match(behind)) or behind[:1] in "([" or bool(FOR.match(inner))
    lone = found["mere"] is None and _capitals(found[0]) and not _capitals(behind)
    if not (timed or (told and loud) or (not inner and first) or lone) or (
        not first and not (timed or _capitals(found[0]))
    ):
        return None
    rest = _rest(behind, timed=timed or not inner)
    if not rest and len(shown) > LONG:
        rest = inner
    when = behind[: len(behind) - len(rest)] if rest else behind
    return Order(embargo=_embargo(when, source), rest=rest)


def _rest(behind: str, *, timed: bool) -> str:
    """The headline behind an order: what follows a colon or a dash and does not go on about times."""
    for found in BREAK.finditer(behind):
        rest = behind[found.end() :].lstrip(EDGES)
        if rest and (timed or found.start() or rest[:1].isupper()) and not GOES_ON.match(rest):
            return rest
    return ""


def _names_its_story(shown: str) -> bool:
    """Whether a line in capitals begins with a kill and speaks of a story, with words of its own: KILL STORY HNA062 CRANES."""
    if not _capitals(shown) or len(shown) > LONG:
        return False
    words = WORD.findall(shown.casefold())
    first = next((word for word in words if word in KILLS or word not in AROUND), "")
    return first in KILLS - {"killed"} and not ITEM.isdisjoint(words)


def _before(shown: str) -> Order | None:
    """A command in capitals before a headline: it holds the item, and a person sees whether it kills."""
    rest = ""
    for found in AFTER.finditer(shown):
        command = shown[: found.start()]
        if not _capitals(command):
            break
        if _whole(command.casefold()):
            rest = shown[found.end() :].lstrip(EDGES)
    return Order(PubStatus.WITHHELD, rest=rest) if rest else None


def _embargo(rest: str, source: Source) -> Embargo:
    when = WHEN.sub("", rest, count=1).strip(EDGES)
    if not when:
        return Embargo(EmbargoKind.OPEN)
    found = standing.embargo(when, source)
    if found.kind is not EmbargoKind.UNTIL and (until := spoken(when, zone=source.timezone)):
        return Embargo(EmbargoKind.UNTIL, until)
    return (
        found if found.kind is EmbargoKind.UNTIL else Embargo(EmbargoKind.UNREADABLE, text=clean(rest, 200))
    )
