"""Write docs/commands.md anew from the program itself: `make manual`. A test in the house holds the page against it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from publisher.cli import publisher
from publisher.cli.exits import EXITS, people_exits
from publisher.web.api.door import STATUS
from subscribers.errors import SubscribersError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
WIDTH = 120
HEAD = """# Commands

Every command as `--help` tells it; made from the program by `make manual`. `--config FOLDER`, `--json`, `--as NAME`, `-q` and `-v` may stand before a
command's name or after it: where the configuration is, output for programs, who is recorded as having done it, only what went wrong, more.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 2 | wrong usage, or an unknown name |
| 3 | refused: gate, embargo, nothing to publish |
| 4 | conflict: already made, already sent |
| 5 | done, but some failed or are in doubt |
| 75 | try later: relay or store down, disk full |
| 78 | the configuration is wrong |
| 130 | interrupted, or answered no |
"""
ERRORS = """## Errors

With `--json` a command that fails says `{"error": {"code": …, "message": …, "facts": …}}`; the HTTP API gives the same code in its problem documents. The
message says what is wrong, where, and how to mend it; the code is for programs.

| `code` | exit code | HTTP | what it is |
|---|---|---|---|
| `usage` | 2 | – | The command was typed wrongly. |
| `stopped` | 130 | – | Ctrl-C, or the answer was no. |
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, ERRORS + "\n".join(_errors()) + "\n", *_commands(publisher, "publisher")])


def _errors() -> Iterator[str]:
    """A row for each error that is announced, as its class tells it."""
    for kind, code in {**EXITS, **people_exits()}.items():
        if kind is SubscribersError:
            continue
        status = next((STATUS[one] for one in kind.__mro__ if one in STATUS), None)
        (told, *_) = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
        yield f"| `{vars(kind).get('code') or kind.code}` | {code} | {status or '–'} | {' '.join(told.split())} |"


def _commands(command: click.Command, name: str, above: click.Context | None = None) -> Iterator[str]:
    context = command.make_context(
        name, [], above, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )
    if not isinstance(command, click.Group):
        yield f"## {context.command_path}\n\n```\n{inspect.cleandoc(command.get_help(context))}\n```\n"
        return
    for below in command.list_commands(context):
        found = command.get_command(context, below)
        if found is not None and not found.hidden:
            yield from _commands(found, below, context)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
