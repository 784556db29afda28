"""How a command ends: one table from errors to exit codes, one place that words them.

The codes are a contract with scripts: 0 done, 2 wrong usage or unknown name, 3 refused, 4 conflict, 5 done but some failed or
in doubt, 75 try later, 78 configuration wrong (the last two from sysexits.h), 130 interrupted. Bugs stay bare: what is
not announced in `errors` ends with its traceback.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Sequence

import click

from publisher import errors
from publisher.cli.context import as_shown, in_utf8
from publisher.errors import PublisherError

__all__ = ["EXITS", "INTERRUPTED", "LATER", "PARTLY", "code_of", "told"]

USAGE, REFUSED, CONFLICT, PARTLY, LATER, CONFIGURATION, INTERRUPTED = 2, 3, 4, 5, 75, 78, 130

EXITS: dict[type[Exception], int] = {
    errors.BadInput: USAGE,
    errors.InputUnreadable: USAGE,
    errors.Unstorable: USAGE,
    errors.UnknownName: USAGE,
    errors.AmbiguousName: USAGE,
    errors.Refused: REFUSED,
    errors.GateRefused: REFUSED,
    errors.MailTooLarge: REFUSED,
    errors.NothingToPublish: REFUSED,
    errors.Conflict: CONFLICT,
    errors.AlreadyMade: CONFLICT,
    errors.AlreadySent: CONFLICT,
    errors.StoreUnavailable: LATER,
    errors.StoreLocked: LATER,
    errors.StoreFull: LATER,
    errors.RelayUnavailable: LATER,
    errors.MailboxUnavailable: LATER,
    errors.MailNotTaken: LATER,
    errors.StoreOutdated: CONFIGURATION,
    errors.StoreNewer: CONFIGURATION,
    errors.FolderUnwritable: CONFIGURATION,
    errors.FolderFull: LATER,
    errors.ConfigurationInvalid: CONFIGURATION,
    errors.ConfigurationOutdated: CONFIGURATION,
    errors.TemplateInvalid: CONFIGURATION,
}
"""Every announced error has its own line here; a test fails when one is missing."""


def people_exits() -> dict[type[Exception], int]:
    """The same for the errors of the subscribers' package, which is imported only when it was used."""
    from subscribers import errors as people

    return {
        people.SubscribersError: USAGE,
        people.AttributeRefused: USAGE,
        people.SegmentUnreadable: USAGE,
        people.AddressRefused: USAGE,
        people.AddressSuppressed: CONFLICT,
        people.ListUnreadable: USAGE,
        people.RhythmUnknown: USAGE,
        people.StagingFailed: LATER,
        people.UnknownSubscriber: USAGE,
    }


def code_of(error: Exception) -> int:
    """The exit code of an announced error; KeyError for one that the tables lack."""
    table = EXITS if isinstance(error, PublisherError) else people_exits()
    return table[type(error)]


def told(command: click.Command, arguments: Sequence[str]) -> int:
    """Run the command; whatever it announces is said in one sentence (with --json also as data); returns the exit code."""
    as_json = "--json" in itertools.takewhile(lambda word: word != "--", arguments)
    try:
        _readable(arguments)
        result = command.main(args=list(arguments), prog_name="publisher", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort as stop:
        said = str(stop) or "stopped"
        if as_json:
            _as_json("stopped", said, {})
        click.echo(as_shown(f"publisher: {said}", sys.stderr), err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as bare:
        _only_help(bare, as_json=as_json)
        return USAGE
    except click.ClickException as wrong:
        said = _in_our_words(wrong)
        if as_json:
            _as_json("usage", said, {})
        click.echo(as_shown(f"publisher: {said}", sys.stderr), err=True)
        return USAGE
    except Exception as error:
        if not _announced(error):
            raise
        facts = getattr(error, "facts", {})
        if as_json:
            _as_json(getattr(error, "code", "error"), str(error), facts)
        click.echo(as_shown(f"publisher: {error}", sys.stderr), err=True)
        return code_of(error)
    return result if isinstance(result, int) else 0


def _only_help(bare: click.exceptions.NoArgsIsHelpError, *, as_json: bool) -> None:
    """A group without a command: whoever types that wants to see what there is, and a script has lost a word."""
    if as_json:
        said = f"missing command (see `{bare.ctx.command_path} --help`)"
        _as_json("usage", said, {})
        click.echo(f"publisher: {said}", err=True)
    else:
        click.echo(bare.ctx.get_help())


def _in_our_words(wrong: click.ClickException) -> str:
    """What click refuses, as everything else is refused: one sentence, and where to read on."""
    said = wrong.format_message().strip().removesuffix(".")
    said = said if said[1:2].isupper() else f"{said[:1].lower()}{said[1:]}"
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    if context is None:
        return said
    return f"{said} (see `{context.command_path} --help`)"


def _readable(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text in the locale's encoding: neither a database nor a feed could hold them."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode("utf-8", "backslashreplace").decode()
            raise click.UsageError(
                f"{shown} is not text in this locale's encoding; UTF-8 is wanted"
            ) from None


def _announced(error: Exception) -> bool:
    if isinstance(error, PublisherError):
        return True
    people = sys.modules.get("subscribers.errors")
    return people is not None and isinstance(error, people.SubscribersError)


def _as_json(code: str, sentence: str, facts: object) -> None:
    document = {"error": {"code": code, "message": sentence, "facts": facts}}
    click.echo(json.dumps(document, ensure_ascii=not in_utf8(sys.stdout), default=str))
