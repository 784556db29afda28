"""The audience: who asked for what, who has left, who must not be mailed, and who gets a digest. Functions over a Connection.

Promises:
- Leaving and suppression hold from the moment their transaction has committed: the flags that the sender's mark reads
  change in it, on the very rows that the mark reads (and, on PostgreSQL, locks).
- A token's leaving, and `leave` with a digest, ends that digest and nothing else. `leave` without one ends all and keeps a
  suppression of cause "left". Either is undone only by the reader asking again with evidence; an old list brings nobody back.
- A suppression survives the erasure of the person, and is of each address that was theirs. Asking again never downgrades anybody.
- Each step keeps its evidence; every function takes `now` and `actor`.

By verb: `joining` (add, leave, erase, and whom a list says to be gone), `asking` (what forms ask for, and links of one use), `choosing` (what a reader decides with such a
link), `former` (addresses they had before), `refusing` (suppress and undo), `knowing` (attributes, and whom a segment means), `looking` (find, list, evidence), `mailing` (segment, and what the sender asks: `mailable`,
`still_wanted`).
"""

from __future__ import annotations

from subscribers.audience.asking import (
    Asked,
    answer,
    anybody_waits,
    ask,
    asked_by,
    forget_old,
    issue,
    keep_text,
    mailed_since,
    spend,
    ticket_of,
    waiting,
    written_to,
)
from subscribers.audience.choosing import choose, confirm, move, set_timezone, taken
from subscribers.audience.former import keys_of
from subscribers.audience.joining import add, erase, leave, refuse_gone
from subscribers.audience.knowing import attributes_of, keep_attributes, meant
from subscribers.audience.looking import (
    Evidence,
    evidence,
    find,
    get,
    listing,
    newest_network,
    stored_sections,
    subscriptions,
)
from subscribers.audience.mailing import (
    No,
    Reader,
    Wanted,
    anybody_apart,
    lock_for_mark,
    mailable,
    not_meant,
    section_choices,
    segment,
    still_wanted,
)
from subscribers.audience.refusing import suppress, suppressed, suppressions, undo_suppression

__all__ = [
    "Asked",
    "Evidence",
    "No",
    "Reader",
    "Wanted",
    "add",
    "answer",
    "anybody_apart",
    "anybody_waits",
    "ask",
    "asked_by",
    "attributes_of",
    "choose",
    "confirm",
    "erase",
    "evidence",
    "find",
    "forget_old",
    "get",
    "issue",
    "keep_attributes",
    "keep_text",
    "keys_of",
    "leave",
    "listing",
    "lock_for_mark",
    "mailable",
    "mailed_since",
    "meant",
    "move",
    "newest_network",
    "not_meant",
    "refuse_gone",
    "section_choices",
    "segment",
    "set_timezone",
    "spend",
    "still_wanted",
    "stored_sections",
    "subscriptions",
    "suppress",
    "suppressed",
    "suppressions",
    "taken",
    "ticket_of",
    "undo_suppression",
    "waiting",
    "written_to",
]
