"""Addresses in what comes in: resolved against the story, or gone. Nothing relative may reach a feed."""

from __future__ import annotations

import re

import pytest

from publisher.intake import Context, read
from publisher.intake.markup import sanitise
from publisher.story import Received
from tests.newsrooms import NOW, jsonl, line
from tests.stories import MERIDIAN

STORY = "https://meridian.example/2026/1"
ADDRESS = re.compile(r"""\s(?:href|src|srcset|poster|cite|background|action|longdesc)=["']?([^"'\s>]*)""")


def taken(**fields) -> Received:
    (item,) = read(jsonl(line(1, **fields)), Context(source=MERIDIAN, now=NOW)).items
    assert isinstance(item, Received)
    return item


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/a", "https://meridian.example/a"),
        ("a?x=1&y=2", "https://meridian.example/2026/a?x=1&y=2"),
        ("../a", "https://meridian.example/a"),
        ("//cdn.example/a", "https://cdn.example/a"),
        ("?page=2", "https://meridian.example/2026/1?page=2"),
        ("#note", "https://meridian.example/2026/1#note"),
        ("HTTPS://Meridian.EXAMPLE/A", "https://meridian.example/A"),
        ("https://münchen.example/ä", "https://xn--mnchen-3ya.example/%C3%A4"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:a@b.example", None),
        ("https://", None),
        ("https://a b.example/", None),
        ("file:///etc/passwd", None),
    ],
)
def test_a_link_in_a_body_is_made_absolute_or_goes(given, kept):
    body = taken(body=f'<p>See <a href="{given}">this</a>.</p>').body
    wanted = f'<a href="{kept.replace("&", "&amp;")}">this</a>' if kept else "<a>this</a>"
    assert body == f"<p>See {wanted}.</p>"


def test_without_a_base_what_is_relative_goes():
    assert sanitise('<p><a href="/a">x</a><img src="b.jpg" alt="y"></p>').html == "<p><a>x</a></p>"


def test_pictures_in_a_body_are_absolute_and_nothing_else_in_it_has_an_address():
    body = taken(
        body='<p>x</p><img src="/p.jpg" srcset="/p2.jpg 2x" longdesc="/d" alt="y"><video poster="/v.jpg" src="/v.mp4"></video>'
        '<blockquote cite="/c">q</blockquote><table background="/b"><tr><td>z</table><form action="/f"><input></form>'
    ).body
    assert '<img src="https://meridian.example/p.jpg" alt="y">' in body
    assert ADDRESS.findall(body) == ["https://meridian.example/p.jpg"]


def test_media_are_absolute_and_their_words_are_clean():
    (medium,) = taken(
        media=[
            {"url": "/p.jpg", "type": "IMAGE/JPEG", "caption": "A\x00 \ud800b\u202ec", "credit": "x" * 900},
            {"url": "javascript:x", "type": "image/png"},
            {"url": "https://", "type": "image/png"},
        ]
    ).media
    assert (medium.url, medium.type) == ("https://meridian.example/p.jpg", "image/jpeg")
    assert medium.caption == "A \ufffdbc"
    assert len(medium.credit) <= 201


@pytest.mark.parametrize("kind", ["", "image", "image/", 'image/png"', "image/png; charset=x", "x y/z"])
def test_a_type_that_is_none_is_forgotten(kind):
    (medium,) = taken(media=[{"url": "https://a.example/p", "type": kind}]).media
    assert medium.type == ""


def test_subjects_are_clean_and_bounded():
    (subject,) = taken(subjects=[{"scheme": "medtop", "code": "1\x00", "name": "n\ud800" * 500}]).subjects
    assert (subject.code, len(subject.name)) == ("1", 201)
