"""`dkim`: keys that sign mails, and the DNS records of them."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, door

__all__ = ["COMMANDS"]


def _selector(_context: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    from publisher.settings.values import selector

    try:
        return value and selector(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def dkim() -> None:
    """Keys that sign mails, and their DNS records."""


@dkim.command()
@click.option(
    "--selector",
    metavar="S",
    callback=_selector,
    help="The name under which the key is published; a new key gets a new one. Else publisher, or publisher-ed25519.",
)
@click.option("--ed25519", is_flag=True, help="A key for the second signature; the first is always RSA.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; else dkim-SELECTOR.pem beside publisher.toml.",
)
@door
def keygen(door_: Door, selector: str | None, ed25519: bool, out: Path | None) -> None:
    """Make a key, and print the record to publish.

    The file is readable by you alone; one that is there is never overwritten. The configuration need not be complete
    yet: where it does not tell the sender's domain, the record's name stands without it.

    \b
    Example:
      publisher dkim keygen --selector wire2026
      publisher dkim keygen --ed25519 --selector wire2026e --out /etc/publisher/dkim-wire2026e.pem
    """
    import json
    import os

    from publisher.desk import signing
    from publisher.dkim import ED25519, RSA
    from publisher.errors import ConfigurationInvalid
    from publisher.settings.files import find

    selector = selector or ("publisher-ed25519" if ed25519 else "publisher")
    path = out or find(door_.config, os.environ) / f"dkim-{selector}.pem"
    try:
        names = signing.domains(door_.settings())
    except ConfigurationInvalid:  # [dkim] may name the very file that is about to be made
        names = ()
    key = signing.make_key(path, selector=selector, algorithm=ED25519 if ed25519 else RSA)
    prefix = "ed25519_" if ed25519 else ""
    door_.show_long(
        {"written": str(path), "selector": selector, "algorithm": key.algorithm},
        "records",
        iter(signing.records([key], names)),
        line=lambda row: str(row["zone"]),
        text="\n".join(
            [
                "",
                f"wrote {path}: keep it out of version control, and readable by you alone.",
                "Publish the record above; when it answers, sign with the key: under [dkim] in publisher.toml,",
                "",
                f'{prefix}selector = "{selector}"',
                f"{prefix}key_file = {json.dumps(str(path.resolve()) if out else path.name, ensure_ascii=False)}",
            ]
        ),
    )


@dkim.command()
@door
def record(door_: Door) -> None:
    """Print the DNS records of the keys in force.

    While [dkim] names none, those of the keys that `dkim keygen` made beside publisher.toml: they are published before they sign. One for each key and each domain that signs, as a zone file has them; with --json also as one text, and in strings.

    \b
    Example:
      publisher dkim record
      publisher dkim record --json
    """
    from publisher.desk import signing

    settings = door_.settings()
    keys = settings.dkim.keys or signing.made(settings)
    rows = signing.records(keys, signing.domains(settings))
    if not settings.dkim.keys:
        click.echo("publisher: not in force yet: [dkim] in publisher.toml names no key", err=True)
    door_.show_long({"next": None}, "items", iter(rows), line=lambda row: str(row["zone"]), text="")


COMMANDS = (dkim,)
