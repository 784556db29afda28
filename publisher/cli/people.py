"""`subscriber` and `suppression`: who is mailed, and who must not be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from publisher.cli.asking import ask
from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.looking import show_imported
from publisher.cli.params import REASON, WHY, paged
from subscribers.presets import PRESETS

__all__ = ["COMMANDS"]


@click.group()
def subscriber() -> None:
    """Subscribers: who asked for a digest, with the evidence."""


@subscriber.command()
@click.argument("address")
@click.option("--digest", required=True, metavar="SLUG", help="The digest they asked for.")
@click.option("--language", metavar="TAG", help="Default: as it was, or the digest's first.")
@click.option(
    "--section",
    "sections",
    multiple=True,
    metavar="SLUG",
    help="Only this section; may be given several times. Default: all, or as it was; `all` for all of them.",
)
@click.option(
    "--rhythm",
    metavar="WORDS",
    help='How often: "each" edition, "daily 07:00", "weekly 5 18:00" (5: Friday). Default: each, or as it was.',
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is known of them, of the attributes that are configured; may be given several times, for each once.",
)
@click.option(
    "--basis", required=True, type=REASON, metavar="TEXT", help="How they asked: kept as evidence of consent."
)
@door
def add(
    door_: Door,
    address: str,
    digest: str,
    language: str | None,
    sections: tuple[str, ...],
    rhythm: str | None,
    attributes: tuple[str, ...],
    basis: str,
) -> None:
    """Add one reader who has asked for the digest.

    Whoever had it before, or has it, keeps what they had chosen, unless you name something else.

    \b
    Examples:
      publisher subscriber add reader@example.org --digest morning --basis "asked by phone, 2 March"
      publisher subscriber add reader@example.org --digest morning --rhythm "daily 07:00" --basis "asked by phone"
    """
    from publisher.desk import readers

    chosen: tuple[str, ...] | None = () if sections == ("all",) else sections or None
    with door_.newsroom() as newsroom:
        added = readers.add(
            newsroom,
            address,
            digest=digest,
            language=language,
            sections=chosen,
            rhythm=rhythm,
            attributes=attributes,
            basis=basis,
            actor=door_.who,
            now=now(),
        )
    now_is = {key: added[key] for key in ("language", "sections")}
    gets = f"{added['address']} gets {digest} in {_wanted(now_is)}"
    if added["left_at"] is not None:
        kept = ", as they had chosen before," if chosen is None and added["sections"] else ""
        text = f"{gets} again{kept or ','} and had left on {cell(added['left_at'])}; the new basis is kept as evidence."
    elif added["was"] is None:
        text = f"{gets}."
    elif added["was"] == now_is:
        text = f"{gets} already; the new basis is kept as evidence beside the old."
    else:
        text = f"{gets} now, and got it in {_wanted(added['was'])} before."
    door_.show(added, text)


def _wanted(entry: Mapping[str, Any]) -> str:
    return f"{entry['language']} ({cell(entry['sections']) if entry['sections'] else 'all sections'})"


@subscriber.command("list")
@click.option("--digest", metavar="SLUG", help="Only readers of this digest.")
@click.option("--segment", metavar="RULE", help='Only whom a rule means, such as "country in (de, at)".')
@paged
@door
def list_(door_: Door, digest: str | None, segment: str | None, limit: int, after: str | None) -> None:
    """List subscribers by number.

    \b
    Examples:
      publisher subscriber list --digest morning
      publisher subscriber list --segment "language = fa and not source = import"
    """
    from publisher.desk import readers

    with door_.newsroom() as newsroom:
        rows = readers.listing(newsroom, digest=digest, segment=segment, after=after, limit=limit)
    columns = {
        "id": "Id",
        "address": "Address",
        "status": "Status",
        "digests": "Digests",
        "created_at": "Since",
    }
    nobody = (
        "Nobody is meant." if segment or digest else "No subscribers: `publisher subscriber add` or `import`."
    )
    door_.table(rows, columns, empty=nobody)


@subscriber.command()
@click.argument("address")
@door
def show(door_: Door, address: str) -> None:
    """Show one reader, with the evidence of their consent.

    \b
    Example:
      publisher subscriber show reader@example.org
    """
    from publisher.desk import readers

    with door_.newsroom() as newsroom:
        record = readers.record(newsroom, address)
    lines = [
        f"{key.replace('_', ' '):<14}{cell(record[key])}" for key in ("id", "address", "status", "created_at")
    ]
    for entry in record["subscriptions"]:
        state = "active" if entry["active"] else entry["status"]
        often = "" if entry["rhythm"] == "each" else f", {entry['rhythm']}"
        lines.append(f"  {entry['digest']} in {_wanted(entry)}{often}: {state}")
    lines += [f"  {name} = {value}" for name, value in record["attributes"].items()]
    lines += [_step(entry) for entry in record["consent"]]
    lines += [
        f"  {cell(entry['at'])} came back: {entry['kind']}, {entry['effect']} ({cell(entry['detail'])})"
        for entry in record["came_back"]
    ]
    door_.show(record, "\n".join(lines))


def _step(entry: Mapping[str, Any]) -> str:
    """A step of consent in a line; of what came by a page, by which form and from which network."""
    came = f", form {entry['form']} from {entry['network'] or 'unknown'}" if entry["form"] else ""
    return f"  {cell(entry['at'])}  {entry['step']}  {cell(entry['basis'])}  by {entry['actor']}{came}"


@subscriber.command("import")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--digest", required=True, metavar="SLUG", help="The digest they asked for.")
@click.option(
    "--basis",
    type=REASON,
    metavar="TEXT",
    help="How they asked: without it they stay pending and are not mailed.",
)
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS)),
    help="The program whose export it is. Default: ours, or one that the headings name for certain.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show how columns are taken and what would become of the lines; change nothing.",
)
@door
def import_(
    door_: Door, path: Path, digest: str, basis: str | None, preset: str | None, dry_run: bool
) -> int:
    """Import a list of readers from a CSV or JSON file.

    It has a heading: `email`, and optionally `language`, `sections` (separated by blanks), `rhythm` ("each", "daily 07:00", "weekly 5 18:00") and columns named like your attributes; a file called `.jsonl` has JSON objects with these names, one a line. Exports of listmonk, Mailchimp, Ghost and Substack are known by their headings. Whom such a list says to have left, to have bounced or to be blocked is refused now and by every later list. Each refused line is named with the reason; the others come in. An import that was cut short is run again. Exit code 5 when some were refused.

    \b
    Examples:
      publisher subscriber import readers.csv --digest morning --basis "sign-up form of 2025"
      publisher subscriber import members.csv --digest morning --preset ghost --dry-run
    """
    from publisher.desk import exchange

    with (
        door_.newsroom() as newsroom,
        exchange.import_csv(
            newsroom,
            path,
            digest=digest,
            preset=preset,
            basis=basis,
            actor=door_.who,
            now=now(),
            progress=door_.say,
            dry_run=dry_run,
        ) as done,
    ):
        return show_imported(door_, done, proved=basis is not None, dry_run=dry_run)


@subscriber.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@door
def export(door_: Door, path: Path) -> None:
    """Write all subscribers to a CSV or JSON file.

    A line for each digest that one of them gets or got, with mode 0600, and so that no spreadsheet takes a value for a formula.

    A file called `.jsonl` gets JSON objects, one a line. `subscriber import` reads both back.

    \b
    Examples:
      publisher subscriber export readers.csv
      publisher subscriber export readers.jsonl
    """
    from publisher.desk import exchange

    with door_.newsroom() as newsroom:
        written = exchange.export_csv(newsroom, path)
    door_.show({"written": path, "lines": written}, f"wrote {counted(written, 'line')} to {path}")


@subscriber.command()
@click.argument("who", metavar="ADDRESS|TOKEN")
@click.option("--digest", metavar="SLUG", help="Only this digest. Default: all (a TOKEN names its own).")
@door
def leave(door_: Door, who: str, digest: str | None) -> None:
    """End a reader's subscriptions at once.

    Also for mail that is being sent. A TOKEN is the end of a leave link in a mail.

    \b
    Example:
      publisher subscriber leave reader@example.org --digest morning
    """
    from publisher.desk import readers

    with door_.newsroom() as newsroom:
        left = readers.leave(newsroom, who, digest=digest, actor=door_.who, now=now())
    door_.show(left, f"{left['address']} has left {', '.join(left['digests']) or 'everything'}.")


@subscriber.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@door
def erase(door_: Door, address: str, yes: bool) -> None:
    """Forget a person for good.

    The address goes; a keyed hash stays, so that they are never mailed again.

    \b
    Example:
      publisher subscriber erase reader@example.org
    """
    from publisher.desk import readers

    if not yes:
        ask(door_, f"Erase {address} for good?", otherwise="nobody was erased")
    with door_.newsroom() as newsroom:
        readers.erase(newsroom, address, actor=door_.who, now=now())
    door_.show({"address": address, "erased": True}, f"{address} is erased.")


@click.group()
def suppression() -> None:
    """Addresses that must not be mailed, and why."""


@suppression.command("list")
@paged
@door
def suppressed(door_: Door, limit: int, after: str | None) -> None:
    """List the newest suppressions.

    \b
    Example:
      publisher suppression list
    """
    from publisher.desk import readers

    with door_.newsroom() as newsroom:
        rows = readers.suppressions(newsroom, limit=limit, after=after)
    columns = {"address": "Address", "cause": "Cause", "dispatch": "Dispatch", "actor": "By", "at": "Since"}
    door_.table(rows, columns, empty="Nobody is suppressed.")


@suppression.command("add")
@click.argument("address")
@WHY
@door
def suppress(door_: Door, address: str, why: str) -> None:
    """Never mail this address, whether or not it subscribes.

    \b
    Example:
      publisher suppression add reader@example.org --why "asked by phone"
    """
    from publisher.desk import readers

    with door_.newsroom() as newsroom:
        made = readers.suppress(newsroom, address, why=why, actor=door_.who, now=now())
    door_.show(made, f"{address} is suppressed: never mailed, whatever is asked for it.")


@suppression.command("undo")
@click.argument("address", required=False)
@click.option("--dispatch", "dispatch_id", metavar="DISPATCH", help="All that this dispatch suppressed.")
@WHY
@door
def undo(door_: Door, address: str | None, dispatch_id: str | None, why: str) -> None:
    """Take a suppression back that was a mistake.

    That of one ADDRESS, or all that one dispatch made.

    \b
    Examples:
      publisher suppression undo reader@example.org --why "a mistake of ours"
      publisher suppression undo --dispatch 01KJP4TQ0M2Z --why "their server refused everybody"
    """
    from publisher.desk import readers
    from publisher.desk.names import named

    if (address is None) == (dispatch_id is None):
        raise click.UsageError("give an ADDRESS or --dispatch DISPATCH")
    with door_.newsroom() as newsroom:
        dispatch_id = named(newsroom, "dispatch", dispatch_id) if dispatch_id else None
        undone = readers.undo(
            newsroom, address=address, dispatch_id=dispatch_id, why=why, actor=door_.who, now=now()
        )
    door_.show(
        {"address": address, "dispatch": dispatch_id, "undone": undone},
        f"{counted(undone, 'suppression')} taken back.",
    )


COMMANDS = (subscriber, suppression)
