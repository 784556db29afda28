"""A dark scheme is tried wherever it may hold, and what is said of schemes must be read."""

from __future__ import annotations

import pytest

from publisher.gate.sight import see
from tests.sightbox import SAID, looked_at, reasons, shown

BOTH = ":root{color-scheme:light dark} p{color:#1b1b1b} "
NIGHT = "{body{background:#111} p{color:#eee}}"


@pytest.mark.parametrize(
    "sheet",
    [
        f"{BOTH} @media (prefers-color-scheme:dark) and (min-width:600px){NIGHT}",
        f"{BOTH} @media (prefers-color-scheme:dark){{@media (min-width:600px){NIGHT}}}",
        f"{BOTH} @media not (prefers-color-scheme:dark){{body{{background:#fff}}}}",
        f"{BOTH} @supports (prefers-color-scheme:dark){NIGHT}",
        ":root{--s:dark;color-scheme:var(--s)} p{color:#000}",
        ":root{color-scheme:d\\61rk} p{color:#000}",
        "@supports (min-width:600px){p{background:#fff}} @media (max-width:500px){p{color:#fff}}",
    ],
)
def test_a_dark_scheme_is_tried_wherever_it_may_hold(sheet):
    assert not shown(looked_at(f"<p>{SAID}</p>", sheet))


def test_the_root_may_not_spell_its_scheme_in_escapes():
    for style in ("c\\6flor-scheme:dark", "color-scheme/**/:dark", "--s:dark;color-scheme:var(--s)"):
        assert not shown(see(f"<!doctype html><html style='{style}'><p style='color:#000'>{SAID}</p></html>"))
    media = "<style media='(prefers-color-scheme:dar\u212a)'>body{background:#111} p{color:#eee}</style>"
    assert not shown(looked_at(f"{media}<p>{SAID}</p>", BOTH))


@pytest.mark.parametrize("only", ["", "screen and ", "only screen and "])
def test_a_dark_scheme_with_widths_of_its_own_passes(only):
    sheet = f"""{BOTH} body{{background:#fff}} @media {only}(prefers-color-scheme:dark){NIGHT}
    @media {only}(prefers-color-scheme: dark) and (max-width: 500px) {{ p {{ color: #ddd; background: #222 }} }}"""
    sight = looked_at(f"<p>{SAID}</p>", sheet)
    assert shown(sight), reasons(sight)
