"""The ledger in the database: freeze, lease, mark, record, recover, report, settle. The only SQL of the dispatch.

Chunks of at most 200 deliveries are leased in one row; committing notes and outcomes are appended in groups; no row is
updated twice. Every condition of a transition stands in the statement that records it. The state of a delivery is read from
the view `delivery_state` and from nowhere else. A delivery's tries count from 1, and each entry in its history (a deferral, a
doubt, a resend, an acceptance) takes the next number. What waits stands in an open chunk, always: that is how nobody is lost.
On PostgreSQL rows are locked in one order: dispatch, chunk, reader.
"""

from publisher.store.deliveries.canary import HALTED_BY_CANARY, Wave, canary_wave, open_all, step
from publisher.store.deliveries.due import due, halted, next_due, next_of_all, paused, ready
from publisher.store.deliveries.ending import expire, prolong_untried
from publisher.store.deliveries.freeze import (
    NewDelivery,
    NewDispatch,
    add_deliveries,
    finish_freeze,
    open_dispatch,
    settle_letter,
)
from publisher.store.deliveries.lease import Lease, Row, claim, close_chunk, release
from publisher.store.deliveries.mark import mark, why_refused
from publisher.store.deliveries.record import Recorded, record
from publisher.store.deliveries.recover import doubt, recover
from publisher.store.deliveries.report import (
    counts,
    deferred,
    dispatch_of,
    doubtful,
    get_dispatch,
    letters,
    list_dispatches,
    notable,
    of_reader,
    open_dispatches,
    resends,
    token_keys,
    variants,
    workers,
)
from publisher.store.deliveries.settle import (
    cancel,
    end_variants,
    forget,
    forget_these,
    halt,
    list_strays,
    lock,
    of_before,
    pause,
    resolve,
    resume,
    retry_failed,
    revise,
)

__all__ = [
    "HALTED_BY_CANARY",
    "Lease",
    "NewDelivery",
    "NewDispatch",
    "Recorded",
    "Row",
    "Wave",
    "add_deliveries",
    "canary_wave",
    "cancel",
    "claim",
    "close_chunk",
    "counts",
    "deferred",
    "dispatch_of",
    "doubt",
    "doubtful",
    "due",
    "end_variants",
    "expire",
    "finish_freeze",
    "forget",
    "forget_these",
    "get_dispatch",
    "halt",
    "halted",
    "letters",
    "list_dispatches",
    "list_strays",
    "lock",
    "mark",
    "next_due",
    "next_of_all",
    "notable",
    "of_before",
    "of_reader",
    "open_all",
    "open_dispatch",
    "open_dispatches",
    "pause",
    "paused",
    "prolong_untried",
    "ready",
    "record",
    "recover",
    "release",
    "resends",
    "resolve",
    "resume",
    "retry_failed",
    "revise",
    "settle_letter",
    "step",
    "token_keys",
    "variants",
    "why_refused",
    "workers",
]
