"""The shelf: every public file as the answers that it gives, prepared once, by the path that a request names.

No I/O. An entry is made of a row of the table of public files and never changes; a newer one takes its place. Whoever looks finds either
the old entry or the new one. Bytes are kept gzipped; feeds, which programs ask for, also as they are, unless they are large. There is
room for so many bytes: what was asked for or changed longest ago keeps its headers only, and whoever asks for it has it read again.
"""

from __future__ import annotations

import gzip
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from publisher.desk.serving import OK, Public, links
from publisher.web.asking import http_date

__all__ = ["Answer", "Entry", "Redirect", "Shelf", "entry_of"]

PLAIN_MAX = 1_000_000
"""Bytes: larger bodies are kept gzipped only, and unpacked for whoever takes them no other way."""

MEMORY_MAX = 128_000_000
"""Bytes of bodies that are kept. A hundred feeds of fifty stories in three formats take a third of it."""

FRESH = b"public, max-age=300, must-revalidate"
"""A kill may live in a cache for five minutes, and not a second longer because an origin is away."""
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"strict-origin-when-cross-origin"))
_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src https:; form-action 'none'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = ((b"content-security-policy", _POLICY),)
_ESCAPED = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*")
Headers = tuple[tuple[bytes, bytes], ...]
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: ASGI's two messages. `body` is None where the bytes have to be unpacked first."""

    start: Message
    body: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A public file: its whole answers and its 304s, as it is and gzipped, and what conditions are held against.

    Attributes:
        path: its address, for the log. row, seq: its path in the table, and the number of its change.
        tag, weak_tag: entity tags of the bytes as they are, and of the same bytes compressed.
        modified, modified_at: its Last-Modified, as sent and in seconds.
        packed: its bytes, gzipped; None where there was no room for them.
    """

    path: str
    row: str
    seq: int
    tag: bytes
    weak_tag: bytes
    modified: bytes
    modified_at: float
    plain: Answer
    gzipped: Answer
    plain_known: Answer
    gzipped_known: Answer
    packed: bytes | None

    @property
    def weight(self) -> int:
        """Bytes of bodies that it keeps."""
        return len(self.packed or b"") + len((self.plain.body or {}).get("body", b""))

    def emptied(self) -> Entry:
        """The same without its bodies."""
        return replace(
            self,
            plain=replace(self.plain, body=None),
            gzipped=replace(self.gzipped, body=None),
            packed=None,
        )


@dataclass(frozen=True, slots=True)
class Redirect:
    """An address that is almost right."""

    path: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Gone:
    """An address where something was; `page`: what is said there, where it has words of its own."""

    path: str
    page: Answer | None = None


def entry_of(file: Public, path: str, *, site_url: str, hubs: Sequence[str]) -> Entry:
    """What this file answers at this path."""
    body = file.body
    tag = f'"{file.sha256[:32]}"'.encode()
    page = file.media_type.startswith("text/html")
    named = [(b"link", value.encode()) for value in links(file.path, site_url=site_url, hubs=hubs)]
    modified = http_date(file.changed_at).encode()
    common: Headers = ((b"last-modified", modified), (b"cache-control", FRESH), (b"vary", b"Accept-Encoding"))
    whole: Headers = (
        (b"content-type", file.media_type.encode()),
        *common,
        *named,
        *_ALWAYS,
        *(_PAGE if page else ()),
    )
    keep = not page and len(body) <= PLAIN_MAX
    packed_tag, packed = b"W/" + tag, file.packed
    plain = answer(200, ((b"etag", tag), *whole), length=len(body), body=body if keep else None)
    gzipped = plain
    if len(packed) < len(body):
        extra = ((b"etag", packed_tag), (b"content-encoding", b"gzip"))
        gzipped = answer(200, (*extra, *whole), length=len(packed), body=packed)
    else:
        packed_tag = tag
    return Entry(
        path=path,
        row=file.path,
        seq=file.seq,
        tag=tag,
        weak_tag=b"W/" + tag,
        modified=modified,
        modified_at=file.changed_at.timestamp(),
        plain=plain,
        gzipped=gzipped,
        plain_known=answer(304, ((b"etag", tag), *common)),
        gzipped_known=answer(304, ((b"etag", packed_tag), *common)),
        packed=packed,
    )


def answer(status: int, headers: Headers, *, length: int | None = None, body: bytes | None = b"") -> Answer:
    """A finished answer; `length` is left out of one that has no body by nature."""
    if length is not None:
        headers = (*headers, (b"content-length", b"%d" % length))
    start = {"type": "http.response.start", "status": status, "headers": list(headers)}
    return Answer(start, None if body is None else {"type": "http.response.body", "body": body})


def text_answer(status: int, text: str, *extra: tuple[bytes, bytes]) -> Answer:
    """A short answer in words."""
    body = f"{text}\n".encode()
    headers = ((b"content-type", b"text/plain; charset=utf-8"), *_ALWAYS, *extra)
    return answer(status, headers, length=len(body), body=body)


def _page_answer(status: int, body: bytes, *extra: tuple[bytes, bytes]) -> Answer:
    headers = ((b"content-type", b"text/html; charset=utf-8"), *_ALWAYS, *_PAGE, *extra)
    return answer(status, headers, length=len(body), body=body)


_SOON = (b"cache-control", b"public, max-age=60")
_GONE = (b"cache-control", FRESH)
_UNSEEN = (b"x-robots-tag", b"noindex")
_IN_WORDS = {
    404: text_answer(404, "There is nothing at this address.", _SOON),
    410: text_answer(410, "This is no longer here.", _GONE),
}
_ERROR_PAGE = re.compile(r"site/(?:([^/]+)/)?(404|410)\.html")
"""What is said where nothing is: in the site's language, and in each other below the name of that."""


