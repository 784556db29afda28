"""XML that declares entities: refused when its content refers to one, in any encoding and any place, and only then."""

import time

import pytest

from publisher.intake.document import Unreadable
from publisher.intake.xml import Tree, bare, parse, text_of

SECRET = '<!ENTITY x "SECRETWORD"><!ENTITY file SYSTEM "file:///etc/passwd">'
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "windows-1252"]


def document(title, subset=SECRET, attribute="", end="</rss>"):
    return f"<!DOCTYPE rss [{subset}]><rss {attribute}><channel><item><title>{title}</title></item></channel>{end}"


def encoded(text, encoding):
    bom = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    return f"{bom}{text}".encode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        document("Ent &x; hole"),
        document("Ent &file; hole"),
        document("hole", attribute='a="&x;"'),
        document("&hidden;", subset="<!ENTITY % p \"<!ENTITY hidden 'SECRETWORD'>\"> %p;"),
        document("&late;", subset=f'<!--{"x" * 250_000}--><!ENTITY late "SECRETWORD">'),
    ],
)
def test_an_entity_that_is_declared_and_used_never_becomes_text(text, encoding, declared, broken):
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>' * declared + text
    found = parse(encoded(text.replace("</rss>", "<p>&</rss>") if broken else text, encoding))
    if isinstance(found, Tree):  # what only a broken document hides is left as it is written
        assert broken
        assert "SECRETWORD" not in text_of(found.root)
    else:
        assert found.reason in {"entity", "encoding", "not-xml"}
    if encoding in {"utf-8", "utf-16"} and "hidden" not in text:
        assert isinstance(found, Unreadable)
        assert found.reason == "entity"


@pytest.mark.parametrize("name", ["x", "long-name.with_marks", "نام"])
@pytest.mark.parametrize("end", ["</rss>", "<p>&</rss>"])
def test_a_name_of_any_length_and_script_is_found(name, end):
    found = parse(document(f"&{name};", subset=f'<!ENTITY {name} "SECRETWORD">', end=end).encode("utf-16"))
    assert isinstance(found, Unreadable)
    assert found.reason == "entity"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        document("Fine"),
        document("<![CDATA[Fine]]><!-- &x; -->"),
        document("Fine<![CDATA[ &x; ]]>"),
        document("Fine &amp;x;"),
        document("Fine", subset='<!ENTITY a "&b;"><!ENTITY b "x">'),
        document("Fine &lt;", subset='<!ENTITY lt "&#38;#60;">'),
        document("Fine", subset='<!ENTITY % agency SYSTEM "http://127.0.0.1:9/x.dtd"> %agency;'),
    ],
)
def test_a_declaration_that_the_content_does_not_use_is_no_reason_to_refuse(text, encoding):
    found = parse(text.encode(encoding))
    assert isinstance(found, Tree), found
    assert found.remark == ""
    assert text_of(found.root).startswith("Fine")


def test_names_of_an_external_dtd_that_is_never_loaded_are_characters_and_leave_no_hole():
    text = (
        '<!DOCTYPE rss PUBLIC "-//Example//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd">'
        '<rss a="&Uuml;ber"><title>Caf&eacute; &unheard; &amp;</title></rss>'
    )
    found = parse(text.encode())
    assert isinstance(found, Tree)
    assert text_of(found.root) == "Café &unheard; &"
    assert found.root.get("a") == "Über"
    assert found.remark.startswith("repaired")


@pytest.mark.parametrize(
    "part", ["<![CDATA[", "<!--", "<!DOCTYPE a [", "<!ENTITY a ", '"', "'", "&a;", "[", "<!ENTITY ab '&ab;'>"]
)
def test_no_opening_that_never_ends_makes_the_search_slow(part):
    raw = b"<!DOCTYPE rss [" + part.encode() * (1_000_000 // len(part)) + b"<rss>&"
    began = time.process_time()
    assert isinstance(parse(raw), Unreadable)
    bare(raw)
    assert time.process_time() - began < 2


def test_many_declared_names_in_a_long_document_are_looked_up_quickly():
    names = "".join(f"<!ENTITY n{number} 'x'>" for number in range(30_000))
    began = time.process_time()
    assert isinstance(parse(document("Fine " * 200_000, subset=names).encode()), Tree)
    assert time.process_time() - began < 2


def test_what_a_lenient_reader_gets_declares_no_entity():
    text = document("&x;", subset='<!ENT<!ENTITY x "1">ITY y "2"><!entity z "3">')
    for encoding in ("utf-8", "utf-16", "utf-32"):
        told = bare(encoded(text, encoding)).lower()
        assert b"<!entity" not in told
        assert b"&x;" in told


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
