"""The options that every command takes, before its name or after it, and how they reach the Door.

One table of them stands at the root, where `publisher --help` shows it; every command and group below accepts the same,
unseen but for one line at the end of its help. What stands further right wins. The environment speaks at the root only, or
it would beat what was typed there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from publisher.cli.context import Door

__all__ = ["accept", "accept_everywhere"]

MENTION = "Also: --config, --json, --as, -q and -v, which `publisher --help` explains."


def accept_everywhere(root: click.Group) -> None:
    """Let the root take the common options, and show them."""
    root.params[:0] = _options(shown=True)


def accept(command: click.Command) -> click.Command:
    """The command, which with all below it takes them as well."""
    waiting = [command]
    while waiting:
        one = waiting.pop()
        one.params += _options(shown=False)
        one.epilog = MENTION
        if isinstance(one, click.Group):
            waiting += one.commands.values()
    return command


def _options(*, shown: bool) -> list[click.Parameter]:
    def option(*names: str, envvar: str | None = None, **more: Any) -> click.Option:
        return click.Option(
            names,
            envvar=envvar if shown else None,
            hidden=not shown,
            expose_value=False,
            callback=_into_the_door,
            **more,
        )

    folder = click.Path(path_type=Path, file_okay=False)
    return [
        option(
            "--config",
            type=folder,
            envvar="PUBLISHER_CONFIG",
            help="Configuration folder. Default: ./config, then /etc/publisher.",
        ),
        option(
            "--json",
            "as_json",
            is_flag=True,
            help="One JSON document on stdout; messages go to stderr.",
        ),
        option("--as", "actor", envvar="PUBLISHER_ACTOR", metavar="NAME", help="Who acts, for the record."),
        option("-q", "--quiet", is_flag=True, help="Say only what went wrong."),
        option("-v", "--verbose", is_flag=True, help="Say which configuration and database are used."),
    ]


def _into_the_door(context: click.Context, option: click.Parameter, value: Any) -> None:
    given = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
    if option.name and context.get_parameter_source(option.name) in given:
        context.obj = replace(context.ensure_object(Door), **{option.name: value})
