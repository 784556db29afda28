"""The outputs whose bytes are kept here, and how they are made anew when a change of them is meant.

`python -m tests.golden.make` writes them; the difference then shows in the commit what readers will get.
"""

from __future__ import annotations

from pathlib import Path

from publisher.render import feeds, opml
from tests.feedbox import channel, edition

HERE = Path(__file__).parent
OUTLINES = (
    opml.Outline(
        "Front: World", "https://front.example/feeds/world.rss", "https://front.example/s/world/", "en"
    ),
    opml.Outline(
        "Front: جهان", "https://front.example/feeds/world.fa.rss", "https://front.example/s/world/", "fa"
    ),
    opml.Outline("Front", "https://front.example/feeds/all.rss", "https://front.example/", "en"),
)


def outputs() -> dict[str, bytes]:
    """File name -> bytes."""
    made = {f"world.{fmt}": feeds.render(edition(), channel(fmt), fmt) for fmt in feeds.FORMATS}
    return made | {"index.opml": opml.render("Front & Co", OUTLINES)}


if __name__ == "__main__":
    for name, body in outputs().items():
        (HERE / name).write_bytes(body)
