"""`story reach`: how far a kill or a correction has come; and the public reason of a kill, as it is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from publisher.cli.context import Door, cell, counted, door

__all__ = ["PublicReason", "reach", "reach_lines", "same_lines"]

STATES = ("accepted", "waiting", "failed", "uncertain", "suppressed", "expired", "cancelled")


class PublicReason(click.ParamType[tuple[str, str]]):
    """What readers are told as the reason, in the story's language or as `fa=TEXT` in another."""

    name = "[LANGUAGE=]TEXT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """To (language, text); the language is empty where none is named."""
        from publisher.cli.params import REASON

        named = re.fullmatch(r"([a-z]{2,3}(?:-[A-Za-z0-9]+)*)=(.*)", str(value), re.DOTALL)
        language, text = named.groups() if named else ("", str(value))
        return language, REASON.convert(text, param, ctx)


@click.command()
@click.argument("story_id", metavar="STORY")
@door
def reach(door_: Door, story_id: str) -> None:
    """Show how far a kill or correction has come.

    Feeds, pages, hubs, mail that was stopped; how many mailboxes have the story, and what became of the mails that tell them; and since when
    it stands again, where a person brought it back. It reads, and does nothing.

    \b
    Examples:
      publisher story reach 01KJP4TQ0M2Z
      publisher story reach 01KJP4TQ0M2Z --json
    """
    from publisher.desk import reach as reaching

    with door_.newsroom() as newsroom:
        told = reaching.report(newsroom, story_id)
    door_.show(told, "\n".join(reach_lines(told)))


def reach_lines(told: dict[str, Any]) -> list[str]:
    """The report in words."""
    lines: list[str] = []
    if not told["acts"]:
        lines = [f"{told['id']} was not killed, and no correction of it was told at once."]
        lines += [_mailed("Mailed in", entry) for entry in told["mailed"]]
    last = max((place for place, act in enumerate(told["acts"]) if act["act"] == "kill"), default=None)
    for place, act in enumerate(told["acts"]):
        lines += [f"{told['id']}: {act['act']} at {cell(act['at'])} by {act['actor']}"]
        lines += [_again(act["again"], now=place == last)] if act["again"] else []
        lines += _of_act(act)
    lines += [_mailed("Only named, with its link, in", entry) for entry in told["named"]]
    if page := told["page"]:
        lines.append(f"Page: {page['status']} since {cell(page['changed_at'])}.")
    lines += [
        f"Hub to be told yet: {hub['hub']} of {hub['topic']}"
        + (f" ({hub['error']})." if hub["error"] else ".")
        for hub in told["hubs_waiting"]
    ]
    return lines


def same_lines(same: Sequence[str]) -> list[str]:
    """What else its source sent word for word, and was held with it."""
    return [
        f"Story {name} of its source says the same, and is held: `publisher story release {name}` or `kill {name}`."
        for name in same
    ]


def _mailed(where: str, entry: dict[str, Any]) -> str:
    has = counted(entry["mailboxes"], "mailbox has", "mailboxes have")
    return f"{where} {entry['edition']} (dispatch {entry['dispatch']}): {has} it."


def _again(again: dict[str, Any], *, now: bool) -> str:
    """That the story was brought back; `now`: no later kill took it away once more."""
    stands = "stands again since" if now else "stood again from"
    by = f"by {again['actor']} ({cell(again['why'])})"
    return f"  Brought back in version {again['version']} {by}: it {stands} {cell(again['at'])}."


def _of_act(act: dict[str, Any]) -> list[str]:
    lines = [f"  Readers are told ({language}): {cell(text)}" for language, text in act["public"].items()]
    lines += [f"  Feeds: {', '.join(feed['series'] for feed in act['feeds']) or 'none'}."]
    for entry in act["editions"]:
        stopped = f", went on without it as revision {entry['revision']}" if entry["stopped"] else ""
        lines.append(
            f"  Mailed in {entry['edition']} (dispatch {entry['dispatch']}, {entry['state']}{stopped})."
        )
    if not act["mailboxes"]:
        return [*lines, "  No mailbox has it."]
    mails = ", ".join(f"{act['mails'][state]} {state}" for state in STATES if act["mails"][state])
    barred = f", {counted(act['not_written_to'], 'reader')} get none: told before, or not to be written to"
    lines.append(
        f"  {counted(act['mailboxes'], 'mailbox has', 'mailboxes have')} it: "
        f"{counted(act['mails']['planned'], 'mail')} queued{f' ({mails})' if mails else ''}"
        f"{barred if act['not_written_to'] else ''}."
    )
    for entry in act["stopped"]:
        why = f" ({cell(entry['why'])})" if entry["why"] else ""
        lines.append(
            f"  {entry['state'].capitalize()}{why}: {counted(entry['waiting'], 'mail waits', 'mails wait')} for "
            f"`publisher dispatch resume {entry['dispatch']}`."
        )
    if act["mails"]["waiting"] > sum(entry["waiting"] for entry in act["stopped"]):
        lines.append("  `publisher run` sends what waits, or `publisher dispatch resume` without a name.")
    lines += ["  Readers of it are still looked for."] if act["looking"] else []
    took = {"public": "feeds and pages", "queued": "all mails queued", "hubs": "hubs told"}
    on_its_way = act["looking"] or act["mails"]["waiting"]
    took |= {"first_mail": "first mail", "last_mail": "last mail so far" if on_its_way else "last mail"}
    times = [
        f"{name} after {act['seconds'][key]:.1f} s"
        for key, name in took.items()
        if act["seconds"][key] is not None
    ]
    return [*lines, f"  {', '.join(times)}."] if times else lines
