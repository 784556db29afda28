"""`init` and `config`: a starting configuration, what is wrong with one, and what is in force."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, counted, door, now

__all__ = ["COMMANDS"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="[DIR]")
@door
def init(door_: Door, folder: Path) -> None:
    """Write a commented starting configuration.

    It goes to DIR/config; nothing is overwritten.

    \b
    Example:
      publisher init newsroom && cd newsroom && publisher config check

    It makes new secret keys in config/secrets.toml (readable by you alone) and a .gitignore that keeps
    them, the data folder and previews out of version control.
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
    """Validate every file and variable, and name every fault.

    Unknown keys and unknown PUBLISHER_* variables are faults: exit code 78. What must never change is held against the
    database, where there is one, and templates of your own are tried on an invented edition. Named too, and no faults: a key that a
    dispatch still needs and that is gone, strings and titles that a language lacks, and values that are still the template's.

    \b
    Example:
      publisher config check && publisher ingest
    """
    from publisher.desk import keeping
    from publisher.settings import borrowed, leftovers

    settings = door_.settings()
    unsaid = [*keeping.check_templates(settings), *borrowed(settings)]
    unasked, unsendable = keeping.compare(settings)
    left = leftovers(settings)
    counts = ", ".join(
        counted(len(things), word)
        for things, word in (
            (settings.sources, "source"),
            (settings.sections, "section"),
            (settings.digests, "digest"),
        )
    )
    lines = [f"The configuration in {settings.folder} is sound: {counts}."]
    lines += [f"Not held against what was there before: {unasked}."] if unasked else []
    lines += ["Until this is mended, what it names cannot be sent:"] if unsendable else []
    lines += [f"  {problem}" for problem in unsendable]
    lines += [str(problem) for problem in unsaid]
    lines += ["Still as the template has it, and to be yours before you publish:"] if left else []
    lines += [f"  {problem}" for problem in left]
    door_.show(
        {
            "ok": True,
            "folder": str(settings.folder),
            "sources": [source.slug for source in settings.sources],
            "sections": [section.slug for section in settings.sections],
            "digests": [digest.slug for digest in settings.digests],
            "warnings": [
                {"where": p.where, "key": p.key, "message": p.message} for p in (*unsendable, *unsaid, *left)
            ],
        },
        "\n".join(lines),
    )


@config.command()
@door
def show(door_: Door) -> None:
    """Show the values in force.

    Files and environment are taken together; secrets are masked.

    \b
    Example:
      publisher config show | grep timezone
    """
    import json

    from publisher.settings import effective

    values = effective(door_.settings())
    door_.show(values, json.dumps(values, ensure_ascii=False, indent=2, default=str))


COMMANDS = (init, config)
