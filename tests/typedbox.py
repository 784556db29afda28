"""One story as an agency types it: as copied text, as a mail in several shapes, as a text wire, as a page, and as JSON lines."""

from __future__ import annotations

import json

from publisher.story import Received
from tests.wirebox import items


def mail(body, kind="text/plain", subject="=?utf-8?q?Port_talks_resume_=E2=80=93_again?="):
    return (
        f"From: Jo Doe <jo@agency.example>\r\nTo: desk@news.example\r\nSubject: {subject}\r\nMessage-ID: <m1@agency.example>\r\n"
        f"Date: Sat, 01 Mar 2031 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{body}"
    )


NEWS = "The harbour sells two of its tugs this week, and it is a long sentence."
MORE = "A second paragraph has enough of the text in it to be one, and stays."
LINE = "Source: Harbour (https://agency.example/2031/tugs)"


def as_text(*lines):
    return "\n\n".join(("Two tugs for sale", *lines, LINE)), "text"


def as_plain_mail(*lines):
    return mail("\n\n".join((*lines, LINE)), subject="Two tugs for sale"), "mail"


def as_html_mail(*lines):
    said = (line.replace("\n", "<br>") for line in (*lines, LINE))
    return mail(
        "".join(f"<div><b>{line}</b></div>" for line in said), kind="text/html", subject="Two tugs for sale"
    ), "mail"


def as_one_block(*lines):
    said = (line.replace("\n", "<br>") for line in lines)
    return mail(
        f"<p>{LINE}</p><div>{'<br><br>'.join(said)}</div>", kind="text/html", subject="Two tugs for sale"
    ), "mail"


def as_wire(*lines):
    text = "\r\n\r\n".join(line.replace("\n", "\r\n") for line in (*lines, LINE))
    return (
        f"\x01hna101 3 i 12 hn 061\r\n\r\nport-tugs/\r\n\x02Two tugs for sale =\r\n\r\n{text}\r\n\x03261000 GMT Nov 26\r\n\x04",
        "iptc7901",
    )


def as_page(*lines):
    said = "".join(f"<p>{line}</p>" for line in lines)
    return (
        (
            f"<html><head><link rel=canonical href=https://agency.example/2031/tugs><meta property=og:type content=article><title>Two tugs for sale</title>"
            f"</head><body><div itemprop=articleBody>{said}<p>{MORE * 4}</p></div></body></html>"
        ),
        "page",
    )


def as_json(*lines):
    body = "".join(f"<p>{line}</p>" for line in lines)
    story = {
        "headline": "Two tugs for sale",
        "source_url": "https://agency.example/2031/tugs",
        "body": body,
    }
    return json.dumps(story), "jsonl"


TYPED = (as_text, as_plain_mail, as_html_mail, as_one_block, as_wire)
ALL = (*TYPED, as_json)


def came(document):
    raw, format_ = document
    (item,) = items(raw, format=format_)
    assert isinstance(item, Received), item
    return item
