"""The command line: parse, call the desk, show. No decision is made here.

Only click is imported when this loads; everything else is imported inside the command that needs it, so that
`publisher --help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

import click

from publisher.cli.context import Door
from publisher.cli.everywhere import accept, accept_everywhere

__all__ = ["main", "publisher"]

TOPICS = {
    "To begin": {
        "init": ("configuration", "Write a commented starting configuration."),
        "config": ("configuration", "Check the configuration, or show what is in force."),
        "doctor": ("doctoring", "Look at all that this house rests on, and say what to mend."),
        "demo": ("demonstration", "Run the whole way with invented agencies and readers."),
        "audit": ("auditing", "Find stories that are out without their source."),
    },
    "Stories": {
        "source": ("sources", "The agencies and sites that stories come from."),
        "ingest": ("sources", "Bring stories in: poll sources, or read a file."),
        "story": ("events", "Stories: list them, show them, and act on them."),
        "quarantine": ("quarantine", "What was refused at the door, until a person decides."),
        "recheck": ("rechecking", "Stories that changed at their source."),
    },
    "What goes out": {
        "edition": ("editions", "Editions: frozen, numbered selections."),
        "feed": ("feeds", "Feeds of sections, sources, languages and all."),
        "send": ("sending", "Send an edition to everybody who asked for it."),
        "dispatch": ("dispatches", "Dispatches: editions on their way to their readers."),
    },
    "Readers": {
        "subscriber": ("people", "Subscribers: who asked for a digest, with the evidence."),
        "suppression": ("people", "Addresses that must not be mailed, and why."),
        "bounce": ("bouncing", "Mails that come back: bounces, complaints, leaving by mail."),
    },
    "By itself": {
        "run": ("running", "Poll, publish and mail by the timetable until Ctrl-C."),
        "serve": ("serving", "Serve feeds and pages over HTTP until Ctrl-C."),
        "worker": ("running", "Send whatever is due, beside other senders, until Ctrl-C."),
        "watch": ("running", "Raise the alarm when a digest does not arrive."),
        "clock": ("clocks", "The clock that the timetable goes by."),
    },
    "The house": {
        "db": ("database", "The database: upgrade it, check it, back it up, tidy it."),
        "dkim": ("signing", "Keys that sign mails, and their DNS records."),
        "token": ("access", "Tokens of the HTTP API."),
        "webhook": ("webhooks", "Other programs that are told what happens."),
    },
}
"""The commands as `publisher --help` shows them, by what somebody is about to do: each with the module that has it, which is loaded when the
command is used, and the first sentence of its help."""
PLACES = {name: module for names in TOPICS.values() for name, (module, _) in names.items()}


class _Contents(click.Group):
    """A group that lists its commands by topic, and loads each when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        return sorted(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes it
        if cmd_name in PLACES and cmd_name not in self.commands:
            for command in import_module(f"publisher.cli.{PLACES[cmd_name]}").COMMANDS:
                self.add_command(accept(command))
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in PLACES:  # click names what it may have meant, of those that it knows
            for name in PLACES:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click passes it
        longest = max(map(len, PLACES))
        for topic, names in TOPICS.items():
            with formatter.section(topic):
                formatter.write_dl([(name.ljust(longest), told) for name, (_, told) in names.items()])


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
