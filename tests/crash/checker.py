"""The one judge of a run: the server's own log held against the ledger, by the invariants L D S B I R.

L nobody lost: everybody frozen has a final state, and each `accepted` is in the server's log.
D doubles: only rows that were marked beforehand, each copy beyond the first a doubt that the ledger names; doubts: of each life
  of a sender that was killed at most one for each of its connections, and one for each connection that was cut.
S nobody is marked after their suppression, or after they left.
B all copies of a message are equal, and a Message-ID belongs to one row.
I the file is whole, and every history is one that the rules allow.
R the report adds up and says what the server says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from publisher.ledger import FINAL, MOVES, State
from publisher.store import deliveries
from publisher.store.db import Database
from tests.smtpd import Message

__all__ = ["Verdict", "check", "open_marks"]

DIED = "the sender died after the mark"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, for a test's own expectations."""

    copies: Counter[str]
    doubles: int
    states: Counter[str]


def check(
    database: Database,
    taken: Sequence[Message],
    *,
    dispatch_id: str,
    connections: int,
    kills: int = 0,
    cuts: int = 0,
    finished: bool = True,
) -> Verdict:
    """Hold the log against the ledger; AssertionError names the first row that breaks an invariant.

    `kills`: how often the sender died; `cuts`: how often, at most, a connection was cut or fell silent after a dot.
    `finished`: whether everybody must have come to an end.
    """
    rows = _rows(database, dispatch_id)
    by_message_id = {row["message_id"]: row for row in rows}
    copies: Counter[str] = Counter(message.message_id for message in taken)
    outcomes, notes = _outcomes(database), _notes(database)

    for row in rows:  # L
        state = State(row["state"])
        assert state in FINAL or not finished, f"L: {row} has come to no end"
        if state is State.ACCEPTED:
            assert copies[row["message_id"]] >= 1, f"L: {row} is accepted, and the server never took it"

    doubles = 0  # D
    for message_id, count in copies.items():
        row = by_message_id[message_id]
        marked, history = notes[row["id"]], outcomes[row["id"]]
        assert len(marked) >= count, f"D: {row} was sent {count} times and marked {len(marked)} times"
        doubts = sum(outcome["state"] == "uncertain" for outcome in history)
        open_marks = sum(note["try"] not in {outcome["try"] for outcome in history} for note in marked)
        assert count - 1 <= doubts + open_marks, f"D: {row} was sent {count} times with {doubts} doubts"
        doubles += count - 1
    _check_doubts(outcomes, notes, connections=connections, kills=kills, cuts=cuts)

    _check_silence(database)
    _check_bytes(taken, by_message_id)
    _check_file(database, rows, outcomes, notes)

    with database.read() as connection:  # R
        counts = deliveries.counts(connection, dispatch_id)
    states = Counter(row["state"] for row in rows)
    assert counts.planned == len(rows), f"R: {counts} of {len(rows)} rows"
    for state in FINAL:
        assert getattr(counts, state.value) == states[state.value], f"R: {counts} against {states}"
    return Verdict(copies, doubles, states)


def open_marks(database: Database) -> Counter[str]:
    """How many rows each sender has at the dot, by its id: what a death at this moment leaves in doubt."""
    query = (
        "SELECT n.worker_id, count(*) AS n FROM note n WHERE NOT EXISTS (SELECT 1 FROM outcome o"
        ' WHERE o.delivery_id = n.delivery_id AND o."try" >= n."try") GROUP BY n.worker_id'
    )
    return Counter({row["worker_id"]: row["n"] for row in _all(database, query)})


