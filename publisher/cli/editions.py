"""`edition`: make, list, show, preview and approve the numbers of a digest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo

import click

from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import INSTANT, WHY, paged

if TYPE_CHECKING:
    from publisher.edition import Edition
    from publisher.newsroom import Newsroom

__all__ = ["COMMANDS", "dated"]

BY_RULE = "rule:kill"
"""Who carried an approval over to a revision without a story that was taken back (`desk.mailing.revising`)."""


@click.group()
def edition() -> None:
    """Editions: frozen, numbered selections.

    What is sent is always one of them.
    """


@edition.command()
@click.argument("digest")
@click.option(
    "--slot",
    type=INSTANT,
    help="The instant it is for. Default: the latest slot of the digest's timetable; now, when that was another day's and is over.",
)
@door
def make(door_: Door, digest: str, slot: datetime | None) -> None:
    """Make the next edition of DIGEST.

    Stories are selected, the mail is rendered and read back by the gate, and both are frozen. Exit code 3 when there is nothing to publish or the gate refuses, 4 when the slot has an edition.

    \b
    Examples:
      publisher edition make morning
      publisher edition make morning --slot 2026-03-02T07:00+03:30
    """
    from publisher.desk import editions
    from publisher.desk.overview import edition_head

    with door_.newsroom() as newsroom:
        made = editions.make(newsroom, digest, slot=slot, actor=door_.who, now=now())
        head = edition_head(newsroom, made.edition_id)
        quiet = silence(newsroom, made)
    items = {item.story_id for item in made.items}
    left_out = len({entry.story_id for entry in made.left_out} - items)
    door_.show(
        head,
        f"Edition {made.edition_id} (number {made.number}) is frozen: "
        f"{counted(len(items), 'story', 'stories')}, {left_out} left out.\n"
        f"{quiet}"
        f"Look at it with `publisher edition show {made.edition_id}`, "
        f"send it with `publisher send {made.edition_id}`.",
    )


@edition.command("list")
@click.option("--digest", metavar="SLUG", help="Only editions of this digest (with --feeds: of this feed).")
@click.option("--feeds", is_flag=True, help="The editions of feeds instead.")
@paged
@door
def list_(door_: Door, digest: str | None, feeds: bool, limit: int, after: str | None) -> None:
    """List the newest editions.

    \b
    Example:
      publisher edition list --digest morning
    """
    from publisher.desk.overview import editions

    with door_.newsroom() as newsroom:
        rows = editions(newsroom, series=digest, feeds=feeds, limit=limit, after=after)
    columns = {
        "id": "Edition",
        "number": "No",
        "revision": "Rev",
        "slot": "Slot",
        "stories": "Stories",
        "dispatch": "Dispatch",
    }
    door_.table(rows, columns, empty="No editions: run `publisher edition make DIGEST`.")


@edition.command()
@click.argument("edition_id", metavar="EDITION")
@door
def show(door_: Door, edition_id: str) -> None:
    """Show what is in an edition, and why other stories are not.

    A story is printed once for each reader: in the first section of theirs that has it.

    \b
    Example:
      publisher edition show morning-2026-03-02
    """
    from publisher.desk.overview import edition_record

    with door_.newsroom() as newsroom:
        record = edition_record(newsroom, edition_id)
    lines = [
        f"{record['id']}   number {record['number']}, revision {record['revision']}, slot {cell(record['slot'])}",
        f"content {record['content_hash']}",
    ]
    if record["approved_by"] == BY_RULE:
        lines += ["approved in an earlier revision; kept, because this one only takes stories out"]
    elif record["approved_by"]:
        lines += [f"approved by {record['approved_by']}"]
    lines += [f"dispatch {record['dispatch']}"] if record["dispatch"] else []
    for language, said in record["notes"].items():
        lines += [
            "",
            f"Editor's note ({language})",
            *(f"  {cell(line)}" for line in said.splitlines() if line),
        ]
    for shelf in record["shelves"]:
        if shelf["items"]:
            lines += ["", f"{shelf['title']} ({shelf['language'] or 'all languages'})"]
            lines += [
                f"  {i['id']}  {cell(i['source_name'])}: {cell(i['headline'])}"
                + (f"  (printed under {i['printed_under']})" if i["printed_under"] else "")
                + (f"  ({i['withdrawn']} since)" if i["withdrawn"] else "")
                for i in shelf["items"]
            ]
            lines += [f"  and {shelf['more']} more"] if shelf["more"] else []
    if record["left_out"]:
        several = len(record["languages"]) > 1
        lines += ["", "Left out"]
        lines += [
            f"  {entry['id']}  {cell(entry['headline'])}: {_why(entry, several=several)}"
            for entry in record["left_out"]
        ]
    door_.show(record, "\n".join(lines))


def _why(entry: Mapping[str, Any], *, several: bool) -> str:
    language = f" ({entry['language']})" if several and entry["language"] else ""
    place = f" in {entry['section']}{language}" if entry["section"] else ""
    return f"{entry['why']}{place}" + (f": {cell(entry['detail'])}" if entry["detail"] else "")


@edition.command()
@click.argument("name", metavar="DIGEST|EDITION")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="preview",
    show_default=True,
    metavar="DIR",
)
@click.option(
    "--next",
    "ahead",
    is_flag=True,
    help="The edition of the digest's next slot, of the stories that are here now.",
)
@click.option(
    "--pictures/--no-pictures",
    default=None,
    help="PNGs too: 600 and 375 pixels wide, light and dark, and without styles. Default: if there is a Chromium.",
)
@click.option("--open", "open_", is_flag=True, help="Show the pages in your browser.")
@door
def preview(door_: Door, name: str, out: Path, ahead: bool, pictures: bool | None, open_: bool) -> int:
    """Write what readers will get into DIR.

    HTML, text and a whole message for each language, and pictures; it says which edition they show. An EDITION is shown as it is
    frozen, with the templates of then, but for stories that were withdrawn since. A DIGEST's name means what `publisher send DIGEST` would take: the edition of the
    present slot, or, while there is none, the one that would be made now. Nothing is stored.

    \b
    Examples:
      publisher edition preview morning --open
      publisher edition preview morning --next
      publisher edition preview morning-2026-03-02 --out preview
    """
    from publisher.desk import previews
    from publisher.desk.editions import silent

    with door_.newsroom() as newsroom:
        shown = previews.preview(
            newsroom, name, out, ahead=ahead, pictures=pictures, now=now(), told=door_.say
        )
        quiet = silence(newsroom, shown.edition)
    made = shown.edition
    lines = [f"wrote {path}" for path in shown.written]
    lines += [
        f"without story {story_id}, which may not go out any more ({why})"
        for story_id, why in shown.barred.items()
    ]
    lines += [f"no pictures: {shown.no_pictures}"] if shown.no_pictures else []
    lines += quiet.splitlines()
    lines += ["Its reader is invented: the links to leave and to settings lead nowhere."]
    lines += _told(made, frozen=shown.frozen_at, anew=bool(shown.barred), ahead=ahead)
    lines += dated(made, name, now())
    data = {
        "edition": made.edition_id,
        "frozen": shown.frozen,
        "slot": made.slot,
        "written": shown.written,
        "barred": shown.barred,
        "silent": silent(made),
        "no_pictures": shown.no_pictures,
    }
    door_.show(data, "\n".join(lines))
    for page in shown.written if open_ else ():
        if page.suffix == ".html":
            click.launch(str(page.absolute()))
    return PARTLY if pictures and shown.no_pictures else 0


def silence(newsroom: Newsroom, made: Edition) -> str:
    """A line about the languages in which the edition has no story; nothing when there are none."""
    from publisher.desk.editions import counted_out, silent
    from publisher.desk.windows import silent_for_age

    if not (found := silent(made)):
        return ""
    old = silent_for_age(newsroom, made, found)
    reasons = [reason for reason in (counted_out(made.left_out), *old) if reason]
    return (
        f"Nothing in {', '.join(found)}: who reads nothing else gets no mail. "
        f"Left out in all languages: {'; '.join(reasons) or 'nothing'}.\n"
    )


def dated(made: Edition, name: str, now: datetime) -> list[str]:
    """What is to be said of the present edition of a digest whose slot was not today: its mail, page and archive bear that day's date."""
    zone = ZoneInfo(made.timezone)
    if name != made.series or made.local_date >= now.astimezone(zone).date():
        return []
    slot = made.slot.astimezone(zone)
    return [
        (
            f"{made.edition_id} is the edition of the last slot, {slot:%A} {slot.day} {slot:%B, %H:%M}, and bears that date. "
            f"`publisher send {name} --now` takes the present moment instead."
        )
    ]


