"""Which section a story belongs to. PURE."""

from __future__ import annotations

from publisher.section import Section, Term
from publisher.story import Received, Subject

__all__ = ["belongs"]


def belongs(received: Received, source: str, section: Section) -> bool:
    """Whether a story belongs to a section: one `any` term matches (or there is none) and no `none` term does."""

    def matches(term: Term) -> bool:
        wanted = term.value.casefold()
        match term.kind:
            case "source":
                return source.casefold() == wanted
            case "category":
                return any(name.casefold() == wanted for name in received.categories)
            case "subject":
                return any(_about(subject, wanted) for subject in received.subjects)
            case "word":
                words = _words(f"{received.original_headline} {received.slugline}")
                phrase = _words(wanted)
                return any(words[start : start + len(phrase)] == phrase for start in range(len(words)))
            case "language":
                return received.language.casefold().split("-")[0] == wanted.split("-")[0]
            case "genre":
                return received.genre.casefold() == wanted
            case _:
                return False

    return (not section.any or any(matches(term) for term in section.any)) and not any(
        matches(term) for term in section.none
    )


def _about(subject: Subject, wanted: str) -> bool:
    """By code, with or without its scheme, or by name; a code that ends in `*` takes all that begin so, as IPTC's subject codes are built."""
    code, name = subject.code.casefold(), subject.name.casefold()
    known = (code, f"{subject.scheme}:{code}".casefold())
    if wanted.endswith("*"):
        return any(entry.startswith(wanted[:-1]) for entry in known)
    return wanted in {*known, name}


def _words(text: str) -> list[str]:
    """Casefolded words; punctuation parts them."""
    parted = "".join(c if c.isalnum() or c in "\u200c'’" else " " for c in text.casefold())
    return [word.strip("'’") for word in parted.split()]
