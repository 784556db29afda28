"""Where templates run: data in, text out, nothing else in reach, and every fault named with its file and line.

PURE but for reading template files. Stories are data: an unknown name is an error, no attribute leads out of a value, filters and
globals are those of a list, and nothing switches off the escaping that a file's ending decides. Work and memory are not limited
here, for no interpreter can limit itself (`limited` does it): compiling alone may already evaluate an expression of constants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateAssertionError, nodes
from jinja2.compiler import CodeGenerator, Frame, optimizeconst
from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateRuntimeError, TemplateSyntaxError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

__all__ = ["ENDINGS", "Fault", "House", "Sandbox", "Unrendered", "autoescape"]

ESCAPED = (".mjml.j2", ".html.j2", ".css.j2")
PLAIN = (".txt.j2",)
ENDINGS = (*ESCAPED, *PLAIN)
FILTERS = frozenset(
    {
        *(
            "abs",
            "batch",
            "capitalize",
            "count",
            "d",
            "default",
            "dictsort",
            "e",
            "escape",
            "first",
            "float",
            "indent",
        ),
        *(
            "int",
            "items",
            "join",
            "last",
            "length",
            "list",
            "lower",
            "max",
            "min",
            "replace",
            "reverse",
            "round",
            "slice",
        ),
        *("sort", "string", "striptags", "sum", "title", "trim", "truncate", "unique", "upper", "urlencode"),
        *("wordcount", "wordwrap"),
    }
)
"""Without those that reach attributes by name, mark text as safe, or are not the same at every call."""
GLOBALS = frozenset({"dict", "namespace", "range"})
SPECIAL = re.compile("[&<>'\"]")
OUTPUT_MAX = 8_000_000
"""Characters. The largest digest that can be configured has some three million."""


def autoescape(name: str | None) -> bool:
    """Whether a template's places are escaped, by its ending; ValueError for an ending we do not know."""
    if name is not None and name.endswith(ESCAPED):
        return True
    if name is not None and name.endswith(PLAIN):
        return False
    raise ValueError(f"template {name!r} has an ending that says nothing about escaping")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a template: its name, the line if it is known, one sentence."""

    template: str
    line: int | None
    why: str


class Unrendered(Exception):
    """A template could not be compiled or rendered."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.why)
        self.fault = fault


class _TooLong(Exception):
    """The output has grown beyond OUTPUT_MAX."""


def _escaped(value: Any) -> str:
    """A value as it is printed. Most need no escaping, and looking costs a third of what it takes to mark a text as safe."""
    kind = type(value)
    return value if kind is Markup or (kind is str and SPECIAL.search(value) is None) else escape(value)


def _escapes(frame: Frame) -> bool:
    """Whether places are escaped here, known when the template is compiled."""
    return bool(frame.eval_ctx.autoescape and not frame.eval_ctx.volatile)


class _Printing(CodeGenerator):
    """Jinja's compiler, but that places are filled by `_escaped` instead of `markupsafe.escape`, and tables asked without a call.

    Both are done hundreds of times for each mail.
    """

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if _escapes(frame):
            self.write(f"(said if type(said := {finalize.src or '('}")
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if _escapes(frame):
            self.write(")) is str and environment.special(said) is None else environment.escaped(said))")
        else:
            super()._output_child_post(node, frame, finalize)

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """`House.getattr` written out: an entry of a table costs no call."""
        self.write(f"(asked[{node.attr!r}] if type(asked := ")
        self.visit(node.node, frame)
        self.write(f") is dict and {node.attr!r} in asked else environment.getattr(asked, {node.attr!r}))")


class _Calls(Context):
    """Jinja's context, but that a macro is not asked first what it wants to be given: it is what templates call, 70 times a mail."""

    def call(self, obj: Any, /, *args: Any, **named: Any) -> Any:
        """Call it as a template does."""
        if type(obj) is not Macro:
            return super().call(obj, *args, **named)
        named.pop("_loop_vars", None)
        named.pop("_block_vars", None)
        return obj(self.eval_ctx, *args, **named)


class House(Environment):
    """Our own templates: they need no walls, and are filled in two thirds of the time."""

    code_generator_class = _Printing
    context_class = _Calls
    escaped = staticmethod(_escaped)
    special = staticmethod(SPECIAL.search)

    def __init__(self, folders: Sequence[Path]) -> None:
        """Templates from these folders; the first that has a file wins."""
        super().__init__(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=autoescape,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self.folders = tuple(folders)
        self.filters = {name: self.filters[name] for name in sorted(FILTERS)}
        self.globals = {name: self.globals[name] for name in sorted(GLOBALS)}

    def join_path(self, template: str, parent: str) -> str:
        """Plain text is not escaped: what holds markup may not take it in (jinja asks this at include, import and extends)."""
        if autoescape(parent) and not autoescape(template):
            raise TemplateRuntimeError(f"{template} is plain text, which is not escaped inside {parent}")
        return template

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An entry of a table; for everything else what the sandbox allows. Asked hundreds of times for each mail."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def _generate(self, source: nodes.Template, *rest: Any, **others: Any) -> str:
        """Between parsing and compiling: a block that switches escaping has no place in a template."""
        for node in source.find_all((nodes.EvalContextModifier, nodes.ScopedEvalContextModifier)):
            raise TemplateAssertionError(
                "autoescape cannot be switched: a file's ending decides", node.lineno, *rest[:2]
            )
        return super()._generate(source, *rest, **others)

    def fill(self, name: str, context: Mapping[str, Any]) -> str:
        """The template filled.

        Raises:
            Unrendered: whatever went wrong; an expression of a template may raise anything.
        """
        try:
            return self._joined(self.get_template(name).generate(context))
        except Exception as error:
            raise Unrendered(self._fault(name, error)) from error

    def _joined(self, parts: Iterator[str]) -> str:
        return "".join(parts)

    def check(self, name: str) -> None:
        """Compile the template; Unrendered when it cannot be."""
        try:
            self.get_template(name)
        except Exception as error:
            raise Unrendered(self._fault(name, error)) from error

    def _fault(self, name: str, error: Exception) -> Fault:
        if isinstance(error, TemplateSyntaxError):
            return Fault(error.name or name, error.lineno, _sentence(error))
        places = self._places(error.__traceback__)
        template, line = places[-1] if places else (name, None)
        return Fault(template, line, _sentence(error))

    def _places(self, trace: TracebackType | None) -> list[tuple[str, int]]:
        """The templates that a traceback goes through: jinja writes their files and lines into it."""
        places = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(trace)]
        return [
            (str(file.relative_to(folder)), line)
            for file, line in places
            for folder in self.folders
            if file.is_relative_to(folder)
        ]


class Sandbox(House, ImmutableSandboxedEnvironment):
    """An operator's templates: what leads out of a value is refused, and what does not come to its end is ended."""

    def _joined(self, parts: Iterator[str]) -> str:
        kept: list[str] = []
        size = 0
        for part in parts:
            kept.append(part)
            size += len(part)
            if size > OUTPUT_MAX:
                raise _TooLong
        return "".join(kept)


def _sentence(error: Exception) -> str:
    match error:
        case MemoryError():
            said = "it needs more memory than a template gets"
        case RecursionError():
            said = "it takes itself in without end"
        case UnicodeDecodeError():
            said = "it is not UTF-8"
        case _TooLong():
            said = f"its output has more than {OUTPUT_MAX:,} characters"
        case TemplateNotFound():
            said = f"there is no template {error.name!r}"
        case TemplateError():
            said = error.message or type(error).__name__
        case OSError():
            said = f"it cannot be read: {error.strerror}"
        case _:
            said = f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:300]
