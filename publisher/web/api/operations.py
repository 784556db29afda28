"""Every operation of the API, declared: where it is, who may use it, what it takes and gives, and the desk's function that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from publisher.desk import acts, mailing, overview, readers, restoring, subscribing
from publisher.newsroom import Newsroom
from publisher.web.api import shapes
from subscribers.errors import UnknownSubscriber

__all__ = ["OPERATIONS", "Call", "Operation"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked. `path`: its parts by name; `query` and `body` are of the operation's shapes."""

    newsroom: Newsroom
    actor: str
    now: datetime
    path: Mapping[str, str]
    query: Any = None
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation.

    Attributes:
        name: `operationId`.
        path: below /api/v1; `{number}` parts are digits, others words.
        gives: shape of the answer; with `listed` of each of its items; None: no content.
        subject: of an act, the number or id of what it was done to, from its answer: a repeat under the same Idempotency-Key is answered with `shown_by`.
    """

    name: str
    method: str
    path: str
    scope: str
    summary: str
    do: Callable[[Call], Any]
    gives: type[BaseModel] | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    listed: bool = False
    status: int = 200
    shown_by: Callable[[Call, str], Any] | None = field(default=None)


def _subscribers(call: Call) -> Any:
    if call.query.address is not None:
        try:
            return [readers.record(call.newsroom, call.query.address)]
        except UnknownSubscriber:
            return []
    return readers.listing(
        call.newsroom, digest=call.query.digest, after=call.query.cursor, limit=call.query.limit
    )


def _subscriber(call: Call) -> Any:
    return subscribing.reader(call.newsroom, int(call.path["number"]))


def _subscribe(call: Call) -> Any:
    made = readers.add(
        call.newsroom,
        call.body.address,
        digest=call.body.digest,
        language=call.body.language,
        sections=call.body.sections,
        rhythm=call.body.rhythm,
        basis=call.body.basis,
        actor=call.actor,
        now=call.now,
    )
    return subscribing.reader(call.newsroom, made["id"])


def _prefer(call: Call) -> Any:
    number, digest = int(call.path["number"]), call.path["digest"]
    subscribing.prefer(
        call.newsroom,
        number,
        digest,
        language=call.body.language,
        sections=call.body.sections,
        rhythm=call.body.rhythm,
    )
    return subscribing.reader(call.newsroom, number)


def _leave(call: Call) -> Any:
    number, digest = int(call.path["number"]), call.path["digest"]
    subscribing.leave(call.newsroom, number, digest, actor=call.actor, now=call.now)


def _stories(call: Call) -> Any:
    return overview.stories(
        call.newsroom,
        section=call.query.section,
        source=call.query.source,
        state=call.query.state,
        limit=call.query.limit,
        after=call.query.cursor,
        now=call.now,
    )


def _story(call: Call) -> Any:
    return overview.story_record(call.newsroom, call.path["id"], now=call.now)


def _act(act: Callable[..., Any]) -> Callable[[Call], Any]:
    def done(call: Call) -> Any:
        act(call.newsroom, call.path["id"], why=call.body.why, actor=call.actor, now=call.now)
        return _story(call)

    return done


def _editions(call: Call) -> Any:
    return overview.editions(
        call.newsroom, series=call.query.digest, feeds=False, limit=call.query.limit, after=call.query.cursor
    )


def _edition(call: Call) -> Any:
    return overview.edition_record(call.newsroom, call.path["id"])


def _dispatches(call: Call) -> Any:
    return mailing.listing(call.newsroom, limit=call.query.limit, after=call.query.cursor)


def _dispatch(call: Call) -> Any:
    return mailing.report(call.newsroom, call.path["id"]).data()


def _reader_again(call: Call, subject: str) -> Any:
    return subscribing.reader(call.newsroom, int(subject))


def _story_again(call: Call, subject: str) -> Any:
    return overview.story_record(call.newsroom, subject, now=call.now)


def _story_act(word: str, summary: str, act: Callable[..., Any]) -> Operation:
    return Operation(
        name=f"{word}Story",
        method="POST",
        path=f"/stories/{{id}}/{word}",
        scope="stories:write",
        summary=summary,
        do=_act(act),
        body=shapes.Because,
        gives=shapes.Story,
        shown_by=_story_again,
    )


OPERATIONS = (
    Operation(
        name="listSubscribers",
        method="GET",
        path="/subscribers",
        scope="subscribers:read",
        summary="Subscribers by number, or the one of an address.",
        do=_subscribers,
        query=shapes.SubscribersAsked,
        gives=shapes.SubscriberRow,
        listed=True,
    ),
    Operation(
        name="addSubscriber",
        method="POST",
        path="/subscribers",
        scope="subscribers:write",
        summary="Add a reader who has asked for a digest. One who is known gets it as asked now.",
        do=_subscribe,
        body=shapes.NewSubscriber,
        gives=shapes.Subscriber,
        status=201,
        shown_by=_reader_again,
    ),
    Operation(
        name="showSubscriber",
        method="GET",
        path="/subscribers/{number}",
        scope="subscribers:read",
        summary="Everything about one reader.",
        do=_subscriber,
        gives=shapes.Subscriber,
    ),
    Operation(
        name="changeSubscription",
        method="PATCH",
        path="/subscribers/{number}/subscriptions/{digest}",
        scope="subscribers:write",
        summary="Change language, sections or rhythm of what a reader gets.",
        do=_prefer,
        body=shapes.Preferences,
        gives=shapes.Subscriber,
    ),
    Operation(
        name="endSubscription",
        method="DELETE",
        path="/subscribers/{number}/subscriptions/{digest}",
        scope="subscribers:write",
        summary="End a digest for a reader; twice is the same as once.",
        do=_leave,
        gives=None,
        status=204,
    ),
    Operation(
        name="listStories",
        method="GET",
        path="/stories",
        scope="stories:read",
        summary="Stories, the newest first.",
        do=_stories,
        query=shapes.StoriesAsked,
        gives=shapes.StoryRow,
        listed=True,
    ),
    Operation(
        name="showStory",
        method="GET",
        path="/stories/{id}",
        scope="stories:read",
        summary="Everything about a story.",
        do=_story,
        gives=shapes.Story,
    ),
    _story_act("hold", "Keep a story back from everything until it is released.", acts.hold),
    _story_act("release", "Let a story go that was held.", acts.release),
    _story_act("kill", "Withdraw a story from everything.", acts.kill),
    _story_act("restore", "Let a story stand again that the house killed by mistake.", restoring.restore),
    Operation(
        name="listEditions",
        method="GET",
        path="/editions",
        scope="editions:read",
        summary="Editions of digests, the newest first.",
        do=_editions,
        query=shapes.EditionsAsked,
        gives=shapes.EditionRow,
        listed=True,
    ),
    Operation(
        name="showEdition",
        method="GET",
        path="/editions/{id}",
        scope="editions:read",
        summary="An edition with its shelves.",
        do=_edition,
        gives=shapes.Edition,
    ),
    Operation(
        name="listDispatches",
        method="GET",
        path="/dispatches",
        scope="dispatches:read",
        summary="Dispatches with their counts, the newest first.",
        do=_dispatches,
        query=shapes.Page,
        gives=shapes.DispatchRow,
        listed=True,
    ),
    Operation(
        name="showDispatch",
        method="GET",
        path="/dispatches/{id}",
        scope="dispatches:read",
        summary="What became of a dispatch.",
        do=_dispatch,
        gives=shapes.Dispatch,
    ),
)
