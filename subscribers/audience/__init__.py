"""The audience: who asked for what, who has left, who must not be mailed, and who gets a digest. Functions over a Connection.

Promises:
- Leaving and suppression hold from the moment their transaction has committed: the flags that the sender's mark reads
  change in it, on the very rows that the mark reads (and, on PostgreSQL, locks).
- A token's leaving, and `leave` with a digest, ends that digest and nothing else. `leave` without one ends all and keeps a
  suppression of cause "left". Either is undone only by the reader asking again with evidence; an old list brings nobody back.
- A suppression survives the erasure of the person. Asking again never downgrades anybody.
- Each step keeps its evidence; every function takes `now` and `actor`.

By verb: `joining` (add, leave, erase), `refusing` (suppress and undo), `looking` (find, list, evidence), `mailing` (segment, and
what the sender asks: `mailable`, `still_wanted`).
"""

from __future__ import annotations

from subscribers.audience.joining import add, erase, leave
from subscribers.audience.looking import (
    Evidence,
    evidence,
    find,
    get,
    listing,
    stored_sections,
    subscriptions,
)
from subscribers.audience.mailing import (
    No,
    Reader,
    Wanted,
    lock_for_mark,
    mailable,
    segment,
    still_wanted,
)
from subscribers.audience.refusing import suppress, suppressed, suppressions, undo_suppression

__all__ = [
    "Evidence",
    "No",
    "Reader",
    "Wanted",
    "add",
    "erase",
    "evidence",
    "find",
    "get",
    "leave",
    "listing",
    "lock_for_mark",
    "mailable",
    "segment",
    "still_wanted",
    "stored_sections",
    "subscriptions",
    "suppress",
    "suppressed",
    "suppressions",
    "undo_suppression",
]