class Shelf:
    """All entries by path. `seq` is the number of the last change that is in."""

    def __init__(self, *, site_url: str, hubs: Sequence[str]) -> None:
        self._site_url, self._hubs = site_url, hubs
        self.seq = 0
        self.entries: dict[bytes, Entry | Redirect | Gone] = {}
        self._full = False
        self._weights: OrderedDict[bytes, int] = OrderedDict()
        self._weight = 0
        self._pages: dict[tuple[bytes, int], Answer | None] = {}

    def __len__(self) -> int:
        return sum(isinstance(entry, Entry) for entry in self.entries.values())

    def prepared(self, files: Iterable[Public]) -> Shelf:
        """These files on a shelf of their own, to be taken by this one; may run in any thread."""
        made = Shelf(site_url=self._site_url, hubs=self._hubs)
        for file in files:
            made._put(file)
        return made

    def _put(self, file: Public) -> None:
        self.seq = max(self.seq, file.seq)
        if (page := _ERROR_PAGE.fullmatch(file.path)) is not None:
            language, status = (page[1] or "").encode(), int(page[2])
            there = _page_answer(status, file.body, _SOON if status == 404 else _GONE)
            self._pages[language, status] = there if file.status == OK else None
            return
        found = addresses(file.path)
        if found is None:
            return
        path, beside = found
        here = path.encode()
        if file.status != OK:
            worded = file.media_type.startswith("text/html")
            told = _page_answer(410, file.body, _GONE, _UNSEEN) if worded else None
            for other in (path, *beside):
                self._stand(other.encode(), Gone(path, told))
            return
        self._stand(here, entry_of(file, path, site_url=self._site_url, hubs=self._hubs))
        for other in beside:
            there = answer(308, ((b"location", here), *_ALWAYS, (b"cache-control", FRESH)), length=0)
            self._stand(other.encode(), Redirect(path, there))

    def _stand(self, at: bytes, entry: Entry | Redirect | Gone) -> None:
        """Put an entry at an address, and empty those that nobody has asked for the longest while there is no room; the last one stays."""
        self.entries[at] = entry
        self._weight -= self._weights.pop(at, 0)
        if isinstance(entry, Entry) and entry.packed is not None:
            self._weights[at] = entry.weight
            self._weight += entry.weight
        while self._weight > MEMORY_MAX and len(self._weights) > 1:
            self._full = True
            other, weight = self._weights.popitem(last=False)
            self._weight -= weight
            found = self.entries[other]
            if isinstance(found, Entry):
                self.entries[other] = found.emptied()

    def take(self, made: Shelf, *, instead: bool) -> None:
        """What is prepared stands here from now on; `instead`: and nothing else. No request is answered meanwhile."""
        if instead:
            self.entries, self._pages, self.seq = made.entries, made._pages, made.seq
            self._weights, self._weight, self._full = made._weights, made._weight, made._full
            return
        for at, entry in made.entries.items():
            self._stand(at, entry)
        self._pages.update(made._pages)
        self.seq = max(self.seq, made.seq)

    def refill(self, made: Shelf) -> None:
        """Stand what was read again for one request in its place, unless something newer stands there. What else changed is not known yet."""
        for at, entry in made.entries.items():
            present = self.entries.get(at)
            if isinstance(entry, Entry) and isinstance(present, Entry) and present.seq <= entry.seq:
                self._stand(at, entry)

    def find(self, raw_path: bytes) -> Entry | Redirect | Gone | None:
        """What stands at the path of a request, as it came: percent-encoded, without its query.

        Entries are found by equality alone: there is no folder that a path could climb out of.
        """
        if (found := self.entries.get(raw_path)) is not None:
            if self._full and raw_path in self._weights:
                self._weights.move_to_end(raw_path)
            return found
        if raw_path.startswith((b"http://", b"https://")):  # RFC 9112 section 3.2.2: the absolute form
            raw_path = b"/" + raw_path.split(b"/", 3)[3] if raw_path.count(b"/") >= 3 else b"/"
        if _ESCAPED.fullmatch(raw_path) is None:
            return None
        return self.entries.get(unquote_to_bytes(raw_path))

    def gone(self, found: Gone, raw_path: bytes) -> Answer:
        """What is said at an address where something was."""
        return found.page or self.error(410, raw_path)

    def error(self, status: int, raw_path: bytes) -> Answer:
        """A 404 or 410, in the manner of what was asked for: a page to a person, in the language with which the address begins or ends, a line to a program."""
        if raw_path.startswith(b"/feeds/"):
            return _IN_WORDS[status]
        parts = raw_path.strip(b"/").split(b"/")
        spoken = (self._pages.get((part, status)) for part in (parts[0], parts[-1], b""))
        return next(filter(None, spoken), _IN_WORDS[status])


def addresses(path: str) -> tuple[str, tuple[str, ...]] | None:
    """The address of a public path, and those that lead to it; None when it has none."""
    if path.startswith("feeds/"):
        return f"/{path}", ()
    if not path.startswith("site/"):
        return None
    below = path.removeprefix("site/")
    if below == "index.html":
        return "/", ()
    if not below.endswith("/index.html"):
        return f"/{below}", ()
    folder = below.removesuffix("/index.html")
    if folder.startswith("story/"):  # what stands in feeds as a story's address has no slash at its end
        return f"/{folder}", (f"/{folder}/",)
    return f"/{folder}/", (f"/{folder}",)


def unpacked(packed: bytes) -> Message:
    """The body of an answer whose bytes are kept gzipped only."""
    return {"type": "http.response.body", "body": gzip.decompress(packed)}
