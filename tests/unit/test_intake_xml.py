"""What is said of XML that cannot be read, or only after a repair: the place in the document, and nothing of the parser."""

import pytest

from publisher.intake.document import Unreadable
from publisher.intake.xml import Tree, parse


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"<rss>\n<a>\n</b></rss>", "line 3, column 5"),
        (b"\n\n<rss><a>&&</a>", "line 3, column 10"),  # of the document that came, not of the repaired one
    ],
)
def test_what_is_not_well_formed_names_its_place(raw, place):
    found = parse(raw)
    assert isinstance(found, Unreadable)
    assert found.detail.endswith(place)
    assert "<string>" not in found.detail


def test_a_repair_names_its_place():
    found = parse(b"<rss><a>Wheat && barley</a></rss>")
    assert isinstance(found, Tree)
    assert "line 1, column 16 (read as utf-8)" in found.remark
