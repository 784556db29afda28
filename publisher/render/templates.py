"""Templates and words, found once: the operator's folder first, then ours.

Every place is escaped by the file's kind: on for `.mjml.j2`, `.html.j2` and `.css.j2`, off for `.txt.j2`; any other ending is refused,
because the default would silently leave MJML unescaped. Our own templates run in this process. As soon as an operator has a folder of
their own, all of them run in a limited child (`limited`), for theirs and ours take each other in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from publisher.errors import TemplateInvalid
from publisher.render.limited import Limited
from publisher.render.sandbox import ENDINGS, House, Unrendered, autoescape
from publisher.render.words import CatalogueUnreadable, Words, read_words, words_of

__all__ = ["Templates", "autoescape", "load"]


class Templates:
    """Templates, compiled when first used, and read catalogues. Close them: a child process may belong to them."""

    def __init__(self, folders: Sequence[Path], catalogues: Mapping[str, Words]) -> None:
        self._folders, self._catalogues = tuple(folders), catalogues
        self._runner = Limited(folders) if len(folders) > 1 else _house(*folders)

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """The template filled. The context is plain data: numbers, text, lists and tables of them.

        Raises:
            TemplateInvalid: with file and line.
        """
        try:
            return self._runner.fill(name, context)
        except Unrendered as error:
            raise TemplateInvalid(error.fault.template, error.fault.line, error.fault.why) from error

    def check(self) -> int:
        """Compile every template of the operator's own; returns how many there are.

        Raises:
            TemplateInvalid: with file and line, of the first that is wrong.
        """
        names = [
            str(path.relative_to(folder))
            for folder in self._folders[:-1]
            for path in sorted(folder.rglob("*.j2"))
        ]
        for name in names:
            if not name.endswith(ENDINGS):
                raise TemplateInvalid(name, None, f"a template's name ends with one of {', '.join(ENDINGS)}")
            try:
                self._runner.check(name)
            except Unrendered as error:
                raise TemplateInvalid(error.fault.template, error.fault.line, error.fault.why) from error
        return len(names)

    def source(self, name: str) -> str:
        """A file of the templates' folders as it stands, such as a script.

        Raises:
            TemplateInvalid: there is none of this name, or it cannot be read.
        """
        for folder in self._folders:
            if (folder / name).is_file():
                try:
                    return (folder / name).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError) as error:
                    raise TemplateInvalid(name, None, f"it cannot be read: {error}") from error
        raise TemplateInvalid(name, None, "there is no such file")

    def words(self, language: str) -> Words:
        """The words of a language; English strings where no catalogue is there."""
        return words_of(self._catalogues, language)

    def unsaid(self, language: str) -> tuple[int, int]:
        """How many strings of a language's outputs are said in English for want of a translation, and of how many."""
        every = frozenset[str]().union(*(words.strings for words in self._catalogues.values()))
        if language.partition("-")[0] == "en":
            return 0, len(every)
        return len(every - self.words(language).strings), len(every)

    def close(self) -> None:
        """End the child process, if there is one; the next rendering would start another."""
        if isinstance(self._runner, Limited):
            self._runner.close()


@lru_cache(maxsize=4)
def _house(folder: Path) -> House:
    """Ours, compiled once in a process however often a newsroom is opened in it: they do not change while it runs."""
    return House([folder])


def load(folders: Sequence[Path]) -> Templates:
    """Templates from these folders, the first that has a file wins; catalogues from `locale/<language>/messages.po`.

    The last folder holds our own, those before it are an operator's.

    Raises:
        TemplateInvalid: a catalogue cannot be read.
    """
    catalogues: dict[str, Words] = {}
    for folder in reversed(folders):
        for path in sorted(folder.glob("locale/*/messages.po")):
            language = path.parent.name
            try:
                catalogues[language] = read_words(language, path.read_bytes())
            except CatalogueUnreadable as error:
                raise TemplateInvalid(str(path.relative_to(folder)), error.line, str(error)) from error
            except OSError as error:
                raise TemplateInvalid(
                    str(path.relative_to(folder)), None, f"it cannot be read: {error.strerror}"
                ) from error
    return Templates(folders, catalogues)
