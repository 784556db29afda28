"""Every failure that Publisher announces, by name.

A `PublisherError` carries a stable `code` for scripts, its facts as attributes, and composes its own public sentence:
what is wrong, where, and how to mend it. What can be expected of data is a value, not an exception (a rejected story,
an SMTP reply, a fetch that failed); exceptions end a command. Bugs stay bare: nothing here is a catch-all.
`publisher.cli.exits` maps each class to an exit code, and a test fails when one is missing there.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "AlreadyMade",
    "AlreadySent",
    "AmbiguousName",
    "BadInput",
    "ConfigurationInvalid",
    "ConfigurationOutdated",
    "Conflict",
    "FolderFull",
    "FolderUnwritable",
    "GateRefused",
    "InputUnreadable",
    "MailNotTaken",
    "MailTooLarge",
    "MailboxUnavailable",
    "NothingToPublish",
    "Problem",
    "PublisherError",
    "Refused",
    "RelayUnavailable",
    "StoreFull",
    "StoreLocked",
    "StoreNewer",
    "StoreOutdated",
    "StoreUnavailable",
    "TemplateInvalid",
    "UnknownName",
    "Violation",
    "unwritable",
]


TOLD = 4
"""How many of many faults one sentence names."""


class PublisherError(Exception):
    """Base of all announced failures.

    Attributes:
        code: stable name for scripts (`--json` prints it), never reworded.
        facts: the data behind the sentence, JSON-ready.
    """

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.facts: Mapping[str, Any] = facts


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in the configuration: the file (or environment), the key, what is wrong and how to mend it."""

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.message}" if self.key else f"{self.where}: {self.message}"


class ConfigurationInvalid(PublisherError):
    """The configuration cannot be used; `problems` names every fault found, not only the first."""

    code = "configuration-invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        before = "\n  " if len(lines) > 1 else " "
        super().__init__(
            f"the configuration cannot be used:{before}{before.join(lines)}",
            problems=[{"where": p.where, "key": p.key, "message": p.message} for p in self.problems],
        )


class ConfigurationOutdated(PublisherError):
    """A running process does not know the source of a story, and its configuration was written since it began: restart it."""

    code = "configuration-outdated"

    def __init__(self, sources: Iterable[str], files: Iterable[str], *, story_id: str) -> None:
        sources, files = sorted(set(sources)), sorted(set(files))
        named = f"source {sources[0]} is" if len(sources) == 1 else f"sources {', '.join(sources)} are"
        super().__init__(
            f"{named} not in this process's configuration, and {', '.join(files)} was written since it began: restart it. Until then "
            f"what holds story {story_id} waits here; nothing is lost, and it goes on by itself",
            sources=sources,
            files=files,
            story=story_id,
        )


class TemplateInvalid(PublisherError):
    """A mail or page template cannot be compiled or rendered."""

    code = "template-invalid"

    def __init__(self, template: str, line: int | None, why: str) -> None:
        self.template, self.line, self.why = template, line, why
        place = f"{template}:{line}" if line else template
        super().__init__(f"template {place}: {why}", template=template, line=line, why=why)


class BadInput(PublisherError):
    """What the person typed or handed over cannot be used as it is."""

    code = "bad-input"


class InputUnreadable(BadInput):
    """A file or folder named by the person is missing, unreadable or not of the kind asked for."""

    code = "input-unreadable"

    def __init__(self, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"cannot read {path}: {why}", path=path, why=why)


class Unstorable(BadInput):
    """A value that came in holds what the database cannot: a NUL, half a character, a number beyond its columns. Nothing was changed."""

    code = "unstorable"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"what came in holds a character or number that the database {where} cannot keep; nothing was changed",
            database=where,
        )


class UnknownName(PublisherError):
    """A digest, section, source, story, edition or dispatch of this name does not exist."""

    code = "unknown-name"

    def __init__(self, kind: str, name: str, known: Iterable[str] = ()) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        hint = f"; known: {', '.join(self.known)}" if self.known else ""
        super().__init__(f"no {kind} named {name!r}{hint}", kind=kind, name=name, known=list(self.known))


class AmbiguousName(PublisherError):
    """The first characters of an id, which several stories or dispatches share."""

    code = "ambiguous-name"

    def __init__(self, kind: str, name: str, candidates: Sequence[str], *, others: bool) -> None:
        self.kind, self.name, self.candidates = kind, name, tuple(candidates)
        listed = ", ".join(candidates) + (", and others" if others else "")
        super().__init__(
            f"{name!r} means more than one {kind}: {listed}; give more of the id",
            kind=kind,
            name=name,
            candidates=list(candidates),
        )


