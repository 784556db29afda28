"""Small pages with one sentence of a promise in them, for tests of what counts as seen."""

from __future__ import annotations

from publisher.gate.sight import Sight, plain, see

SAID = "Views are the source’s."


def looked_at(body: str, style: str = "") -> Sight:
    return see(f"<!doctype html><html><head><style>{style}</style></head><body>{body}</body></html>")


def shown(sight: Sight) -> bool:
    """Whether the words count as seen and the document is not refused."""
    return SAID in plain(" ".join(run.text for run in sight.runs)) and not sight.faults


def reasons(sight: Sight) -> str:
    return "; ".join([*(run.hidden for run in sight.runs if SAID in run.unseen), *sight.faults])
