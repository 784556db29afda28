"""Canonical forms in pieces are those of the whole, and those that another implementation makes."""

from __future__ import annotations

import re

from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as st

from publisher.dkim import Signer, canonical
from tests.dkimbox import BOTH, DOMAIN, published, verified
from tests.editions import NOW

ATOMS = (b"a", b"Word", b"=\r\n", b" ", b"  ", b"\t", b"\r\n", b".", b"\r\n\r\n", "پ".encode(), b"=20", b";")
pieces = st.lists(st.sampled_from(ATOMS), max_size=30).map(b"".join)
values = st.text("abcXYZ0189=@./:?&+-_~", max_size=90).map(str.encode)
named = st.text("abc@., \t<>", max_size=20).map(str.encode)
folds = st.lists(st.sampled_from((b"a", b"B:c", b" ", b"\t", b"\r\n ", b"\r\n\t", "ب".encode())), max_size=12)


@given(pieces)
def test_a_body_is_what_the_peer_makes_of_it(body):
    whole = body + b"\r\n"  # as every message ends on the wire
    assert canonical.ending(whole) == Relaxed.canonicalize_body(whole)


@given(st.lists(pieces, max_size=5), pieces)
def test_pieces_without_seams_join_to_the_whole(parts, last):
    if all(map(canonical.seamless, parts)) and (ended := canonical.ending(last)):
        assert b"".join(map(canonical.body, parts)) + ended == canonical.ending(b"".join(parts) + last)


@given(st.sampled_from((b"Subject", b"LIST-Id", b"x-Y ")), folds)
def test_a_header_is_what_the_peer_makes_of_it(name, parts):
    value = b"".join(parts) + b"\r\n"
    ((peer_name, peer_value),) = Relaxed.canonicalize_headers([(name, value)])
    assert canonical.header(name, value) + b"\r\n" == peer_name + b":" + peer_value


@given(st.lists(st.tuples(pieces, values), max_size=4), pieces, named, folds)
def test_any_message_in_pieces_carries_signatures_that_hold(parts, last, to, subject):
    folded = re.sub(
        rb"(\r\n[ \t]+)+(?=\r\n|$)", b"", b"".join(subject)
    )  # no line of blanks alone: no header has one
    layout = [b"From: a@b.example\r\nTo: ", None, b"\r\nSubject: s" + folded + b"\r\nX: y\r\n\r\nbegin=\r\n"]
    filled = [layout[0], to, layout[2]]
    for words, value in parts:
        layout += [None, b"=\r\n" + words + b"=\r\n"]
        filled += [value, b"=\r\n" + words + b"=\r\n"]
    layout.append(last + b"end\r\n")
    filled.append(last + b"end\r\n")
    seal = Signer(BOTH, DOMAIN, NOW).over(layout)
    assert verified(seal(filled) + b"".join(filled), published(*BOTH)) == [True, True]
