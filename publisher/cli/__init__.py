"""The command line: parse, call the desk, show. No decision is made here.

Only click is imported when this loads; everything else is imported inside the command that needs it, so that
`publisher --help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys

import click

from publisher.cli import (
    access,
    auditing,
    bouncing,
    clocks,
    configuration,
    database,
    demonstration,
    dispatches,
    doctoring,
    editions,
    events,
    feeds,
    people,
    quarantine,
    rechecking,
    running,
    sending,
    serving,
    signing,
    sources,
    stories,
    webhooks,
)
from publisher.cli.context import Door
from publisher.cli.everywhere import accept_everywhere

__all__ = ["main", "publisher"]


TOPICS = {
    "To begin": ("init", "config", "doctor", "demo", "audit"),
    "Stories": ("source", "ingest", "story", "quarantine", "recheck"),
    "What goes out": ("edition", "feed", "send", "dispatch"),
    "Readers": ("subscriber", "suppression", "bounce"),
    "By itself": ("run", "serve", "worker", "watch", "clock"),
    "The house": ("db", "dkim", "token", "webhook"),
}
"""The commands as `publisher --help` shows them: by what somebody is about to do."""


class _Contents(click.Group):
    """A group that lists its commands by topic."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click passes it
        longest = max(map(len, self.commands))
        for topic, names in TOPICS.items():
            with formatter.section(topic):
                told = ((name, self.commands[name].get_short_help_str(formatter.width)) for name in names)
                formatter.write_dl([(name.ljust(longest), help_) for name, help_ in told])


@click.group(
    cls=_Contents, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="wire-publisher", prog_name="publisher")
@click.pass_context
def publisher(context: click.Context) -> None:
    """A newsroom's wire desk: stories from other agencies, out as feeds and mail digests.

    Every item carries its source, a link to the original and the disclaimer, or it does not leave.
    --config, --json, --as, -q and -v may stand before a command's name or after it.

    \b
    A first newsroom:
      publisher init newsroom && cd newsroom     write a configuration
      publisher config check                     once you have edited config/: what is wrong, what is as the template has it
      publisher ingest                           poll the sources
      publisher edition preview DIGEST --out /tmp/preview
      publisher subscriber add reader@example.org --digest DIGEST --basis "asked by phone"
      publisher send DIGEST                      shows what and to how many, then asks
      publisher run                              polls, sends and serves by itself from then on

    \b
    Exit codes: 0 done, 2 wrong usage or unknown name, 3 refused (gate, embargo, nothing to
    publish), 4 conflict (already made, already sent), 5 done but some failed or are in doubt,
    75 try later (relay or store down), 78 configuration wrong, 130 interrupted, or answered no.
    """
    context.ensure_object(Door)


for module in (
    configuration,
    doctoring,
    demonstration,
    sources,
    stories,
    events,
    rechecking,
    auditing,
    quarantine,
    editions,
    feeds,
    sending,
    dispatches,
    people,
    bouncing,
    signing,
    access,
    webhooks,
    serving,
    running,
    clocks,
    database,
):
    for command in module.COMMANDS:
        publisher.add_command(command)
accept_everywhere(publisher)


def main() -> None:
    """Run the command line and leave with a code of the table in `cli.exits`."""
    from publisher.cli import streams
    from publisher.cli.exits import told

    os.umask(0o077)
    streams.ready()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = told(publisher, sys.argv[1:])
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # what the command did stands: a late Ctrl-C does not undo it
    sys.exit(streams.finish(code))
