"""Knowing: readers' attributes, kept and looked up, and whom a segment's rule means."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any as Anything

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, literal, not_, or_, select

from subscribers.attributes import Value
from subscribers.audience.rows import insert
from subscribers.schema import attribute_value, consent, subscription
from subscribers.segments import All, Any, Compare, Not, Rule

__all__ = ["attributes_of", "forget_attributes", "keep_attributes", "meant"]

SIGNS: Mapping[str, Callable[[Anything, Anything], Anything]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def keep_attributes(connection: Connection, known: Iterable[tuple[int, str, Value]]) -> None:
    """Keep what is known of readers: (id, name, value); a newer value takes the place of an older one."""
    rows = [
        {"subscriber_id": subscriber_id, "name": name, "value": value.text, "number": value.number}
        for subscriber_id, name, value in known
    ]
    if rows:
        statement = insert(connection, attribute_value)
        newer = {"value": statement.excluded.value, "number": statement.excluded.number}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["subscriber_id", "name"], set_=newer), rows
        )


def attributes_of(connection: Connection, subscriber_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """What is known of these readers, by name."""
    found: dict[int, dict[str, str]] = {}
    query = select(attribute_value).where(attribute_value.c.subscriber_id.in_(list(subscriber_ids)))
    for row in connection.execute(query.order_by(attribute_value.c.subscriber_id, attribute_value.c.name)):
        found.setdefault(row.subscriber_id, {})[row.name] = row.value
    return found


def forget_attributes(connection: Connection, subscriber_id: int) -> None:
    """Erasure: nothing is known of this reader any more."""
    connection.execute(delete(attribute_value).where(attribute_value.c.subscriber_id == subscriber_id))


def meant(rule: Rule) -> ColumnElement[bool]:
    """Whether a rule means a subscription's reader: for a statement that reads `subscription`."""
    match rule:
        case All(rules):
            return and_(*map(meant, rules))
        case Any(rules):
            return or_(*map(meant, rules))
        case Not(inner):
            return not_(meant(inner))
        case Compare():
            return _compared(rule)


def _compared(rule: Compare) -> ColumnElement[bool]:
    texts = [value.text for value in rule.values]
    match rule.name:
        case "language":
            return _held(subscription.c.language, rule.sign, texts)
        case "section":
            everything = subscription.c.sections == ""
            padded = literal(" ") + subscription.c.sections + literal(" ")
            has = or_(everything, *(padded.contains(f" {text} ", autoescape=True) for text in texts))
            return not_(has) if rule.sign == "!=" else has
        case "source":
            return _held(_source(), rule.sign, texts)
    numbers = [value.number for value in rule.values]
    column, wanted = (
        (attribute_value.c.value, texts) if None in numbers else (attribute_value.c.number, numbers)
    )
    return exists(
        select(attribute_value.c.subscriber_id)
        .where(
            attribute_value.c.subscriber_id == subscription.c.subscriber_id,
            attribute_value.c.name == rule.name,
            _held(column, rule.sign, wanted),
        )
        .correlate(subscription)
    )


def _held(column: ColumnElement[Anything], sign: str, wanted: list[Anything]) -> ColumnElement[bool]:
    if sign == "in":
        return column.in_(wanted)
    compared: ColumnElement[bool] = SIGNS[sign](column, wanted[0])
    return compared


def _source() -> ColumnElement[str]:
    """Where a subscription came from first: a list's batch, a form named by its evidence, else the desk."""
    formed = exists(
        select(consent.c.id)
        .where(
            consent.c.subscriber_id == subscription.c.subscriber_id,
            consent.c.digest == subscription.c.digest,
            consent.c.form.is_not(None),
        )
        .correlate(subscription)
    )
    return case((subscription.c.batch_id.is_not(None), "import"), (formed, "form"), else_="desk")
