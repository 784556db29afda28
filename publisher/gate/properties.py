"""The properties of style sheets by what they can do to text: lists, one reason each. PURE.

The gate knows what is harmless and takes everything else for hiding. A declaration can do two kinds of harm: to the text inside its
element, which matters on the way from a promise (headline, source, link, disclaimer) up to the root; and to text elsewhere, by
covering or moving it, which matters in the whole document.
"""

from __future__ import annotations

__all__ = [
    "AWAY",
    "BOUNDS",
    "DISPLAYS",
    "EDGE_WORDS",
    "FAR",
    "FAR_PX",
    "FREE_WORDS",
    "HARMLESS",
    "INSIDE",
    "KEPT",
    "LETTERLESS",
    "LIGHT",
    "LINE_WORDS",
    "MARKER_WORDS",
    "POINT",
    "SCHEME_WORDS",
    "SPILLING",
    "words",
]


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


HARMLESS = words(
    """
    accent-color appearance background-attachment background-origin background-position background-repeat background-size
    border-collapse border-color border-top-color border-right-color border-bottom-color border-left-color
    border-block-color border-inline-color border-inline-start-color border-inline-end-color border-style border-top-style
    border-right-style border-bottom-style border-left-style border-inline-style border-inline-start-style border-inline-end-style
    box-sizing break-after break-before break-inside caption-side caret-color clear counter-increment counter-reset cursor
    empty-cells font-kerning font-optical-sizing font-smoothing font-stretch font-synthesis font-weight hyphenate-character
    hyphenate-limit-chars hyphens image-rendering interpolation-mode isolation line-break list-style-position
    object-fit object-position orphans osx-font-smoothing
    outline-color outline-offset overflow-wrap overscroll-behavior page-break-after page-break-before page-break-inside
    print-color-adjust quotes scroll-behavior scroll-margin scroll-margin-top scroll-padding scroll-padding-top
    scrollbar-color scrollbar-gutter scrollbar-width supported-color-schemes tab-size tap-highlight-color text-align
    text-align-last text-decoration-color text-decoration-skip-ink text-justify text-rendering
    text-underline-position transition-property transition-timing-function
    user-select widows word-break word-wrap

    align-content align-items align-self column-gap flex-direction flex-flow flex-grow flex-shrink flex-wrap gap
    grid-area grid-auto-columns grid-auto-flow grid-column grid-column-end grid-column-gap grid-column-start grid-gap grid-row
    grid-row-end grid-row-gap grid-row-start grid-template-areas grid-template-columns justify-content justify-items justify-self
    order place-content place-items place-self row-gap

    mso-border-alt mso-fareast-font-family mso-font-alt mso-generic-font-family mso-line-height-rule mso-margin-bottom-alt
    mso-margin-top-alt mso-padding-alt mso-table-lspace mso-table-rspace
    """
)
"""Whatever their value, these neither move, shrink, cover nor colour a text. Those of flex and grid do nothing to an element that is laid
out otherwise, and a promise stands in no flex or grid box (see `grammars.DISPLAYS`). With a browser's prefix they are the same."""

INSIDE = {
    "background-blend-mode": words("normal"),
    "background-clip": words("border-box padding-box"),
    "background-image": words("none"),
    "clip": words("auto"),
    "clip-path": words("none"),
    "column-count": words("auto"),
    "column-width": words("auto"),
    "columns": words("auto"),
    "content": words("normal none"),
    "content-visibility": words("visible"),
    "float": words("none"),
    "font-feature-settings": words("normal inherit"),
    "font-style": words("normal italic oblique inherit"),
    "font-variant": words("normal small-caps inherit"),
    "font-variant-caps": words("normal small-caps inherit"),
    "font-variant-ligatures": words("normal none common-ligatures no-common-ligatures"),
    "font-variant-numeric": words("normal lining-nums oldstyle-nums tabular-nums proportional-nums"),
    "line-clamp": words("none"),
    "mask": words("none"),
    "mask-image": words("none"),
    "mix-blend-mode": words("normal"),
    "mso-hide": words("none"),
    "opacity": words("1 1.0 100%"),
    "pointer-events": words("auto"),
    "table-layout": words("auto"),
    "text-overflow": words("clip ellipsis"),
    "text-security": words("none"),
    "text-size-adjust": words("auto none 100%"),
    "text-transform": words("none uppercase lowercase capitalize inherit"),
    "text-wrap": words("wrap balance pretty stable"),
    "unicode-bidi": words("normal embed isolate plaintext"),
    "visibility": words("visible inherit"),
    "white-space": words("normal pre-wrap pre-line break-spaces inherit"),
    "z-index": words("auto"),
}
"""These can hide or spoil what is inside their element, and nothing else: elsewhere any value will do, above a promise only these words."""

