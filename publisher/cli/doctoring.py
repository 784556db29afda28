"""`doctor`: whether this installation may be relied on."""

from __future__ import annotations

from dataclasses import asdict

import click

from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import PARTLY

__all__ = ["COMMANDS"]

SIGNS = {"ok": "ok   ", "warning": "warn ", "fault": "FAULT", "skipped": "-    "}


@click.command()
@click.option(
    "--dns/--no-dns",
    default=True,
    help="Ask the DNS for SPF, DKIM, DMARC and MX of your domains. Without a network it is skipped by itself.",
)
@click.option(
    "--nameserver",
    "nameservers",
    multiple=True,
    metavar="ADDRESS[:PORT]",
    help="Ask this server instead of the machine's own: your zone's, right after a change.",
)
@door
def doctor(door_: Door, dns: bool, nameservers: tuple[str, ...]) -> int:
    """Look at all that this house rests on, and say what to mend.

    Versions, file modes and free space; configuration, templates and house texts; the database, the clock, sources in trouble and dispatches that
    stand halted; each relay, greeted and logged in to as for sending; and what the DNS says of your mail. It changes nothing and sends nothing.

    \b
    Examples:
      publisher doctor
      publisher doctor --no-dns --json
      publisher doctor --nameserver 192.0.2.53

    Exit code 5 when something must be mended; warnings alone are 0. 78 when the configuration cannot be read.
    """
    from publisher.desk import doctor as examining

    settings = door_.settings()
    try:
        resolver = examining.names.resolver(nameservers) if dns else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--nameserver") from None
    found = []
    for finding in examining.examine(settings, now=now(), resolver=resolver):
        found.append(finding)
        if not door_.as_json and (finding.level != examining.OK or not door_.quiet):
            click.echo(f"{SIGNS[finding.level]}  {finding.check}: {cell(finding.said)}")
            if finding.do:
                click.echo(f"       {finding.do}.")
    faults = sum(finding.level == examining.FAULT for finding in found)
    warnings = sum(finding.level == examining.WARNING for finding in found)
    total = f"{counted(faults, 'fault')}, {counted(warnings, 'warning')} in {counted(len(found), 'look')}."
    if door_.as_json:
        door_.show({"ok": not faults, "findings": [asdict(finding) for finding in found]}, total)
    else:
        door_.say(total)
    return PARTLY if faults else 0


COMMANDS = (doctor,)
