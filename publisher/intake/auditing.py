"""What a republished story that is already out owes its readers and does not give: its source's name, the link, the disclaimer. PURE.

The source is found by the same rules as everywhere (`provenance`). Where it is not, the text is searched for what it probably was: a source line
without a link, a link to somebody else's page, the agency in the dateline, or an agency that the text names. That is a hint
for the person who mends the story, never an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from publisher.intake.links import absolute, canonical, unfit
from publisher.intake.markup import to_text
from publisher.intake.text import clean, normalise
from publisher.story import PubStatus, Reason, Received, Rejected, Source

__all__ = ["Audited", "audited"]

DISCLAIMS = re.compile(
    r"disclaimer|do(?:es)? not (?:necessarily )?(?:reflect|represent)|(?:views|opinions)\b[^.]{0,80}\b(?:source|author|agenc)"
    r"|retrieved from other|speaks? for (?:that|the|its) source|сайт не несёт|не обязательно (?:отража|совпада)|отказ от ответственности|n['’]engagent que|ne reflètent pas"
    r"|no (?:necesariamente )?reflejan|descargo de responsabilidad|سلب مسئولیت|لزوما|بازتاب دیدگاه|نه دیدگاه ما|دیدگاه ما نیست|لا تعبر|لا عنّ?ا|بالضرورة|إخلاء مسؤولية"
    r"|אינ[םן] משקפ|הסרת אחריות|免责声明|不代表",
    re.IGNORECASE,
)
PROMISES = re.compile(
    r"source\b[^.]{0,60}\b(?:url|link)|(?:url|link)\b[^.]{0,60}\bsource|منبع[^.]{0,60}(?:لینک|پیوند|نشانی)",
    re.IGNORECASE,
)
DATELINE = re.compile(r"[^.]{0,80}?\(([A-Z][\w .'’&-]{1,40})\)\s*[–—-]")
SOURCE_LINE = re.compile(r"(?m)^\s*(?:Sources?|Via|منبع|المصدر|מקור|Источник|Fuente)\s*[:：]\s*(\S.{0,80})$")
AGENCIES = re.compile(
    r"\b(Reuters|Associated Press|AFP|TASS|RIA Novosti|Interfax|Sputnik|Xinhua|Anadolu|IRNA|ISNA|Tasnim|Mehr News|Fars News|WAFA|SANA|EFE|ANSA"
    r"|dpa|Kyodo|Yonhap|PTI|Bloomberg|Al Jazeera|BBC|CNN)\b"
)
NO_SOURCES = re.compile(
    r"(?:.*\.)?(?:"
    r"(?:amazon|ebay|google)\.(?:com?\.)?[a-z]{2,3}|amzn\.(?:to|com|eu)|etsy\.com|ali(?:express|baba)\.com|walmart\.com|apps\.apple\.com"
    r"|twitter\.com|x\.com|t\.co|facebook\.com|fb\.(?:com|me|watch)|instagram\.com|threads\.(?:net|com)|bsky\.app|linkedin\.com|lnkd\.in"
    r"|pinterest\.(?:com?\.)?[a-z]{2,3}|reddit\.com|redd\.it|tiktok\.com|snapchat\.com|whatsapp\.com|wa\.me|t\.me|telegram\.(?:me|org)|vk\.(?:com|ru)|ok\.ru"
    r"|weibo\.(?:com|cn)|weixin\.qq\.com|youtube\.com|youtu\.be|vimeo\.com|aparat\.com"
    r"|dropbox\.com|onedrive\.live\.com|1drv\.ms|wetransfer\.com|we\.tl|mega\.nz|mediafire\.com|scribd\.com|issuu\.com"
    r"|bit\.ly|tinyurl\.com|ow\.ly|goo\.gl|is\.gd|buff\.ly"
    r")"
)
"""Hosts of shops, social sites and files, and those that shorten links: a story may lead there, and none was retrieved from there."""
OTHERS_REASONS = frozenset({Reason.PROTECTED, Reason.UNPUBLISHED, Reason.MALFORMED})
"""What is not out, or cannot be read, is not judged; nor is the notice of what was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One story: what it lacks ("source", "link", "disclaimer"), and what may help to mend it.

    Attributes:
        promised: its text says that source and link are given, and one of them is not.
        probable: what its source probably was; `probable_url` where the text links there; `why` says how it was found.
    """

    headline: str
    url: str
    source_name: str
    source_url: str
    lacks: tuple[str, ...]
    promised: bool = False
    probable: str = ""
    probable_url: str = ""
    why: str = ""


def audited(
    item: Received | Rejected, source: Source, *, around: str = "", disclaimers: Sequence[str] = ()
) -> Audited | None:
    """The verdict on a story; None for what is not out or cannot be read.

    `around`: the text of the page that it stands on. `disclaimers`: one of these has to stand there; none given: any words of that kind.
    """
    if isinstance(item, Rejected) and (item.reason in OTHERS_REASONS or item.received is None):
        return None
    received = item.received if isinstance(item, Rejected) else item
    if received is None or received.pubstatus is PubStatus.CANCELED:
        return None
    text = "\n".join([to_text(received.body), *map(to_text, received.set_aside)])
    said = normalise(f"{text}\n{around}")
    wanted = [words for words in (normalise(entry).casefold() for entry in disclaimers) if words]
    folded = said.casefold()
    disclaims = any(words in folded for words in wanted) if wanted else DISCLAIMS.search(said) is not None
    found = {"source": received.source_name, "link": received.source_url}
    lacks = (*(what for what, value in found.items() if not value), *(() if disclaims else ("disclaimer",)))
    open_ = not received.source_name or not received.source_url
    name, url, why = _probable(received, source, text) if open_ else ("", "", "")
    return Audited(
        headline=received.original_headline or item.source_guid,
        url=received.page_url or "",
        source_name=received.source_name,
        source_url=received.source_url,
        lacks=lacks,
        promised=open_ and PROMISES.search(said) is not None,
        probable=name,
        probable_url=url,
        why=why,
    )


def _probable(received: Received, source: Source, text: str) -> tuple[str, str, str]:
    """Name, link and how they were found; empty strings where nothing tells."""
    html = "".join([received.body, *received.set_aside])
    named = SOURCE_LINE.search(text)
    for node in reversed(LexborHTMLParser(html).css("a[href]")):
        url = absolute(node.attributes.get("href"), received.page_url)
        own = urlsplit(received.page_url or "").hostname
        host = (urlsplit(url or "").hostname or "").removesuffix(".").removeprefix("www.")
        if NO_SOURCES.fullmatch(host):
            continue
        if url is not None and urlsplit(url).hostname != own and not unfit(canonical(url), source):
            label = clean(named[1], 80) if named else host
            return label, canonical(url), f"the text links to {host}"
    if named:
        return clean(named[1], 80), "", "a source line names it, without a link"
    if dateline := DATELINE.match(text):
        return dateline[1].strip(), "", "the dateline names it"
    if mentioned := AGENCIES.findall(text):
        return mentioned[-1], "", "the text names it"
    return "", "", ""
