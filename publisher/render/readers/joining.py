"""Pages of joining and leaving. PURE. What the form says is what a reader agrees to: `consent` gives that wording and its version."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from publisher.render.readers.base import Act, House, Offer, Part, frame, masked, note, rendered
from publisher.render.readers.choosing import Choices
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = [
    "confirm_page",
    "confirmed_page",
    "consent",
    "join_page",
    "leave_page",
    "left_page",
    "mail_sent_page",
]


def consent(words: Words, house: House, digest: str) -> tuple[str, str]:
    """The wording under which somebody asks for a digest, and its version."""
    text = words.fill(
        "By sending this you ask %(site)s for %(digest)s by mail. We write to you once to make sure that the address is yours; nothing else comes until you say yes there. Every mail has a link to leave with one click.",
        site=house.name,
        digest=digest,
    )
    return text, sha256(text.encode()).hexdigest()[:16]


def join_page(
    house: House,
    words: Words,
    *,
    digest: str,
    slug: str,
    action: str,
    choices: Choices,
    token: str,
    email: str = "",
    wrong: bool = False,
    again: bool = False,
    tongues: Sequence[Offer] = (),
    others: Sequence[Offer] = (),
    templates: Templates,
) -> bytes:
    """The form for joining. `wrong`: the address was refused; `again`: it is to be looked at once more, and sent again."""
    _ = words.gettext
    said = ""
    if wrong:
        said = _("This is not a mail address that can be written to. Please look at it again.")
    elif again:
        said = _("Please look at your request once more, and send it.")
    page = frame(
        house,
        words,
        heading=digest,
        about=words.fill("From %(site)s, by mail.", site=house.name),
        said=said,
        wrong=wrong,
        tongues=tongues,
        others=others,
    )
    form = {
        "action": action,
        "digest": slug,
        "email": email,
        "token": token,
        "consent": consent(words, house, digest)[0],
        **choices.data(),
    }
    return rendered(templates, "subscribe", words, page=page, form=form)


def mail_sent_page(house: House, words: Words, *, templates: Templates) -> bytes:
    """The one answer to every request of a form, whoever the address is."""
    _ = words.gettext
    return note(
        house,
        words,
        heading=_("Check your mail"),
        lines=[
            _(
                "A mail with a link is on its way, if this address may be written to. Nothing changes until you open the link."
            ),
        ],
        fine=_(
            "Nothing there after a few minutes? Look into the spam folder, and check that the address was typed correctly."
        ),
        templates=templates,
    )


def confirm_page(
    house: House, words: Words, *, digest: str, address: str, action: str, templates: Templates
) -> bytes:
    """What the link of a confirmation shows: one button."""
    return note(
        house,
        words,
        heading=words.fill("Confirm %(digest)s", digest=digest),
        lines=[
            words.fill(
                "Press the button, and %(digest)s comes to %(address)s.",
                digest=digest,
                address=masked(address),
            )
        ],
        primary=[Act(action=action, label=words.gettext("Yes, send it to me"))],
        fine=words.gettext("If it was not you who asked, close this page: nothing will come."),
        templates=templates,
    )


def confirmed_page(
    house: House, words: Words, *, digest: str, address: str, preferences: str, templates: Templates
) -> bytes:
    """Confirmed."""
    return note(
        house,
        words,
        heading=words.gettext("Welcome"),
        lines=[
            words.fill("%(digest)s comes to %(address)s from now on.", digest=digest, address=masked(address))
        ],
        links=[Offer(words.gettext("Change what you get"), preferences)],
        templates=templates,
    )


def barred_page(house: House, words: Words, *, digest: str, address: str, templates: Templates) -> bytes:
    """A confirmation of an address that must not be mailed. Why is not said: the link may be in other hands than the cause concerns."""
    return note(
        house,
        words,
        heading=words.gettext("No mail goes to this address"),
        lines=[
            words.fill(
                "We send nothing to %(address)s at present, so your subscription to %(digest)s is not confirmed. Nothing was changed.",
                digest=digest,
                address=masked(address),
            ),
            words.gettext(
                "If you want it all the same, write to us: our address stands at the foot of this page."
            ),
        ],
        templates=templates,
    )


def leave_page(
    house: House, words: Words, *, digest: str, address: str, action: str, templates: Templates
) -> bytes:
    """What the link to leave shows: one button."""
    return note(
        house,
        words,
        heading=words.gettext("Unsubscribe"),
        lines=[
            words.fill(
                "One click, and %(digest)s no longer comes to %(address)s.",
                digest=digest,
                address=masked(address),
            )
        ],
        primary=[
            Act(
                action=action, label=words.gettext("Unsubscribe"), hidden=(("List-Unsubscribe", "One-Click"),)
            ),
        ],
        templates=templates,
    )


def left_page(
    house: House, words: Words, *, digest: str, address: str, action: str, templates: Templates
) -> bytes:
    """Left; with a way back by a new confirmation."""
    _ = words.gettext
    back = Act(action=action, label=_("Bring me back"), manner="quiet", hidden=(("act", "back"),))
    return note(
        house,
        words,
        heading=_("You have left"),
        lines=[
            words.fill(
                "%(digest)s no longer comes to %(address)s. This holds at once, also for a mail that is just being sent.",
                digest=digest,
                address=masked(address),
            )
        ],
        parts=[
            Part(_("A mistake?"), (_("We can send you a mail; with the link in it you are back."),), (back,))
        ]
        if address
        else [],
        templates=templates,
    )
