"""Mailing an edition: who gets it, the ledger opened for them, the run, and what a person can do about it afterwards.

A dispatch is frozen before anything leaves: every reader has a row, in chunks of equal variants, and each variant's rendering is
cleared and stored. A freeze that was cut short goes on where it stopped. Sending the same edition twice is a conflict.
"""

from publisher.desk.mailing.freeze import begin
from publisher.desk.mailing.going import (
    OF_EDITIONS,
    OF_FOLLOWUPS,
    OF_NOTICES,
    due,
    go_on,
    halted,
    next_due,
    paused,
    ready,
    undecided,
)
from publisher.desk.mailing.plan import Plan, plan
from publisher.desk.mailing.report import (
    NOTICES,
    Report,
    counts,
    doubtful,
    listing,
    recover,
    report,
    subject_of,
)
from publisher.desk.mailing.revising import revise
from publisher.desk.mailing.send import Sender, run
from publisher.desk.mailing.settle import cancel, pause, resolve, resume, retry, try_relays
from publisher.desk.mailing.trial import Trial, trial

__all__ = [
    "NOTICES",
    "OF_EDITIONS",
    "OF_FOLLOWUPS",
    "OF_NOTICES",
    "Plan",
    "Report",
    "Sender",
    "Trial",
    "begin",
    "cancel",
    "counts",
    "doubtful",
    "due",
    "go_on",
    "halted",
    "listing",
    "next_due",
    "pause",
    "paused",
    "plan",
    "ready",
    "recover",
    "report",
    "resolve",
    "resume",
    "retry",
    "revise",
    "run",
    "subject_of",
    "trial",
    "try_relays",
    "undecided",
]
