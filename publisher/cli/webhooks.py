"""`webhook`: other programs that are told what happens."""

from __future__ import annotations

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import LATER
from publisher.cli.params import paged

__all__ = ["COMMANDS"]


@click.group()
def webhook() -> None:
    """Other programs that are told what happens."""


@webhook.command("list")
@paged
@door
def list_(door_: Door, limit: int, after: str | None) -> None:
    """List the configured webhooks, and how each stands.

    \b
    Example:
      publisher webhook list
    """
    from publisher.desk import webhooks

    with door_.newsroom() as newsroom:
        rows = webhooks.listing(newsroom, limit=limit, after=after)
    columns = {
        "name": "name",
        "host": "host",
        "waiting": "waiting",
        "taken": "taken",
        "given_up": "given up",
        "last_at": "last",
        "error": "last error",
    }
    door_.table(rows, columns, empty="No [[webhook]] is configured in publisher.toml.")


@webhook.command()
@click.argument("name")
@door
def test(door_: Door, name: str) -> int:
    """Send a signed message of the type "test" now.

    Exit code 75 when it was not taken.

    \b
    Example:
      publisher webhook test archive
    """
    from publisher.desk import webhooks

    with door_.newsroom() as newsroom:
        why = webhooks.test(newsroom, name, now=now())
    said = f"{name} did not take it: {why}" if why else f"{name} took it."
    door_.show({"name": name, "taken": not why, "error": why or None}, said)
    return LATER if why else 0


COMMANDS = (webhook,)
