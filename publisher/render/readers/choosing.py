"""Pages on which readers choose what they get, and see to their own data. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from publisher.render.readers.base import Act, House, Part, frame, masked, note, rendered
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = ["Choices", "Option", "account_page", "address_page", "done_page", "preferences_page"]


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a reader may choose in a digest."""

    sections: Sequence[Option]
    languages: Sequence[Option]
    rhythms: Sequence[Option]

    def data(self) -> dict[str, object]:
        """As templates know it."""
        return {
            **{
                name: [asdict(option) for option in getattr(self, name)]
                for name in ("sections", "languages", "rhythms")
            },
            "no_section": "",
        }


def preferences_page(
    house: House,
    words: Words,
    *,
    digest: str,
    address: str,
    action: str,
    choices: Choices | None,
    timezone: str,
    zones: Sequence[str],
    saved: bool = False,
    wrong: bool = False,
    empty: bool = False,
    templates: Templates,
) -> bytes:
    """What a reader gets, to be changed. `choices` None: they do not get the digest at present.

    `wrong`: the time zone is none; `empty`: no section is chosen. Nothing was saved then.
    """
    _ = words.gettext
    to = masked(address)
    form = None
    if choices is not None:
        about = words.fill("%(digest)s comes to %(address)s.", digest=digest, address=to)
        form = {"action": action, "timezone": timezone, "zones": list(zones), **choices.data()}
        if empty:
            form["no_section"] = _("Nothing was saved: choose at least one section, or unsubscribe below.")
        going = Part(
            _("Unsubscribe"),
            (
                words.fill(
                    "One click, and %(digest)s no longer comes to %(address)s.", digest=digest, address=to
                ),
            ),
            (Act(action=action, label=_("Unsubscribe"), manner="grave", hidden=(("act", "leave"),)),),
        )
    else:
        about = words.fill("%(digest)s does not come to %(address)s at present.", digest=digest, address=to)
        going = Part(
            _("Subscribe"),
            (_("We can send you a mail; with the link in it you are back."),),
            (Act(action=action, label=_("Bring me back"), hidden=(("act", "back"),)),),
        )
    own = Part(
        _("Your data"),
        (
            words.fill(
                "To see your data, erase it or move to another address you need a link that we mail to %(address)s. It works once, for one hour.",
                address=to,
            ),
        ),
        (Act(action=action, label=_("Mail me the link"), manner="quiet", hidden=(("act", "account"),)),),
    )
    said = _("This time zone is not known.") if wrong else _("Saved.") if saved else ""
    page = frame(house, words, heading=_("Change what you get"), about=about, said=said, wrong=wrong)
    return rendered(templates, "preferences", words, page=page, form=form, parts=[going.data(), own.data()])


def account_page(
    house: House, words: Words, *, address: str, action: str, wrong: bool = False, templates: Templates
) -> bytes:
    """A person's own data: to be had, moved or erased; whichever it is, the link is used up by it."""
    _ = words.gettext
    move = Act(
        action=action,
        label=_("Move to this address"),
        hidden=(("act", "move"),),
        field=_("New mail address"),
    )
    parts = [
        Part(
            _("Download"),
            (_("Everything that we know about you, in one file."),),
            (Act(action=action, label=_("Download"), hidden=(("act", "export"),)),),
        ),
        Part(
            _("Another address"),
            (_("We write to the new address; it holds as soon as you open the link there."),),
            (move,),
        ),
        Part(
            _("Erase"),
            (
                _(
                    "Your address and all that you chose go for good. What stays is a number made of the address, by which we know never to write to it again."
                ),
            ),
            (Act(action=action, label=_("Erase everything"), manner="grave", hidden=(("act", "erase"),)),),
        ),
    ]
    return note(
        house,
        words,
        heading=_("Your data"),
        said=_("This is not a mail address that can be written to. Please look at it again.")
        if wrong
        else "",
        lines=[
            words.fill(
                "This is about %(address)s. The link works for one of these, once.", address=masked(address)
            )
        ],
        parts=parts,
        templates=templates,
    )


def address_page(house: House, words: Words, *, address: str, action: str, templates: Templates) -> bytes:
    """What the link to a new address shows: one button."""
    return note(
        house,
        words,
        heading=words.gettext("Your new address"),
        lines=[
            words.fill(
                "Press the button, and our mails come to %(address)s from now on.", address=masked(address)
            )
        ],
        primary=[Act(action=action, label=words.gettext("Yes, this is my address"))],
        templates=templates,
    )


def done_page(house: House, words: Words, *, what: str, address: str = "", templates: Templates) -> bytes:
    """An act that is done: "erased", "moved", or "not-moved" because the address is not free."""
    _ = words.gettext
    heading, line = {
        "erased": (_("You are erased"), _("We do not know your address any more, and will not write to it.")),
        "moved": (
            _("Your new address"),
            words.fill("Our mails come to %(address)s from now on.", address=masked(address)),
        ),
        "not-moved": (_("Your new address"), _("This address cannot be used. Nothing was changed.")),
    }[what]
    return note(house, words, heading=heading, lines=[line], templates=templates)
