"""What a style sheet says when it says nothing, each property's initial value, hides nothing; any other value does what its list says."""

from __future__ import annotations

import pytest

from publisher.gate.grammars import GRAMMARS
from publisher.gate.properties import BOUNDS, INSIDE, KEPT, SPILLING
from tests.sightbox import SAID, looked_at, reasons, shown

INITIAL = {
    name: value
    for value, names in {
        "none": """animation animation-name backdrop-filter background background-image border-image border-image-source box-shadow
            clip-path contain filter float font-size-adjust grid grid-template grid-template-rows line-clamp list-style-image mask mask-image
            max-block-size max-height max-inline-size max-width mso-hide outline outline-style perspective rotate scale shape-outside
            text-decoration text-decoration-line text-security text-shadow text-transform transform translate""",
        "auto": """aspect-ratio block-size bottom clip column-count column-width columns flex-basis grid-auto-rows height inline-size
            inset inset-block inset-block-end inset-block-start inset-inline inset-inline-end inset-inline-start left min-block-size
            min-height min-inline-size min-width pointer-events right table-layout text-decoration-thickness text-size-adjust
            text-underline-offset top width z-index""",
        "normal": """background-blend-mode color-scheme content font-feature-settings font-style font-variant font-variant-caps
            font-variant-ligatures font-variant-numeric letter-spacing line-height mix-blend-mode unicode-bidi white-space
            word-spacing zoom""",
        "0": "border-radius border-spacing outline-width text-indent",
        "visible": "content-visibility overflow overflow-x overflow-y visibility",
        "border-box": "background-clip",
        "transparent": "background-color",
        "inherit": "color font",
        "ltr": "direction",
        "inline": "display",
        "initial": "flex",
        "serif": "font-family",
        "medium": "font-size",
        "disc outside none": "list-style",
        "disc": "list-style-type",
        "1": "opacity",
        "static": "position",
        "solid": "text-decoration-style",
        "clip": "text-overflow",
        "wrap": "text-wrap",
        "baseline": "vertical-align",
        "horizontal-tb": "writing-mode",
    }.items()
    for name in names.split()
}
"""By the tables of the CSS specifications; where an initial value is one of the page's own (a font, a colour), the one around."""
ENDS = ("", "-start", "-end")
EDGES = (
    "",
    "-top",
    "-right",
    "-bottom",
    "-left",
    *(f"-{way}{end}" for way in ("inline", "block") for end in ENDS),
)
NOTHING = {
    **{f"{name}{edge}": "0" for name in ("border", "margin", "padding") for edge in EDGES},
    **{f"border{edge}-width": "0" for edge in EDGES},
    **{
        f"border-{one}-{other}-radius": "0"
        for ones, others in ((("top", "bottom"), ("left", "right")), (ENDS[1:], ENDS[1:]))
        for one, other in ((a.strip("-"), b.strip("-")) for a in ones for b in others)
    },
    **{
        f"{engine}transition{part}": "0s"
        for engine in ("", "-webkit-", "-moz-", "-ms-", "-o-")
        for part in ("", "-delay", "-duration")
    },
}
"""What has a side, a corner or the prefix of a browser's engine."""


def above(declared: str) -> bool:
    """Whether a promise is seen within an element of this style."""
    return shown(looked_at(f'<div style="{declared}"><p>{SAID}</p></div>'))


def beside(declared: str, said: str = "Another text.") -> bool:
    """Whether a promise is seen below an element of this style."""
    return shown(looked_at(f'<div style="{declared}">{said}</div><p>{SAID}</p>'))


def test_the_initial_value_of_every_property_hides_nothing():
    for name, value in (INITIAL | NOTHING).items():
        sight = looked_at(f'<div style="{name}:{value}"><p>{SAID}</p></div>')
        assert shown(sight), f"{name}: {reasons(sight)}"
    known = {*INSIDE, *KEPT, *SPILLING, *BOUNDS, *GRAMMARS}
    assert known == {*INITIAL, *NOTHING}


def test_what_is_listed_by_property_passes_and_everything_else_does_the_harm_of_its_list():
    for listed in (INSIDE, KEPT, SPILLING):
        for name, values in listed.items():
            assert not above(f"{name}:of-no-list"), name
            assert beside(f"{name}:of-no-list") is (listed is INSIDE), name
            for value in values:
                assert above(f"{name}:{value}"), f"{name}:{value}"
    for name in SPILLING:
        assert beside(f"{name}:of-no-list", ""), name
        for cut in ("hidden", "clip", "auto", "scroll"):
            assert beside(f"{name}:of-no-list;overflow:{cut}"), f"{name}, cut off"
        assert not beside(f"{name}:of-no-list;overflow:visible"), name


@pytest.mark.parametrize(
    "declared",
    ["display:none", "visibility:hidden", "visibility:collapse", "content-visibility:hidden", "mso-hide:all", "opacity:.09", "opacity:9%"],
)  # fmt: skip
def test_what_takes_text_away_outright_is_refused_in_a_sheet_and_elsewhere_a_matter_of_its_element(declared):
    assert not shown(looked_at(f"<p>{SAID}</p>", f".nobody{{{declared}}}"))
    assert beside(declared)
    assert not above(declared)


def test_what_is_faint_but_seen_is_no_matter_of_the_whole_document():
    for declared in ("opacity:.1", "opacity:10%", "opacity:inherit", "display:flex"):
        assert shown(looked_at(f"<p>{SAID}</p>", f".nobody{{{declared}}}")), declared
