"""What a text says to the desk, taken out of what readers get: orders, and notes that are not for publication.

PURE. One rule for every format whose texts are typed (mail, text wires, copied text); where a format has fields for such things a text is a text, and
only what shouts is heard: capitals, in more than one word. It is applied to the finished HTML of an item: its lines are told as a reader sees them (blocks, and what `br` parts), and
`desklines` says of each what it is. An order counts wherever it stands, and is taken out where it is one beyond doubt: the item is under embargo, as it says, or until a person
releases it. A note is taken out with all that stands below it; one that says what it has to say in brackets, or above the text, goes alone. A
note above the text that says nothing but that it is none for readers holds the item for a person, too, and so does one that would take most of the text away,
or may be a sentence of the news.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from publisher.intake.desklines import (
    WORD,
    Above,
    Order,
    bare_note,
    headed,
    is_note,
    lines_above,
    may_be_prose,
    order,
    sure,
)
from publisher.intake.markup import AS_NH3_READS_IT, BLOCKS, GONE_WITH_CONTENT
from publisher.intake.standing import strictest
from publisher.intake.text import clean
from publisher.story import NO_EMBARGO, Embargo, EmbargoKind, Source

__all__ = ["Apart", "above", "unsigned"]

MAYBE = (
    *("embargo", "sperrfrist", "kill", "hold", "withdr", "annul", "anulado", "storno", "ckgezogen", "ritirato", "publi", "broadcast"),
    *("ffentlich", "verwenden", "release", "editor", "eds:", "eds note", "desk", "notebook", "notizblock", "contact", "kontakt"),
    *("redaktion", "rédactions", "diffuser", "enquir", "эмбарго", "публик", "печати", "аннул", "отозв", "نشر", "انتشار", "לפרסום"),
    *("print", "发表", "发布", "刊登", "&#"),
)  # fmt: skip
"""Words without one of which, or "use", no line is an order or a note; "&#" may hide one."""
USE = re.compile(r"\buse")
FIRST = 5
"""So many lines at most are the first ones of a text."""
LITTLE, MUCH = 40, 1000
"""Where so few characters stand above a note, or so many and more than above it stand below, the story itself may stand there."""
MARKED = re.compile(r"\W*[^\W\d_a-zà-öø-ÿа-яё]{4,}(?:\s*[:\])]|\s+[-–—]\s)")
"""A headline that begins with a word in capitals before a colon, a dash or the end of brackets, which desks put there in every format."""
SIGNATURE = ".gmail_signature, .moz-signature, #Signature, [data-smartmail=gmail_signature]"


@dataclass(slots=True)
class Apart:
    """What was taken out of an item's texts; the embargoes that it states; the line over which a person has to decide ("": none). `idle`: it is killed anyhow, and stays as it came. `typed`: its format has no fields."""

    idle: bool = False
    typed: bool = True
    notes: list[str] = field(default_factory=list)
    embargoes: list[Embargo] = field(default_factory=list)
    doubt: str = ""

    def headline(self, headline: str, source: Source) -> str:
        """A headline without the order that it begins or ends with."""
        if self.idle or not (self._heard(headline) or (_maybe(headline) and MARKED.match(headline))):
            return headline
        told = headed(headline, source)
        if told is None and not is_note(headline):
            return headline
        self._obey(headline, told or Order())
        if told and not sure(told, headline):
            return headline
        self.notes.append(headline)
        return told.rest if told else ""

    def text(self, html: str, source: Source) -> str:
        """A text without what is not said to readers."""
        if self.idle or not _maybe(html):
            return html
        root = _root(html)
        lines = _lines(root)
        kept: list[_Line] = []
        out: list[_Line] = []
        for place, line in enumerate(lines):
            maybe = self._heard(line.said)
            told = order(line.said, source, first=place < FIRST) if maybe else None
            alone = told if told is not None and not told.rest else None
            if alone and sure(
                alone, line.said
            ):  # also one that begins as a note does: "ATTENTION EDITORS - KILL"
                self._obey(line.said, alone)
                out.append(line)
            elif maybe and is_note(line.said):
                out += [line, *self._below(line, lines[place + 1 :], kept)]
                if len(out) + len(kept) == len(lines):
                    break
            elif alone:
                self._obey(line.said, alone)
                kept.append(line)
            else:
                kept.append(line)
                if told is not None:
                    self.doubt = line.said  # it holds more than the order: a person parts them
        self.notes += [line.said for line in out]
        _take_out(out)
        return (root.inner_html or "") if out else html

    def _heard(self, line: str) -> bool:
        """Whether a line may be an order or a note at all."""
        return _maybe(line) and (self.typed or _shouts(line))

    def embargo(self) -> Embargo:
        """What keeps the item back: an embargo that it states, and any doubt, until a person releases it."""
        doubts = [Embargo(EmbargoKind.UNREADABLE, text=clean(self.doubt, 200))] if self.doubt else []
        return strictest((*self.embargoes, *doubts))

    def _obey(self, line: str, told: Order) -> None:
        self.embargoes.append(told.embargo)
        if told.embargo == NO_EMBARGO:
            self.doubt = line

    def _below(self, note: _Line, rest: list[_Line], kept: list[_Line]) -> list[_Line]:
        """The lines that go with a note: all below it, or none."""
        bare = bare_note(note.said) and not kept
        alone = not kept or (note.said[:1] in "[(" and note.said[-1:] in "])")
        said, goes = (sum(len(line.said) for line in lines) for lines in (kept, rest))
        much = not alone and goes > said and (said < LITTLE or goes > MUCH)
        if bare or much or may_be_prose(note.said):
            self.doubt = note.said
        return [] if alone else rest


