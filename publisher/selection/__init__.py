"""Which stories an edition holds, in which order, and why each other candidate is not among them.

PURE. Equal input gives equal output: the order is total (every tie ends at the story id), and time is an argument.
Candidates are judged by when they became *eligible* here, not by the date they claim, so that a late, embargoed or undated
story is neither lost nor doubled (decisions 4, 5 and 11). A pin beats order, quota and window; nothing beats a kill, a
hold, an embargo, missing rights or the desk's drop.
"""

from publisher.selection.byhand import Tie, by_hand, in_force
from publisher.selection.candidates import Act, Candidate, Mark, Selection, barred, claimed, claimed_by
from publisher.selection.candidates import item as item_of
from publisher.selection.digest import select_digest
from publisher.selection.events import Events
from publisher.selection.fitting import roomier
from publisher.selection.grouping import SPAN, Groups, grouped
from publisher.selection.rules import belongs
from publisher.selection.timeline import select_feed, withdrawn_item

__all__ = [
    "SPAN",
    "Act",
    "Candidate",
    "Events",
    "Groups",
    "Mark",
    "Selection",
    "Tie",
    "barred",
    "belongs",
    "by_hand",
    "claimed",
    "claimed_by",
    "grouped",
    "in_force",
    "item_of",
    "roomier",
    "select_digest",
    "select_feed",
    "withdrawn_item",
]
