"""`story show`: a story as it stands, and what each version changed."""

from __future__ import annotations

from typing import Any

import click

from publisher.cli.context import Door, cell, door, now

__all__ = ["show"]


@click.command()
@click.argument("story_id", metavar="STORY")
@click.option(
    "--diff",
    is_flag=True,
    help="Show what each version changed of the one before it, what was set aside of the source's text, and that the rest is unchanged.",
)
@door
def show(door_: Door, story_id: str, diff: bool) -> None:
    """Show a story: provenance, text, versions, acts, editions.

    \b
    Examples:
      publisher story show 01KJP4TQ0M2Z
      publisher story show 01KJP4TQ0M2Z --diff
    """
    from publisher.desk.comparing import changes
    from publisher.desk.overview import story_record

    with door_.newsroom() as newsroom:
        record = story_record(newsroom, story_id, now=now())
        record |= {"changes": changes(newsroom, record["id"])} if diff else {}
    keys = [
        "id",
        "state",
        "headline",
        "original_headline",
        "headline_changed_by",
        "headline_changed_why",
        "source",
    ]
    keys += ["source_name", "source_url", "link", "language", "urgency", "sections", "eligible_at", "embargo"]
    keys += [
        "byline",
        "dateline",
        "located",
        "provider",
        "signals",
        "subjects",
        "copyright",
        "usage_terms",
        "published",
        "first_published",
        "corrected_at",
        "correction_note",
        "ednote",
        "editions",
        "flags",
    ]
    lines = [f"{key.replace('_', ' '):<22}{cell(record[key])}" for key in keys if record[key]]
    told = [part.strip() for part in record["text"].split("\n") if part.strip()] or [record["lede"]]
    lines += ["", *(cell(part) for part in told)] if any(told) else []
    lines += ["", "versions"]
    lines += [
        f"  {v['version']}  {cell(v['received_at'])}  {v['status']:<9} {v['headline']}"
        for v in record["versions"]
    ]
    lines += ["", "acts"] if record["acts"] else []
    lines += [f"  {cell(a['at'])}  {a['what']}  {a['actor']}: {cell(a['why'])}" for a in record["acts"]]
    if diff:
        lines += ["", *_changed(record)]
        kept = "equals" if record["body_unchanged"] else "DIFFERS FROM"
        proof = f"The stored body {kept} the received text (SHA-256 {record['body_digest'][:16]}…)."
        nothing = record["body_unchanged"] and not record["text"].strip()
        lines += ["", "It was received without a body." if nothing else proof]
        lines += (
            ["Set aside:", *(f"  {block}" for block in record["set_aside"])] if record["set_aside"] else []
        )
    door_.show(record, "\n".join(lines))


def _changed(record: dict[str, Any]) -> list[str]:
    """What each version changed, field by field, in the signs of any diff."""
    if len(record["versions"]) < 2:
        return ["One version has come: there is nothing to compare."]
    lines: list[str] = []
    heads = {entry["version"]: entry for entry in record["versions"][1:]}
    for version in heads:
        found = [entry for entry in record["changes"] if entry["version"] == version]
        against = found[0]["against"] if found else version - 1
        lines.append(
            f"version {version} against {against}" + ("" if found else ": nothing that is shown here")
        )
        for entry in found:
            lines.append(f"  {entry['field']}")
            for sign, text in (("-", entry["before"]), ("+", entry["after"])):
                lines += [f"  {sign} {cell(line)}" for line in text.split("\n") if line]
    return lines
