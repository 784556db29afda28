"""Templates and words, found once: the operator's folder first, then ours.

Stories are data: the environment is sandboxed, every place is escaped by the file's kind, an unknown name is an error. Autoescape
is on for `.mjml.j2`, `.html.j2` and `.css.j2`, off for `.txt.j2`; any other ending is refused, because the default would
silently leave MJML unescaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from publisher.errors import TemplateInvalid
from publisher.render.words import Words, read_words, words_of

__all__ = ["Templates", "load"]

ESCAPED = (".mjml.j2", ".html.j2", ".css.j2")
PLAIN = (".txt.j2",)


def autoescape(name: str | None) -> bool:
    """Whether a template's places are escaped, by its ending; ValueError for an ending we do not know."""
    if name is not None and name.endswith(ESCAPED):
        return True
    if name is not None and name.endswith(PLAIN):
        return False
    raise ValueError(f"template {name!r} has an ending that says nothing about escaping")


class Templates:
    """Compiled templates and read catalogues."""

    def __init__(self, environment: ImmutableSandboxedEnvironment, catalogues: Mapping[str, Words]) -> None:
        self._environment, self._catalogues = environment, catalogues

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """The template filled.

        Raises:
            TemplateInvalid: with file and line.
        """
        try:
            return self._environment.get_template(name).render(context)
        except TemplateSyntaxError as error:
            raise TemplateInvalid(
                error.name or name, error.lineno, error.message or "syntax error"
            ) from error
        except TemplateError as error:
            raise TemplateInvalid(name, None, error.message or type(error).__name__) from error

    def source(self, name: str) -> str:
        """A file of the templates' folders as it stands: a script, a picture's text.

        Raises:
            TemplateInvalid: there is none of this name.
        """
        loader = self._environment.loader
        try:
            return loader.get_source(self._environment, name)[0] if loader is not None else ""
        except TemplateError as error:
            raise TemplateInvalid(name, None, error.message or type(error).__name__) from error

    def words(self, language: str) -> Words:
        """The words of a language; English strings where no catalogue is there."""
        return words_of(self._catalogues, language)


def load(folders: Sequence[Path]) -> Templates:
    """Templates from these folders, the first that has a file wins; catalogues from `locale/<language>/messages.po`."""
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    catalogues: dict[str, Words] = {}
    for folder in reversed(folders):
        for path in sorted(folder.glob("locale/*/messages.po")):
            language = path.parent.name
            catalogues[language] = read_words(language, path.read_bytes())
    return Templates(environment, catalogues)