@dataclass(slots=True)
class _Line:
    said: str
    nodes: list[LexborNode]


def above(html: str, source: Source) -> tuple[Above, str]:
    """The marks at the beginning of a text (`desklines.lines_above`), and the text without them."""
    root = _root(html)
    lines = _lines(root)
    marks = lines_above([line.said for line in lines], source)
    _take_out(lines[: marks.count])
    return marks, (root.inner_html or "") if marks.count else html


def unsigned(html: str) -> str:
    """A mail's text without the signature: what its program marks as one, and what stands below the usual "--"."""
    root = _root(html)
    for node in root.css(SIGNATURE):
        node.decompose()
    lines = _lines(root)
    end = next((place for place, line in enumerate(lines) if line.said == "--"), len(lines))
    _take_out(lines[end:])
    return root.inner_html or ""


def _maybe(text: str) -> bool:
    """Whether a text may hold an order or a note: most do not, and are not taken apart."""
    said = text.casefold()
    return any(word in said for word in MAYBE) or USE.search(said) is not None


def _shouts(line: str) -> bool:
    """Whether a line begins in capitals as no crosshead does, with two words or the one that kills."""
    words = WORD.findall(line)[:2]
    return all(word.isupper() for word in words) and (len(words) == 2 or words == ["KILL"])


def _root(html: str) -> LexborNode:
    tree = LexborHTMLParser(f"{AS_NH3_READS_IT}{html}")
    return tree.body or tree.css("body, frameset, html")[0]


def _lines(root: LexborNode) -> list[_Line]:
    """The lines that a reader sees, each with its nodes; a picture belongs to the line that it stands in."""
    found: list[_Line] = []
    nodes: list[LexborNode] = []
    stack: list[LexborNode | None] = [root]
    while stack:
        node = stack.pop()
        tag = node.tag or "" if node else ""
        ends = node is None or tag in BLOCKS
        if ends and nodes:
            said = " ".join("".join(each.text_content or "" for each in nodes if each.tag == "-text").split())
            found.append(_Line(said, nodes))
            nodes = []
        if node is None or tag in GONE_WITH_CONTENT or tag == "-comment":
            continue
        if tag in {"-text", "img", "br"}:
            nodes.append(node)
        else:
            if ends:
                stack.append(None)
            stack.extend(reversed(list(node.iter(include_text=True))))
    return _joined(found)


def _joined(lines: list[_Line]) -> list[_Line]:
    """Lines that say something; what says nothing, such as blanks and pictures between them, goes with the line above."""
    found: list[_Line] = []
    for line in lines:
        if line.said or not found:
            found.append(line)
        else:
            found[-1].nodes.extend(line.nodes)
    return [line for line in found if line.said]


def _take_out(lines: Sequence[_Line]) -> None:
    """Remove lines, and the elements that hold nothing any more."""
    for node in (node for line in lines for node in line.nodes):
        parent = node.parent
        node.decompose()
        while parent is not None and parent.tag != "body" and not _holds(parent):
            empty, parent = parent, parent.parent
            empty.decompose()


def _holds(node: LexborNode) -> bool:
    return bool(node.text(deep=True).strip()) or node.css_first("img") is not None
