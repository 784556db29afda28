"""What the model test of the ledger holds beside the real one: workers, the rows in their hands, and questions to the tables."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy import text

from publisher.ledger import MOVES, Outcome, State
from publisher.store import schema
from publisher.store.db import open_database
from publisher.store.deliveries import Lease, Row
from subscribers import schema as people

READY, MARKED, AT_THE_DOT = "ready", "marked", "at the dot"

OPEN_CHUNKS = """
SELECT d.id FROM delivery d JOIN chunk c ON c.dispatch_id = d.dispatch_id AND c.no = d.chunk_no WHERE NOT c.done
UNION SELECT m.delivery_id FROM chunk_member m JOIN chunk c ON c.id = m.chunk_id WHERE NOT c.done
"""
AT_DOT_AND_HELD = """
SELECT n.delivery_id FROM note n JOIN delivery d ON d.id = n.delivery_id
JOIN chunk c ON c.worker_id = n.worker_id AND c.fence = n.fence AND NOT c.done
WHERE c.no = d.chunk_no OR EXISTS (SELECT 1 FROM chunk_member m WHERE m.chunk_id = c.id AND m.delivery_id = d.id)
"""
ORPHANS = (
    "SELECT count(*) FROM chunk WHERE worker_id IS NOT NULL AND worker_id NOT IN (SELECT id FROM worker)"
)


@cache
def template() -> Path:
    """A database file with all tables, made once."""
    path = Path(tempfile.mkdtemp(prefix="publisher-ledger-")) / "template.sqlite3"
    database = open_database(f"sqlite:///{path}")
    with database.write() as connection:
        schema.metadata.create_all(connection)
        people.metadata.create_all(connection)
        connection.execute(text(schema.DELIVERY_STATE))
    database.close()
    return path


@dataclass
class Hand:
    """A row in a connection's hands, and what the server will say (None: nothing) once it has the dot."""

    lease: Lease
    row: Row
    step: str = READY
    answer: Outcome | None = None


@dataclass
class Worker:
    """A process: what it holds is lost when it dies. `dead`: to the others, that is, not necessarily in truth."""

    id: str
    leases: list[Lease] = field(default_factory=list)
    hands: list[Hand] = field(default_factory=list)
    dead: bool = False
    recovered: bool = False

    def drop(self, lease: Lease) -> None:
        self.leases.remove(lease)
        self.hands = [hand for hand in self.hands if hand.lease is not lease]


@cache
def reachable(frm: State) -> frozenset[State]:
    seen, todo = {frm}, [frm]
    while todo:
        for to in MOVES[todo.pop()] - seen:
            seen.add(to)
            todo.append(to)
    return frozenset(seen)
