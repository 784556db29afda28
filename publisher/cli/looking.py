"""A list of readers looked at before it is imported: what the command line shows of it. Nothing is changed."""

from __future__ import annotations

from pathlib import Path

from publisher.cli.context import Door, cell, counted
from publisher.cli.exits import PARTLY
from subscribers.presets import uses

__all__ = ["show_look"]


def show_look(door_: Door, path: Path, *, digest: str, preset: str | None) -> int:
    """Say what an import would do."""
    from publisher.desk import exchange

    with door_.newsroom() as newsroom:
        seen = exchange.look(newsroom, path, digest=digest, preset=preset)
    program = seen.mapped.program.name if seen.mapped.program else None
    used = uses()
    columns = dict(zip(seen.mapped.headings, seen.mapped.names, strict=True))
    lines = [
        f"A list {f'of {program}' if program else 'with our own headings'}; nothing was changed. Its columns:"
    ]
    lines += [
        f"  {cell(heading)} -> {used.get(name or '', name) or 'passed over'}"
        for heading, name in columns.items()
    ]
    lines += [
        f"{counted(seen.good, 'line')} can be used, {seen.refused:,} cannot:"
        if seen.refused
        else f"{counted(seen.good, 'line')} can be used."
    ]
    lines += [f"  line {refusal.line}: {refusal.why}" for refusal in seen.refusals]
    lines.append(
        "Whom the house knows, or must not mail, and addresses that stand there twice, the import will see."
    )
    if seen.gone:
        lines.append(
            f"Of these, {seen.gone:,} have left or must not be mailed: the import remembers them, and no later list brings them in."
        )
    door_.show(
        {
            "preset": program,
            "columns": columns,
            "good": seen.good,
            "refused": seen.refused,
            "remembered": seen.gone,
            "refusals": [refusal._asdict() for refusal in seen.refusals],
        },
        "\n".join(lines),
    )
    return PARTLY if seen.refused else 0
