"""A dispatch for people: what it would be before it is sent, and what became of it. Text only; the desk has the figures."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from publisher.cli.context import cell, counted

if TYPE_CHECKING:
    from publisher.desk.mailing import Plan

__all__ = ["plan_text", "report_lines", "state_said"]


def state_said(state: str, senders: Collection[object]) -> str:
    """A dispatch's state in a word for people: one that is `sending` in the ledger waits while nobody sends it."""
    return "waiting" if state == "sending" and not senders else state


def report_lines(report: Any) -> list[str]:
    """A dispatch's report for people: it adds up, and says what to do next."""
    counts = report.counts
    lines = [
        f"Dispatch {report.dispatch_id} of {report.subject}: {state_said(report.state, report.workers)}",
        f"  planned     {counts.planned:>8}",
        f"  accepted    {counts.accepted:>8}",
        f"  waiting     {counts.waiting:>8}",
        f"  failed      {counts.failed:>8}",
        f"  suppressed  {counts.suppressed:>8}",
        f"  expired     {counts.expired:>8}",
        f"  cancelled   {counts.cancelled:>8}",
        f"  uncertain   {counts.uncertain:>8}",
    ]
    if report.came_back:
        kinds = ", ".join(f"{number} {kind}" for kind, number in report.came_back.items())
        lines.append(f"  came back   {sum(report.came_back.values()):>8}  ({kinds})")
    if report.resend:
        lines.append(f"Of those who wait {report.resend} may have got it: in doubt, and to be sent again.")
    lines += [
        f"Deferred: {counted(entry['deliveries'], 'delivery', 'deliveries')}, next {cell(entry['next_at'])}: "
        f"{_said(entry)}"
        for entry in report.deferred
    ]
    lines += [_left_alone(entry) for entry in report.left_alone]
    named = {entry["name"] for entry in report.left_alone if entry["what"] == "relay"}
    if not report.relay_trouble:
        lines += [
            f"Relay {cell(name)} could not be used: {cell(why)}."
            for name, why in report.ailing
            if name not in named
        ]
    lines += _stopped(report)
    lines += [f"  {entry['state']:<10} {entry['address']}  {_said(entry)}" for entry in report.notable]
    lines += [
        f"Sending: process {worker['pid']} on {worker['host']}, since {cell(worker['since'])}."
        for worker in report.workers
    ]
    if report.canary:
        lines.append(f"Canary: {_canary(report.canary, report.counts.expired)}.")
    if report.canary_until is not None:
        lines.append(
            f"It goes on by `publisher run` or a `publisher worker`; `publisher dispatch resume {report.dispatch_id}` waits and goes on, "
            "with --no-canary at once."
        )
    elif report.only_deferred:
        lines.append(
            f"Nobody is due before {cell(min(entry['next_at'] for entry in report.deferred))}; then `publisher run` goes on, or "
            f"`publisher dispatch resume {report.dispatch_id}`."
        )
    elif report.goes_on and not report.workers:
        lines.append(
            f"Nobody is sending; `publisher dispatch resume {report.dispatch_id}` goes on with those who wait."
        )
    if counts.uncertain or report.resend:
        lines.append(
            f"`publisher dispatch resolve {report.dispatch_id}` names those in doubt, and settles them."
        )
    return lines


def _stopped(report: Any) -> list[str]:
    """Why it stands still, by a rule or a person."""
    if report.halt:
        return [f"Halted: {report.halt}."]
    if (act := report.stopped) is None:
        return []
    return [f"{report.state.capitalize()}: {cell(act['why'])} (by {cell(act['actor'])}, {cell(act['at'])})."]


def _canary(wave: Any, expired: int) -> str:
    told = f"{wave['accepted']} of {wave['planned']} accepted, {wave['refused']} refused, {wave['complaints']} complained"
    ends = {
        "sending": "the rest waits for them",
        "waiting": f"the rest goes out at {cell(wave['until'])}",
        "halted": "the rest is held back",
        "passed": f"the time was over before all of the rest had followed: {expired} expired"
        if expired
        else "the rest followed",
    }
    return f"{told}; {ends[wave['state']]}"


def _left_alone(entry: Any) -> str:
    """A relay or domain that gets nothing for a while, in plain words."""
    if entry["disbelieved"]:
        why = "it refuses so many mailboxes as dead that it is not believed, and nobody there is suppressed any more"
    else:
        why = cell(entry["reason"])
    what = "Relay" if entry["what"] == "relay" else "Domain"
    until = "is being tried again" if entry["probing"] else f"is left alone until {cell(entry['until'])}"
    return f"{what} {cell(entry['name'])} {until}: {why}."


def _said(entry: Any) -> str:
    """What the relay said of a delivery, else what we say of it."""
    if entry.get("state") == "suppressed":
        return SUPPRESSED.get(
            entry["cause"], f"is suppressed ({cell(entry['cause'])}): `publisher suppression list`"
        )
    if entry.get("state") == entry["cause"] == "resend":
        return "in doubt, and to be sent the same again"
    return f"{entry['code'] or ''} {cell(entry['reply'] or entry['cause'])}".strip()


SUPPRESSED = {"left": "has left", "unconfirmed": "has not confirmed", "erased": "was erased"}
"""What the ledger's causes mean of those who are not mailed though no refusal of theirs, or of their server, is listed."""


NOT_MEANT = {
    "unconfirmed": "not confirmed",
    "suppressed": "must not be written to",
    "segment": "outside its segment",
    "rhythm": "at another hour or rhythm",
}
"""Why an edition is not for somebody who asked for its digest."""


def plan_text(plan: Plan) -> str:
    """What would be sent, from whom, to how many, and to whom first."""
    edition = f"{plan.edition_id} (number {plan.number})"
    stories = counted(plan.items, "story", "stories")
    lines = [f"Edition  {edition}, {stories}, slot {plan.slot:%Y-%m-%d %H:%M}Z"]
    lines += [f"Without  {story_id} ({why})" for story_id, why in plan.barred]
    lines += [f"Subject  {subject}  ({language})" for language, subject in plan.subjects]
    lines += [f"From     {sender}" for sender in plan.senders]
    lines += [f"Relay    {plan.relay}"]
    if plan.canary is not None:
        lines += [f"Canary   {_first(plan.canary)}"]
    lines += [f"Readers  {plan.total}: " + (", ".join(f"{n} {key}" for key, n in plan.readers) or "none")]
    if not plan.total and not plan.without and not plan.not_meant:
        lines += ["         nobody gets it yet: `publisher subscriber add` or `import`"]
    if plan.without:
        others = counted(plan.without, "more reader has", "more readers have")
        lines += [f"         {others} no story here in their language and sections"]
    if plan.not_meant:
        others = counted(sum(n for _, n in plan.not_meant), "other", "others")
        why = ", ".join(f"{n} {NOT_MEANT[reason]}" for reason, n in plan.not_meant)
        lines += [f"         {others} asked for the digest and not for this: {why}"]
    return "\n".join(lines)


def _first(canary: Any) -> str:
    """Who is sent to first, in words."""
    named = f"{counted(canary['named'], 'reader')} named by address"
    share = f"about {canary['share']:g} % of the others" if canary["share"] else ""
    who = " and ".join(part for part in (named if canary["named"] else "", share) if part)
    if not who:
        return "nobody it names gets this digest: all are sent to at once"
    return f"{who} first, the rest {canary['wait']} later if all is well"
