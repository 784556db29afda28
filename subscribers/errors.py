"""Every failure that this package announces; each composes its own sentence and carries its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

__all__ = [
    "ALIKE",
    "AddressRefused",
    "AddressSuppressed",
    "AttributeRefused",
    "ListUnreadable",
    "RhythmUnknown",
    "SegmentUnreadable",
    "StagingFailed",
    "SubscribersError",
    "UnknownSubscriber",
]


class SubscribersError(Exception):
    """Base of all announced failures: `code` is stable for scripts, `facts` are JSON-ready."""

    code: ClassVar[str] = "subscribers-error"

    def __init__(self, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.facts: Mapping[str, Any] = facts


class AddressRefused(SubscribersError):
    """The text is not an address that can be mailed."""

    code = "address-refused"

    def __init__(self, text: str, why: str) -> None:
        self.text, self.why = text, why
        shown = "".join(c if c.isprintable() else "?" for c in text[:80])
        super().__init__(f"{shown!r} is not a mail address that can be used: {why}", why=why)


ALIKE = "a reader is known whose address differs from it only in letters that Unicode takes for equal, as ß and ss"


class AddressSuppressed(SubscribersError):
    """The address must not be mailed, whatever is asked for it."""

    code = "suppressed"

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(
            f"this address is suppressed ({cause}); `publisher suppression undo` takes a mistake back",
            cause=cause,
        )


class AttributeRefused(SubscribersError):
    """What was typed is no value of this attribute."""

    code = "attribute-refused"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}", attribute=name)


class SegmentUnreadable(SubscribersError):
    """A segment's rule cannot be read."""

    code = "segment-unreadable"

    def __init__(self, why: str) -> None:
        super().__init__(f"the segment cannot be read: {why}", why=why)


class UnknownSubscriber(SubscribersError):
    """Nobody is known by this address or token."""

    code = "unknown-subscriber"

    def __init__(self, what: str) -> None:
        super().__init__(f"no subscriber is known by this {what}", by=what)


class ListUnreadable(SubscribersError):
    """A file of addresses cannot be read as one."""

    code = "list-unreadable"

    def __init__(self, why: str, known: Iterable[str] = ()) -> None:
        super().__init__(f"the CSV file cannot be read: {why}", why=why, known=list(known))


class RhythmUnknown(SubscribersError):
    """The text names no rhythm."""

    code = "unknown-rhythm"

    def __init__(self, text: str) -> None:
        shown = "".join(c if c.isprintable() else "?" for c in text[:40])
        super().__init__(
            f'{shown!r} is no rhythm: "each", "daily 07:00", "weekly 5 18:00" (1 is Monday) or "alerts"'
        )


class StagingFailed(SubscribersError):
    """There is no room for the temporary file in which a list's refused lines stand; who came in before is known when it is imported again."""

    code = "staging-failed"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the list's refused lines cannot be kept on the disk (TMPDIR): {why}; import it again once there is room, "
            "who has come in is known then",
            why=why,
        )
