"""Asking before what cannot be taken back."""

from __future__ import annotations

import sys

import click

from publisher.cli.context import Door

__all__ = ["Declined", "ask"]


class Declined(click.Abort):
    """The person said no, or stopped at the question; its text says what was therefore not done."""


def ask(door: Door, question: str, *, otherwise: str) -> None:
    """Go on if the person says yes.

    Raises:
        UsageError: there is nobody to ask.
        Declined: with `otherwise` ("nothing was sent"), and that it was a no, where it was one. The exit code is that of Ctrl-C: a script must not take it for done.
    """
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask at: give --yes")
    try:
        agreed = click.confirm(question, err=door.as_json)
    except click.Abort:
        raise Declined(otherwise) from None
    if not agreed:
        raise Declined(f"you said no; {otherwise}")
