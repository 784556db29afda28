"""`clock`: whether the timetable trusts this machine's clock, and the word that lets it go on."""

from __future__ import annotations

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import WHY

__all__ = ["COMMANDS"]


@click.group()
def clock() -> None:
    """The clock that the timetable goes by.

    When it was set back by over a minute, or forward by over an hour, nothing leaves by itself until a person has confirmed it: a digest of
    the wrong day cannot be taken back. What a person sends is sent.
    """


@clock.command()
@door
def show(door_: Door) -> int:
    """Show what time it is, and whether that is in doubt.

    The exit code is 5 while it is.

    \b
    Example:
      publisher clock show
    """
    from publisher.desk import clock as desk_clock

    with door_.newsroom() as newsroom:
        doubt = desk_clock.doubt(newsroom)
    moment = now()
    said = (
        f"In doubt: {doubt}. `publisher clock confirm` lets the timetable go on."
        if doubt
        else "Not in doubt."
    )
    door_.show({"now": moment, "doubt": doubt or None}, f"{moment:%Y-%m-%d %H:%M:%S}Z. {said}")
    return PARTLY if doubt else 0


@clock.command()
@WHY
@door
def confirm(door_: Door, why: str) -> None:
    """Say that the clock is right, and let the timetable go on.

    Slots that were missed meanwhile are caught up within their digest's `deadline`.

    \b
    Example:
      publisher clock confirm --why "the machine had started without network time"
    """
    from publisher.desk import clock as desk_clock
    from publisher.errors import Conflict

    with door_.newsroom() as newsroom:
        if not desk_clock.confirm(newsroom, why=why, actor=door_.who, now=now()):
            raise Conflict("the clock is not in doubt")
    door_.show({"doubt": None}, "The timetable goes on.")


COMMANDS = (clock,)
