"""A body as it streams in: decompressed in steps, counted as it grows, refused at the limit and not a step later.

No I/O. One gzip coding at most, in as many members as it likes (RFC 1952 section 2.2); the limit counts over all of them.
"""

from __future__ import annotations

import zlib

from publisher.fetch.answers import Failed, Headers, one_line, values

__all__ = ["Body"]

STEP = 256_000
"""Bytes decompressed at a time: what a bomb can make us hold beyond the limit."""
GZIP = 16 + zlib.MAX_WBITS


class Body:
    """Collects the chunks of one answer. `failed` is set by the first that shows the body to be unusable."""

    def __init__(self, headers: Headers, limit: int) -> None:
        self._limit, self._read, self._out = limit, 0, bytearray()
        self._member: zlib._Decompress | None = None
        self._ended = False  # a gzip member has ended and no other has begun
        self.failed: Failed | None = None
        codings = [word.strip().lower() for word in ",".join(values(headers, b"content-encoding")).split(",")]
        codings = [word for word in codings if word and word != "identity"]
        if codings in (["gzip"], ["x-gzip"]):
            self._member = zlib.decompressobj(GZIP)
        elif codings:
            self.failed = Failed(
                "coding", f"compressed as {one_line(', '.join(codings), 80)}, which was not asked for"
            )

    def feed(self, chunk: bytes) -> bool:
        """Take a chunk; False when it is of no use to go on (see `failed`)."""
        self._read += len(chunk)
        if self.failed is not None:
            return False
        if self._read > self._limit:
            self.failed = self._too_large()
        elif self._member is None:
            self._out += chunk
        else:
            try:
                self._inflate(chunk)
            except zlib.error as error:
                self.failed = Failed("coding", f"the compressed answer is damaged: {one_line(str(error))}")
        return self.failed is None

    def _inflate(self, data: bytes) -> None:
        while data and self.failed is None and self._member is not None:
            if self._ended:
                data = data.lstrip(b"\0")  # padding after a member is legal
                if not data:
                    return
                self._member, self._ended = zlib.decompressobj(GZIP), False
            self._out += self._member.decompress(data, STEP)
            if len(self._out) > self._limit:
                self.failed = self._too_large()
            self._ended = self._member.eof
            data = self._member.unused_data if self._ended else self._member.unconsumed_tail

    def whole(self) -> bytes | Failed:
        """The body, now that all of it has come."""
        if self.failed is not None:
            return self.failed
        if self._member is not None and not self._ended:
            return Failed("incomplete", "the compressed answer breaks off")
        return bytes(self._out)

    def _too_large(self) -> Failed:
        return Failed("too-large", f"the document has more than {self._limit:,} bytes")