def _check_doubts(
    outcomes: dict[int, list[dict[str, Any]]],
    notes: dict[int, list[dict[str, Any]]],
    *,
    connections: int,
    kills: int,
    cuts: int,
) -> None:
    """D: every double is a doubt, so the bounds stand on the doubts: by the life that left them, and by cuts."""
    died: Counter[str] = Counter()
    lost = 0
    for delivery_id, marked in notes.items():
        causes = {o["try"]: o["cause"] for o in outcomes[delivery_id] if o["state"] == "uncertain"}
        for note in marked:
            cause = causes.get(note["try"])
            died[note["worker_id"]] += cause == DIED
            lost += cause not in {DIED, None}
    for worker, left in died.items():
        assert left <= connections, f"D: {worker} died with {connections} connections and left {left} doubts"
    assert sum(left > 0 for left in died.values()) <= kills, f"D: {died} of {kills} kills"
    assert lost <= cuts, f"D: {lost} doubts of {cuts} cuts"


def _check_silence(database: Database) -> None:
    """S: times are those of transactions under one write lock, so they order marks and refusals."""
    late = (
        "SELECT n.delivery_id FROM note n JOIN delivery d ON d.id = n.delivery_id"
        " JOIN suppression s ON s.addr_key = d.addr_key WHERE n.at > s.at"
    )
    left = (
        "SELECT n.delivery_id FROM note n JOIN delivery d ON d.id = n.delivery_id"
        " JOIN consent c ON c.subscriber_id = d.subscriber_id WHERE c.step = 'left' AND n.at > c.at"
    )
    for query in (late, left):
        found = _all(database, query)
        assert not found, f"S: marked after they had left: {found}"


def _check_bytes(taken: Sequence[Message], by_message_id: dict[str, dict[str, Any]]) -> None:
    hashes: defaultdict[str, set[str]] = defaultdict(set)
    for message in taken:
        assert message.message_id in by_message_id, f"B: nobody's message: {message}"
        row = by_message_id[message.message_id]
        assert message.rcpt == row["rcpt"], f"B: {message} belongs to {row}"
        assert not message.bare, f"B: line ends of {message}"
        hashes[message.message_id].add(message.sha256)
    for message_id, found in hashes.items():
        assert len(found) == 1, f"B: copies of {message_id} differ"


def _check_file(
    database: Database,
    rows: list[dict[str, Any]],
    outcomes: dict[int, list[dict[str, Any]]],
    notes: dict[int, list[dict[str, Any]]],
) -> None:
    if database.path is not None:
        assert _all(database, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert not _all(database, "PRAGMA foreign_key_check")
    for row in rows:
        before = State.QUEUED
        for number, outcome in enumerate(outcomes[row["id"]], 1):
            state = State(outcome["state"])
            assert outcome["try"] == number, f"I: a hole in the history of {row}"
            marked = any(note["try"] == number for note in notes[row["id"]])
            start = State.COMMITTING if marked else before if before is not State.QUEUED else State.CLAIMED
            assert state in MOVES[start] | MOVES[State.QUEUED], f"I: {row} went from {start} to {state}"
            assert before not in {State.ACCEPTED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED}, (
                f"I: {row} went on after {before}"
            )
            before = state
        assert len({note["try"] for note in notes[row["id"]]}) == len(notes[row["id"]])


def _rows(database: Database, dispatch_id: str) -> list[dict[str, Any]]:
    query = (
        "SELECT d.id, d.rcpt, d.message_id, s.state FROM delivery d"
        " JOIN delivery_state s ON s.delivery_id = d.id WHERE d.dispatch_id = :dispatch"
    )
    return _all(database, query, dispatch=dispatch_id)


def _outcomes(database: Database) -> defaultdict[int, list[dict[str, Any]]]:
    return _grouped(_all(database, 'SELECT * FROM outcome ORDER BY delivery_id, "try"'))


def _notes(database: Database) -> defaultdict[int, list[dict[str, Any]]]:
    return _grouped(_all(database, 'SELECT * FROM note ORDER BY delivery_id, "try"'))


def _grouped(rows: list[dict[str, Any]]) -> defaultdict[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["delivery_id"]].append(row)
    return found


def _all(database: Database, query: str, **values: Any) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]
