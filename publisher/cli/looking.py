"""What the command line says of a list of readers that was imported, or only looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from publisher.cli.context import Door, cell, counted
from publisher.cli.exits import PARTLY
from subscribers.presets import uses

if TYPE_CHECKING:
    from publisher.desk.exchange import Imported

__all__ = ["show_imported"]


def show_imported(door_: Door, done: Imported, *, proved: bool, dry_run: bool) -> int:
    """Say what became of a list, or would become, each refused line first; `proved`: by a basis that was given."""
    counts: dict[str, Any] = {
        key: getattr(done, key) for key in ("lines", "added", "known", "confirmed", "remembered")
    }
    summary = (
        f"{counted(done.lines, 'line')}: {done.added:,} added, {done.known:,} known already, "
        f"{done.refused:,} refused."
    )
    if done.added and not proved:
        summary += " Without --basis they are pending: nobody mails them until they confirm, or a list with a basis comes."
    if done.confirmed:
        summary += f" Of those known, {done.confirmed:,} were pending and are confirmed now."
    if done.remembered:
        summary += f" Of those refused, {done.remembered:,} are remembered: no later list brings them in."
    if dry_run:
        named, columns = _columns(done)
        counts = {"dry_run": True, **columns, **counts}
        summary = f"{named}\nNothing was changed. The import would say:\n{summary}"
    door_.show_long(
        counts,
        "refused",
        (line._asdict() for line in done.refusals),
        line=lambda entry: f"  line {entry['line']}: {entry['why']}",
        text=summary,
    )
    return PARTLY if done.refused else 0


def _columns(done: Imported) -> tuple[str, dict[str, Any]]:
    """How a list's columns are taken, in lines and for a script."""
    program = done.mapped.program.name if done.mapped.program else None
    used = uses()
    columns = dict(zip(done.mapped.headings, done.mapped.names, strict=True))
    lines = [f"A list {f'of {program}' if program else 'with our own headings'}. Its columns:"]
    lines += [
        f"  {cell(heading)} -> {used.get(name or '', name) or 'passed over'}"
        for heading, name in columns.items()
    ]
    return "\n".join(lines), {"preset": program, "columns": columns}