class Refused(PublisherError):
    """Publishing was refused by a rule of the house; nothing left it."""

    code = "refused"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the provenance gate found wanting in finished bytes.

    `output` names the bytes ("middle-east.rss", "digest-en.html"), `story_id` the item (None: the whole output),
    `rule` is a stable word ("source-link", "source-name", "disclaimer", "placeholder", "hidden", "unknown-item", ...).
    """

    output: str
    story_id: str | None
    rule: str
    detail: str

    def __str__(self) -> str:
        item = f"story {self.story_id}" if self.story_id else "the output"
        return f"{self.output}: {item}: {self.detail}"


class GateRefused(Refused):
    """The provenance gate read finished bytes and did not clear them."""

    code = "gate-refused"

    def __init__(self, edition_id: str, violations: Iterable[Violation]) -> None:
        self.edition_id = edition_id
        self.violations: Sequence[Violation] = tuple(violations)
        lines = "; ".join(str(violation) for violation in self.violations[:TOLD])
        if len(self.violations) > TOLD:
            lines += f"; and {len(self.violations) - TOLD} more, which --json names"
        super().__init__(
            f"edition {edition_id} not cleared by the provenance gate: {lines}",
            edition=edition_id,
            violations=[
                {"output": v.output, "story": v.story_id, "rule": v.rule, "detail": v.detail}
                for v in self.violations
            ],
        )


class NothingToPublish(Refused):
    """No story is a candidate: an empty edition is neither made nor sent."""

    code = "nothing-to-publish"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"nothing to publish for {what}: {why}", what=what, why=why)


class MailTooLarge(Refused):
    """The stories do not fit into a mail, not even without excerpts: webmail would cut it off, and the link to leave with it."""

    code = "mail-too-large"

    def __init__(self, edition_id: str, language: str, size: int, limit: int) -> None:
        self.size, self.limit = size, limit
        super().__init__(
            f"edition {edition_id} makes a mail of {size:,} bytes in {language}, without any excerpt; {limit:,} is the limit: "
            "lower `max` of its sections",
            edition=edition_id,
            language=language,
            bytes=size,
            limit=limit,
        )


class Conflict(PublisherError):
    """The act was done before, or somebody else is doing it; nothing was changed."""

    code = "conflict"


class AlreadyMade(Conflict):
    """An edition of this digest and slot exists."""

    code = "already-made"

    def __init__(self, edition_id: str) -> None:
        self.edition_id = edition_id
        super().__init__(
            f"edition {edition_id} exists already: see `publisher edition show {edition_id}`",
            edition=edition_id,
        )


class AlreadySent(Conflict):
    """This edition has a dispatch: a second one would mail people twice."""

    code = "already-sent"

    def __init__(self, edition_id: str, dispatch_id: str, state: str) -> None:
        self.edition_id, self.dispatch_id, self.state = edition_id, dispatch_id, state
        told = f"edition {edition_id} has its dispatch: {dispatch_id} is {state}; `publisher dispatch show {dispatch_id}` reports"
        if state == "cancelled":
            told = (
                f"dispatch {dispatch_id} of edition {edition_id} was cancelled, and that is for good: "
                "make a new edition with `publisher edition make`, or with `publisher send DIGEST --now`"
            )
        elif state != "done":
            told += f", `publisher dispatch resume {dispatch_id}` goes on with those who wait"
        else:
            told += "; `publisher send DIGEST --now` makes another edition of what has come in since, from the next minute on"
        super().__init__(
            told,
            edition=edition_id,
            dispatch=dispatch_id,
            state=state,
        )


class StoreUnavailable(PublisherError):
    """The database cannot be reached or answers with an error of its own; try later."""

    code = "store-unavailable"

    def __init__(self, where: str, why: str) -> None:
        self.where, self.why = where, why
        super().__init__(f"the database {where} cannot be used: {why}", database=where, why=why)


class StoreLocked(StoreUnavailable):
    """Another process held the write lock for longer than the limit."""

    code = "store-locked"


class StoreFull(StoreUnavailable):
    """The disk under the database is full; what was not committed is not recorded."""

    code = "store-full"


class StoreOutdated(PublisherError):
    """The database's schema is not this program's."""

    code = "store-outdated"

    def __init__(self, where: str, have: str | None, want: str) -> None:
        super().__init__(
            f"the database {where} has schema {have or 'none'}, this program needs {want}: "
            "run `publisher db upgrade`",
            database=where,
            have=have,
            want=want,
        )


class StoreNewer(PublisherError):
    """The database's schema was made by a later program than this one."""

    code = "store-newer"

    def __init__(self, where: str, have: str, want: str) -> None:
        super().__init__(
            f"the database {where} has schema {have}, newer than this program, which knows {want}: upgrade the program",
            database=where,
            have=have,
            want=want,
        )


class FolderUnwritable(PublisherError):
    """A folder that the configuration or the command names cannot be written to."""

    code = "folder-unwritable"

    def __init__(self, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"cannot write to {path}: {why}", path=path, why=why)


class FolderFull(FolderUnwritable):
    """The disk under a folder is full: no setting is wrong, and the same command works once there is space."""

    code = "folder-full"


SQLITE_FULL = "database or disk is full"
"""SQLite's words, where it writes a file for us."""


def unwritable(path: object, error: Exception) -> FolderUnwritable:
    """What the system said of a file or folder that could not be written, as our error."""
    why = getattr(error, "strerror", None) or str(error)
    full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or why == SQLITE_FULL
    return (FolderFull if full else FolderUnwritable)(str(path), why)


class MailboxUnavailable(PublisherError):
    """The mailbox that bounces come to cannot be read now; nothing in it was lost or deleted."""

    code = "mailbox-unavailable"

    def __init__(self, host: str, why: str) -> None:
        self.host, self.why = host, why
        super().__init__(f"the mailbox on {host} cannot be read: {why}", host=host, why=why)


class MailNotTaken(PublisherError):
    """A mail that a mail server hands over cannot be taken in before something else is mended: the server has to keep it."""

    code = "mail-not-taken"

    def __init__(self, why: PublisherError) -> None:
        super().__init__(f"{why} (the mail server keeps this mail and tries again)", **why.facts)


class RelayUnavailable(PublisherError):
    """No configured relay takes our mail at present; nobody was dropped, the dispatch waits."""

    code = "relay-unavailable"

    def __init__(self, relay: str, why: str) -> None:
        self.relay, self.why = relay, why
        super().__init__(f"relay {relay} cannot be used: {why}", relay=relay, why=why)
