"""Publisher's tables. The database holds the promises: what must be true stands here as a constraint.

One row is one fact: versions, marks, notes, outcomes and events are appended, never rewritten. No foreign key runs from
`delivery` to the subscribers' tables: a delivery is a historical document that keeps its own address until erased.
The tables of people are `subscribers.schema`'s; both live in one database and one migration history.
"""

from publisher.store.schema.access import api_request, api_token
from publisher.store.schema.common import metadata
from publisher.store.schema.editions import (
    approval,
    edition,
    edition_item,
    edition_revision,
    rendering,
    variant,
)
from publisher.store.schema.house import (
    desk_mark,
    desk_tie,
    editors_note,
    event,
    fact,
    page_look,
    quarantine,
    source_state,
    story,
    story_alias,
    story_same,
    story_section,
    story_version,
    swept_post,
)
from publisher.store.schema.ledger import (
    DELIVERY_STATE,
    breaker,
    bucket,
    chunk,
    chunk_member,
    delivery,
    delivery_state,
    dispatch,
    followup,
    note,
    outcome,
    returned,
    told,
    worker,
)
from publisher.store.schema.public import hub_ping, out_folder, public_file
from publisher.store.schema.webhooks import webhook_out

__all__ = [
    "DELIVERY_STATE",
    "api_request",
    "api_token",
    "approval",
    "breaker",
    "bucket",
    "chunk",
    "chunk_member",
    "delivery",
    "delivery_state",
    "desk_mark",
    "desk_tie",
    "dispatch",
    "edition",
    "edition_item",
    "edition_revision",
    "editors_note",
    "event",
    "fact",
    "followup",
    "hub_ping",
    "metadata",
    "note",
    "out_folder",
    "outcome",
    "page_look",
    "public_file",
    "quarantine",
    "rendering",
    "returned",
    "source_state",
    "story",
    "story_alias",
    "story_same",
    "story_section",
    "story_version",
    "swept_post",
    "told",
    "variant",
    "webhook_out",
    "worker",
]