KEPT = {
    **dict.fromkeys(words("animation animation-name backdrop-filter filter text-shadow"), words("none")),
    **dict.fromkeys(words("border-image border-image-source contain shape-outside"), words("none")),
    **dict.fromkeys(words("perspective rotate scale transform translate"), words("none")),
    **dict.fromkeys(words("left right top bottom inset inset-block inset-inline"), words("auto 0 0px")),
    **dict.fromkeys(
        words("inset-block-start inset-block-end inset-inline-start inset-inline-end"), words("auto 0 0px")
    ),
    "font-size-adjust": words("none"),
    "position": words("static relative"),
    "writing-mode": words("horizontal-tb"),
    "zoom": words("1 100% normal"),
}
"""These take an element out of its place or let it paint beyond its edge, so that it can cover what stands elsewhere: only these words,
wherever they stand."""

BOUNDS: dict[str, tuple[float, float, float | None]] = {
    "border-spacing": (0, 40, None),
    "letter-spacing": (-0.6, 8, -1.6),
    "text-decoration-thickness": (0, 2, 0),
    "text-indent": (0, 100, -64),
    "text-underline-offset": (0, 4, 0),
    "vertical-align": (-8, 8, None),
    "word-spacing": (-1, 16, -4),
}
"""Property -> the least and the most above a promise, and the least elsewhere (None: any), in px for a font of 16. Less or more draws
letters over each other, strikes them out or moves them away."""
FAR_PX = 1000.0
"""A length of which more moves what is beside it out of a window."""

FREE_WORDS = words("auto baseline bottom from-font inherit middle normal sub super text-bottom text-top top")
"""Words that the properties of `BOUNDS` know, none of which goes far."""

SPILLING = {
    **dict.fromkeys(words("height max-height block-size max-block-size aspect-ratio"), words("auto none")),
    **dict.fromkeys(words("grid grid-template grid-template-rows grid-auto-rows"), words("auto none")),
    "flex": words("auto none initial 0 1 2 3"),
    "flex-basis": words("auto"),
}
"""A box less high than its content lets it run over what follows, unless it cuts it off: these words set no limit."""

AWAY = {
    "display": words("none"),
    "visibility": words("hidden collapse"),
    "content-visibility": words("hidden"),
    "mso-hide": words("all"),
}
"""Values that take text away outright: refused in a style sheet whatever the rule selects, since it may match tomorrow what it does not
today."""

DISPLAYS = words(
    "block inline inline-block inline-table list-item flow-root table table-cell table-row table-row-group table-header-group "
    "table-footer-group"
)
"""A promise stands in none of the others: not in flex and grid boxes, whose items can be moved and laid over each other, nor in a caption,
beneath which its table paints no ground."""

EDGE_WORDS = words(
    "none hidden solid dashed dotted double groove ridge inset outset thin medium thick auto initial currentcolor"
)
LINE_WORDS = words("none underline overline solid dotted dashed auto from-font inherit initial currentcolor")
SCHEME_WORDS = words("normal light dark only")
MARKER_WORDS = words(
    "none disc circle square decimal lower-alpha upper-alpha lower-latin upper-latin lower-roman upper-roman arabic-indic persian hebrew "
    "inside outside inherit initial"
)
"""Words of `border`, `text-decoration`, `color-scheme` and `list-style`. With lengths and colours they are the whole grammar:
pictures and strings are left out, whose size nobody knows, and strokes that are broad without saying so."""

LETTERLESS = frozenset(
    (
        "adobe blank",
        "adobe notdef",
        "bookshelf symbol 7",
        "marlett",
        "ms outlook",
        "symbol",
        "webdings",
        "wingdings",
        "wingdings 2",
        "wingdings 3",
        "zapf dingbats",
        "zapfdingbats",
    )
)
"""Fonts that show something else in the place of letters, or nothing."""

FAR = words("position left top inset-inline-start color")
"""What may be declared together of an element that is put off the page until it has the focus (a "skip" link)."""
POINT = words("position width height overflow clip clip-path margin padding border white-space color")
"""And of one that is shrunk to a point for those who listen to the page."""
LIGHT = HARMLESS | words(
    "transition transition-delay transition-duration "
    "color font-family font-style line-height outline outline-style outline-width text-decoration text-decoration-line text-decoration-style "
    "text-decoration-thickness text-underline-offset"
)
"""What other rules may say of such an element: nothing of its size, place or ground."""
