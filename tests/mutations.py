"""The small faults that `tests.mutate` puts into a module: what a tired hand might have written instead.

Left alone: annotations, names of types (`Pairs = tuple[Colour, Colour]`, which only the type checker reads), decorators, and wording (a text
with a blank in it that is no pattern, f-strings, what is raised); `strict` of `zip`, which is true of what is written as it is, and speaks
up only when somebody writes it otherwise; and `return None`, of which nothing else can be made here.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import partial

__all__ = ["faults"]

OTHER = (
    "Lt LtE, Lt GtE, LtE Lt, LtE Gt, Gt GtE, Gt LtE, GtE Gt, GtE Lt, Eq NotEq, NotEq Eq, Is IsNot, IsNot Is, In NotIn, NotIn In, "
    "And Or, Or And, Add Sub, Sub Add, Mult Div, FloorDiv Mult, BitAnd BitOr, BitOr BitAnd, BitXor BitAnd, "
    "Break Continue, Continue Break, Raise Pass, AugAssign Pass"
)
"""Kinds of nodes, each with one that a tired hand might have written."""
NAMED = {"any": "all", "all": "any", "min": "max", "max": "min", "and_": "or_", "or_": "and_"}
LISTING, PATTERNS = {"and_", "or_", "where", "_words"}, {"compile", "_words"}
SILENT = {"annotation", "returns", "decorator_list", "bases", "keywords"}
GENERIC = {"tuple", "list", "dict", "Callable"}
Fault = tuple[int, str, Callable[[], None]]
"""Its line, what it is, and what makes it."""


def faults(node: ast.AST, *, line: int = 0, pattern: bool = False) -> Iterator[Fault]:
    """Every fault within, in an order that equal source makes equal; each changes the tree itself."""
    line = getattr(node, "lineno", line)
    pattern = pattern or (isinstance(node, ast.Call) and _name(node) in PATTERNS)
    for field, value in ast.iter_fields(node):
        if field in SILENT and not isinstance(node, ast.Call):
            continue
        for at, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or isinstance(
                child, (ast.Import, ast.ImportFrom, ast.JoinedStr)
            ):
                continue
            if _names_only(child):
                continue
            for new in _instead(child, prose=isinstance(node, ast.Expr), pattern=pattern):
                yield (
                    line,
                    f"{_told(node)}: {_told(child)} -> {_told(new)}",
                    partial(_put, node, field, at, new),
                )
            if not isinstance(child, ast.Raise):
                yield from faults(child, line=line, pattern=pattern)


def _names_only(node: ast.AST) -> bool:
    """Whether this is `__all__`, a name of a type, or a `strict=`."""
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.keyword(arg="strict"):
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id=name))):
            return name in GENERIC
    return False


def _told(node: ast.AST) -> str:
    text = ast.unparse(node) if isinstance(node, (ast.expr, ast.stmt)) else type(node).__name__
    return " ".join(text.split())[:120]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _put(node: ast.AST, field: str, at: int, new: ast.AST) -> None:
    if isinstance(there := getattr(node, field), list):
        there[at] = new
    else:
        setattr(node, field, new)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _less(node: ast.AST, *fields: str) -> Iterator[ast.AST]:
    """The node without one of its members, each in turn."""
    for at in range(len(getattr(node, fields[0]))):
        yield _with(
            node, **{name: getattr(node, name)[:at] + getattr(node, name)[at + 1 :] for name in fields}
        )


def _instead(node: ast.AST, *, prose: bool, pattern: bool) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 - a table in the shape of a match
    for kind, instead in (pair.split() for pair in OTHER.split(", ")):
        if type(node).__name__ == kind:
            yield getattr(ast, instead)()
    match node:
        case ast.BoolOp(values=[one, other]):
            yield from (one, other)
        case ast.BoolOp():
            yield from _less(node, "values")
        case (
            ast.Set(elts=[_, _, *_])
            | ast.Tuple(elts=[_, _, *_], ctx=ast.Load())
            | ast.List(elts=[_, _, *_], ctx=ast.Load())
        ):
            yield from _less(node, "elts")
        case ast.Dict() if len(node.keys) > 1:
            yield from _less(node, "keys", "values")
        case ast.Call() if _name(node) in LISTING and len(node.args) > 1:
            yield from _less(node, "args")
        case ast.Name(id=name) if name in NAMED:
            yield ast.Name(NAMED[name], ast.Load())
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield node.operand
        case ast.Constant(value=bool(value)):
            yield _with(node, value=not value)
        case ast.Constant(value=(int() | float()) as value):
            yield from (_with(node, value=value + 1), _with(node, value=value - 1))
        case ast.Constant(value=str(value)) if not prose and (pattern or " " not in value):
            yield _with(node, value=f"XX{value}")
        case ast.Constant(value=bytes(value)):
            yield _with(node, value=b"XX" + value)
        case ast.Return(value=ast.expr()) if ast.unparse(node) != "return None":
            yield _with(node, value=ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()
        case ast.If() | ast.IfExp() | ast.While() if not isinstance(node.test, (ast.Compare, ast.BoolOp)):
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