def _told(made: Edition, *, frozen: datetime | None, anew: bool, ahead: bool) -> list[str]:
    """What a preview shows, and how to see the other thing that its reader may have meant."""
    if frozen:
        return [
            f"This is {made.edition_id}, frozen at {cell(frozen)}: stories that came in since are not in it.",
            "Rendered anew, for it has lost a story since."
            if anew
            else "It is shown with the templates of then.",
            f"What the next edition would hold, with the templates of now: `publisher edition preview {made.series} --next`",
        ]
    if ahead:
        slot = f"slot {cell(made.slot)}"
        return [
            f"This is what {made.edition_id} ({slot}) would hold of the stories here now. Nothing is frozen."
        ]
    return [f"This is what `publisher edition make {made.series}` would freeze now. Nothing is frozen yet."]


@edition.command()
@click.argument("edition_id", metavar="EDITION")
@door
def approve(door_: Door, edition_id: str) -> None:
    """Approve an edition's content.

    Exactly this content: any change voids the approval, but for stories that are taken out, by a kill or hold, after it.

    \b
    Example:
      publisher edition approve morning-2026-03-02
    """
    from publisher.desk import editions
    from publisher.desk.overview import edition_head

    with door_.newsroom() as newsroom:
        made = editions.approve(newsroom, edition_id, actor=door_.who, now=now())
        head = edition_head(newsroom, made.edition_id)
    door_.show(
        head,
        f"{made.edition_id} approved with content {made.content_hash[:16]}….",
    )


