"""`init` and `config`: a starting configuration, what is wrong with one, and what is in force."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, door, now

__all__ = ["COMMANDS"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="[DIR]")
@door
def init(door_: Door, folder: Path) -> None:
    """Write a commented starting configuration into DIR/config; nothing is overwritten.

    \b
    Example:
      publisher init newsroom && cd newsroom && publisher config check

    It makes new secret keys in config/secrets.toml (readable by you alone) and a .gitignore that keeps
    them and the data folder out of version control.
    """
    from publisher.desk.setup import begin

    written = begin(folder, today=now().date())
    door_.show(
        {"written": [str(path) for path in written]},
        "\n".join(
            [
                *(f"wrote {path}" for path in written),
                "",
                "Next: fill in config/publisher.toml and config/sources.toml, then run `publisher config check`.",
            ]
        ),
    )


@click.group()
def config() -> None:
    """Check the configuration, or show what is in force."""


@config.command()
@door
def check(door_: Door) -> None:
    """Validate every file and variable; name each unknown key, each unknown PUBLISHER_* variable and each fault.

    What must never change is held against the database, where there is one, and templates of your own are compiled.
    Exit code 78 when something is wrong.
    """
    from publisher.desk import keeping

    settings = door_.settings()
    keeping.check_templates(settings)
    unasked = keeping.compare(settings)
    facts = {
        "folder": str(settings.folder),
        "sources": [source.slug for source in settings.sources],
        "sections": [section.slug for section in settings.sections],
        "digests": [digest.slug for digest in settings.digests],
        "unasked": unasked or None,
    }
    if unasked:
        door_.say(f"Not held against what was there before: {unasked}.")
    door_.show(
        {"ok": True, **facts},
        f"The configuration in {settings.folder} is sound: {len(settings.sources)} sources, "
        f"{len(settings.sections)} sections, {len(settings.digests)} digests.",
    )


@config.command()
@door
def show(door_: Door) -> None:
    """Show the effective values, files and environment taken together; secrets are masked."""
    import json

    from publisher.settings import effective

    values = effective(door_.settings())
    door_.show(values, json.dumps(values, ensure_ascii=False, indent=2, default=str))


COMMANDS = (init, config)
