"""`token`: who may use the HTTP API."""

from __future__ import annotations

from datetime import datetime

import click

from publisher.cli.context import Door, door, now
from publisher.cli.params import INSTANT, paged

__all__ = ["COMMANDS"]


@click.group()
def token() -> None:
    """Tokens of the HTTP API."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="subscribers, stories, editions or dispatches with :read; subscribers or stories with :write. May be given several times.",
)
@click.option(
    "--expires", "expires_at", type=INSTANT, metavar="TIME", help="When it ends: a time, or 90d from now."
)
@door
def add(door_: Door, name: str, scopes: tuple[str, ...], expires_at: datetime | None) -> None:
    """Make a token, and show it once.

    It is kept as a hash only: nobody can be shown it again. What it does is recorded under the name `api:NAME`.

    \b
    Examples:
      publisher token add website --scope subscribers:write --expires 365d
      publisher token add dashboard --scope stories:read --scope dispatches:read
    """
    from publisher.desk import access

    with door_.newsroom() as newsroom:
        made = access.add(newsroom, name, scopes=scopes, expires_at=expires_at, actor=door_.who, now=now())
    door_.show({"name": name, "scopes": sorted(set(scopes)), "expires_at": expires_at, "token": made}, made)


@token.command("list")
@paged
@door
def list_(door_: Door, limit: int, after: str | None) -> None:
    """List the tokens, those that are over too.

    \b
    Example:
      publisher token list
    """
    from publisher.desk import access

    with door_.newsroom() as newsroom:
        rows = access.listing(newsroom, limit=limit, after=after, now=now())
    columns = {
        "name": "name",
        "state": "state",
        "scopes": "scopes",
        "created_at": "made",
        "expires_at": "ends",
    }
    door_.table(rows, columns, empty="No token was made: the HTTP API answers nobody.")


@token.command()
@click.argument("name")
@door
def revoke(door_: Door, name: str) -> None:
    """Take a token back, from its next request on.

    \b
    Example:
      publisher token revoke website
    """
    from publisher.desk import access

    with door_.newsroom() as newsroom:
        access.revoke(newsroom, name, actor=door_.who, now=now())
    door_.show({"name": name, "state": "revoked"}, f"{name} is revoked.")


COMMANDS = (token,)
