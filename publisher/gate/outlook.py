"""What Outlook alone reads of a mail: conditional comments. PURE.

Only what our MJML engine writes is harmless: tables around its sections and columns, with the sizes, class and ground of the element that
follows, two blocks in the head, and what it keeps from Outlook. Nothing else may stand in such a comment, nor in any that has a bracket,
for nobody sees there what Word makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from publisher.gate.grammars import LEAST_WIDTH_PX
from publisher.gate.properties import FAR_PX

__all__ = ["Comments", "conditional"]

KEPT_FROM = frozenset({"<!--[if !mso]><!-->", "<!--[if !mso | IE]><!-->"})
ENDED = "<!--<![endif]-->"
HEAD = frozenset(
    {
        "<!--[if mso]> <noscript> <xml> <o:OfficeDocumentSettings> <o:AllowPNG/> <o:PixelsPerInch>96</o:PixelsPerInch> </o:OfficeDocumentSettings> </xml> </noscript> <![endif]-->",
        '<!--[if lte mso 11]> <style type="text/css"> .mj-outlook-group-fix { width:100% !important; } </style> <![endif]-->',
    }
)
"""What the engine writes into every head, blanks folded."""
TABLES = re.compile(r"<!--\[if mso \| IE\]>((?:</?(?:table|tr|td)[^<>]*>)+)<!\[endif\]-->")
TAG = re.compile(r'<(/?)(table|tr|td)((?: [a-z]+="[^"]*")*)>')
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
WRITTEN = {
    "border": "0",
    "cellpadding": "0",
    "cellspacing": "0",
    "role": "presentation",
    "align": "center",
    "style": r"(?:vertical-align:(?:top|middle|bottom);)?(?:width:\d+(?:\.\d+)?px;)?|line-height:0px;font-size:0px;mso-line-height-rule:exactly;",
    "width": r"\d+(?:\.\d+)?(?:px)?",
}
"""The attributes that it writes, and their values."""
WIDTH = re.compile(r"\d+(?:\.\d+)?(?=px|$)", re.ASCII)
WITHIN = {"table": "", "tr": "table", "td": "tr"}


def conditional(comment: str) -> bool:
    """Whether any program might read a comment as more than that."""
    return "[" in comment


class Comments:
    """The conditional comments of one document, in order.

    Attributes:
        kept: what stands here is kept from Outlook.
    """

    def __init__(self, html: str) -> None:
        self.kept = False
        self._open: list[tuple[str, int]] = []
        self._unseen = html.count("<![") + html.count("<!--[")

    def faults(self, node: LexborNode, comment: str) -> Iterator[str]:
        """What is refused of the next comment."""
        self._unseen -= comment.count("<![") + comment.count("<!--[")
        tables = TABLES.fullmatch(comment)
        if comment == ENDED or comment in KEPT_FROM:
            if self.kept is (comment != ENDED):
                yield "a condition for Outlook within another"
            self.kept = comment != ENDED
        elif not (self._tables(node, tables[1]) if tables else " ".join(comment.split()) in HEAD):
            yield f"what only Outlook reads could hide text: {comment[:80]}"

    def left(self) -> Iterator[str]:
        """What is refused at the end of the document."""
        if self._open or self.kept or self._unseen:
            yield "what only Outlook reads has no end, or stands where no comment can be seen"

    def _tables(self, node: LexborNode, tags: str) -> bool:
        """Whether these tags are tables as the engine lays them: around what follows, and ended beside where they began."""
        around = node.parent.mem_id if node.parent is not None else 0
        for closing, tag, attributes in TAG.findall(tags):
            if closing:
                if not self._open or self._open.pop() != (tag, around):
                    return False
            else:
                if WITHIN[tag] != (self._open[-1][0] if self._open and tag != "table" else ""):
                    return False
                if not all(_written(name, value, node) for name, value in ATTRIBUTE.findall(attributes)):
                    return False
                self._open.append((tag, around))
        whole = "".join(found[0] for found in TAG.finditer(tags)) == tags
        bare = self._open and self._open[-1][0] != "td"
        return whole and not (bare and (node.next is None or node.next.tag != "-comment"))


def _written(name: str, value: str, node: LexborNode) -> bool:
    """Whether the engine would write this attribute before what follows; that has the same ground and classes, and is judged by them."""
    following = node.next.attributes if node.next is not None and node.next.tag == "div" else {}
    if name == "bgcolor":
        return f";background-color:{value};" in f";{following.get('style')}"
    if name == "class":
        return f" {following.get('class')}-outlook".endswith(f" {value}")
    wide = WIDTH.search(value) if "width" in f"{name}:{value}" else None
    if wide and not LEAST_WIDTH_PX <= float(wide[0]) <= FAR_PX:
        return False
    return name in WRITTEN and re.fullmatch(WRITTEN[name], value, re.ASCII) is not None