@edition.command()
@click.argument("digest")
@click.argument("text", required=False)
@click.option("--language", help="Default: the digest's first.")
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    help="Read the text from a file, - for standard input.",
)
@click.option(
    "--clear", is_flag=True, help="Take the waiting note away; without --language in every language."
)
@door
def note(
    door_: Door, digest: str, text: str | None, language: str | None, file: BinaryIO | None, clear: bool
) -> None:
    """Put a note on top of DIGEST's next edition.

    The editor's own words, one note for each language; an empty line parts paragraphs. Without TEXT it shows what waits. The note becomes
    part of the edition that is made next, and of what an approval is bound to.

    \b
    Examples:
      publisher edition note morning "Publishing resumes after the holidays."
      publisher edition note morning --language fa --file note-fa.txt
      publisher edition note morning --clear
    """
    from publisher.desk import preparing

    if (text is not None) + (file is not None) + clear > 1:
        raise click.UsageError("TEXT, --file and --clear exclude one another")
    said = text if file is None else _text_of(file, 10 * preparing.NOTE_MAX)
    gone = 0
    with door_.newsroom() as newsroom:
        if clear:
            gone = preparing.clear_note(newsroom, digest, language=language, actor=door_.who, now=now())
        elif said is not None:
            preparing.note(newsroom, digest, said, language=language, actor=door_.who, now=now())
        waiting = preparing.waiting_notes(newsroom, digest)
    lines = [f"{counted(gone, 'note')} taken away."] if clear else []
    lines += [f"{entry.language}: {cell(entry.text)}" for entry in waiting]
    lines += [] if waiting else [f"No note waits for the next edition of {digest}."]
    notes = {entry.language: entry.text for entry in waiting}
    door_.show({"digest": digest, "notes": notes}, "\n".join(lines))


def _text_of(file: BinaryIO, limit: int) -> str:
    """What a file says, as far as it may be of use."""
    from publisher.errors import InputUnreadable

    try:
        return file.read(limit).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputUnreadable(file.name, "it is not UTF-8") from None


@edition.command()
@click.argument("digest")
@click.argument("story_ids", metavar="STORY…", nargs=-1, required=True)
@click.option(
    "--section", required=True, metavar="SLUG", help="The section of the digest that is put in order."
)
@WHY
@door
def order(door_: Door, digest: str, story_ids: tuple[str, ...], section: str, why: str) -> None:
    """Let a section of DIGEST's next edition begin with these stories.

    In this order: each is pinned at its place, for the next edition only. Look at the result with `publisher edition preview DIGEST`.

    \b
    Example:
      publisher edition order morning 01KJP4TQ0M2Z 01KJP4TQ0M7A --section world --why "the strike first"
    """
    from publisher.desk import preparing

    with door_.newsroom() as newsroom:
        made = preparing.order(newsroom, digest, section, story_ids, why=why, actor=door_.who, now=now())
    lines = [f"{entry.mark.place}  {entry.mark.story_id}" for entry in made]
    lines += [f"But {entry.mark.story_id}: {remark}." for entry in made for remark in entry.remarks]
    data = {
        "digest": digest,
        "section": section,
        "order": [entry.mark.story_id for entry in made],
        "remarks": {entry.mark.story_id: entry.remarks for entry in made if entry.remarks},
    }
    door_.show(data, "\n".join([f"The next edition's {section} begins with:", *lines]))


COMMANDS = (edition,)
