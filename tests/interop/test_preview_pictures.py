"""The pictures of a preview: of the whole mail, in each view, and only a sentence where no browser can take them."""

import struct
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from publisher.desk import browser
from publisher.edition import Variant
from publisher.render import digest
from tests.editions import LOOK, TEMPLATES, edition, item, persian

PAGE = """<!doctype html><html lang="en" dir="rtl"><head><style>p { color: red }</style></head><body class="x" dir="rtl">
<p id="a" class="b" style="height:3000px;background:#fff">Text <bdi>kept</bdi></p></body></html>"""


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def test_a_poor_client_leaves_words_and_inline_styles():
    left = LexborHTMLParser(browser.stripped(PAGE))
    assert left.css("style, bdi, [id], [class], html[dir], body[dir], html[lang]") == []
    (paragraph,) = left.css("p")
    assert paragraph.text() == "Text kept"
    assert "height:3000px" in (paragraph.attributes["style"] or "")


@pytest.mark.program("chromium")
def test_a_picture_shows_the_whole_page_light_and_dark(program):
    made = edition(item("01A"), persian("01B"), item("01C"))
    html = digest.render(made, Variant("en"), look=LOOK, templates=TEMPLATES).html
    with browser.browser(program) as running:
        tall = running.picture(PAGE, width=600)
        light = running.picture(html, width=600)
        dark = running.picture(html, width=600, dark=True)
        phone = running.picture(html, width=375)
    assert size(tall)[0] == 1200
    assert size(tall)[1] >= 6000
    assert size(light) == size(dark)
    assert light != dark
    assert size(phone)[0] == 750
    assert size(phone)[1] > size(light)[1]


@pytest.mark.program("chromium")
def test_nothing_is_fetched_and_no_process_stays(program, tmp_path):
    listening = tmp_path / "asked"
    pixel = f'<img src="file://{listening}"><img src="http://127.0.0.1:9/pixel.gif">'
    with browser.browser(program) as running:
        assert size(running.picture(f"<p>{pixel}</p>", width=320))[0] == 640
    mine = [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"publisher-browser-" in _read(path)]
    assert mine == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("script", "said"),
    [("#!/bin/sh\nexit 3\n", "the browser has ended"), ("no program", "the browser cannot be started")],
)
def test_a_browser_that_fails_is_one_sentence(tmp_path, script, said):
    broken = tmp_path / "chromium"
    broken.write_text(script)
    broken.chmod(0o700)
    with pytest.raises(browser.NoPictures, match=said), browser.browser(str(broken)):
        pytest.fail("there is no browser")
