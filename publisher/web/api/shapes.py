"""What is sent to the API, and the fields of its answers that a program may rely on; there may be more."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from publisher.desk.overview import STATES
from publisher.intake.text import clean
from publisher.legible import visible

__all__ = [
    "Because",
    "Dispatch",
    "DispatchRow",
    "Edition",
    "EditionRow",
    "EditionsAsked",
    "NewSubscriber",
    "Page",
    "Preferences",
    "Problem",
    "StoriesAsked",
    "Story",
    "StoryRow",
    "Subscriber",
    "SubscriberRow",
    "SubscribersAsked",
]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")]


def _said(text: str) -> str:
    """What goes on record: held to the rule of the command line, one line that shows something."""
    line = clean(text)
    if not visible(line):
        raise ValueError("it has no visible character; the record wants a reason")
    return line


Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"),
    AfterValidator(_said),
]


def _digits(value: object) -> object:
    """A number of a query as text: digits alone, where "1.0" and "+5" would do for Pydantic."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("a whole number is wanted")
    return value


class Sent(BaseModel):
    """Base of what comes in: nothing unknown, no text where a number is wanted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Page(Sent):
    """Which page of a list."""

    limit: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Field(max_length=200, description="`next` of the page before")] = None


class SubscribersAsked(Page):
    """Which subscribers."""

    digest: Name | None = None
    address: Annotated[str | None, Field(max_length=254, description="only the one of this address")] = None


class StoriesAsked(Page):
    """Which stories."""

    section: Name | None = None
    source: Name | None = None
    state: Annotated[Literal[STATES] | None, Field()] = None  # type: ignore[valid-type]  # the desk's own list


class EditionsAsked(Page):
    """Which editions."""

    digest: Name | None = None


class NewSubscriber(Sent):
    """Somebody who has asked for a digest, with the evidence that they did. What is left out stays as they had chosen it; no sections: all of them."""

    address: Annotated[str, Field(min_length=3, max_length=254)]
    digest: Name
    language: Name | None = None
    sections: Annotated[list[Name] | None, Field(max_length=100)] = None
    rhythm: Annotated[str | None, Field(max_length=40, description="each, daily 07:00, weekly 5 18:00")] = (
        None
    )
    basis: Annotated[Words, Field(description="how they asked: kept as evidence of consent")]


class Preferences(Sent):
    """What shall change of a subscription; what is left out stays. No sections: all of them."""

    language: Name | None = None
    sections: Annotated[list[Name] | None, Field(max_length=100)] = None
    rhythm: Annotated[str | None, Field(max_length=40)] = None


class Because(Sent):
    """Why: it stands in the record, with the token's name."""

    why: Words


class Told(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(extra="allow")


class SubscriberRow(Told):
    """A subscriber in a list; the address is gone after erasure."""

    id: int
    address: str | None
    status: str
    digests: list[str]
    created_at: datetime


class Subscriber(SubscriberRow):
    """A subscriber with what they asked for, the evidence, and what came back."""

    suppressed: str | None
    subscriptions: list[dict[str, Any]]
    consent: list[dict[str, Any]]
    came_back: list[dict[str, Any]]


class StoryRow(Told):
    """A story in a list."""

    id: str
    version: int
    state: str
    headline: str
    source: str
    source_name: str
    source_url: str
    language: str | None
    sections: list[str]
    received_at: datetime


class Story(StoryRow):
    """A story with its versions and everything that was done to it."""

    original_headline: str
    text: str
    body_unchanged: bool
    editions: list[str]
    versions: list[dict[str, Any]]
    acts: list[dict[str, Any]]


class EditionRow(Told):
    """An edition in a list."""

    id: str
    series: str
    number: int
    revision: int
    slot: datetime
    stories: int
    content_hash: str
    dispatch: str | None


class Edition(EditionRow):
    """An edition with its editor's notes by language, its shelves, and why each story that is not on them is not."""

    languages: list[str]
    notes: dict[str, str]
    shelves: list[dict[str, Any]]
    left_out: list[dict[str, Any]]


class DispatchRow(Told):
    """A dispatch in a list; counts add up to `planned`."""

    id: str
    edition: str | None
    state: str
    created_at: datetime
    counts: dict[str, int]


class Dispatch(DispatchRow):
    """A dispatch with what came back, and those deliveries that somebody should look at, addresses masked."""

    came_back: dict[str, int]


class Problem(Told):
    """RFC 9457; `code` is stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str
