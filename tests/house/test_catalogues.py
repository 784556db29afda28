"""Every language that we ship says everything that the code says, with the same places and all its plural forms."""

from __future__ import annotations

import ast
import gettext
import io
import re

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from publisher.render.words import NARROW
from tests.house.tree import ROOT, texts

SHIPPED = ("ar", "es", "fa", "fr", "he", "ru", "zh")
"""Beside English, which the code itself speaks."""
PLACE = re.compile(r"%\(\w+\)s")
NUMBERS = (*range(1001), 10_001, 10_011, 10_021)
SPEAKING = {"gettext": 1, "_": 1, "fill": 1, "ngettext": 2}
"""What is called with strings for readers, and how many."""

Key = tuple[str, ...]


def said(text: str) -> set[Key]:
    """The strings that a module gives to the catalogues."""
    found: set[Key] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = node.args[: SPEAKING.get(name, 0)]
            strings = [arg.value for arg in given if isinstance(arg, ast.Constant)]
            if given and len(strings) == len(given):
                found.add(tuple(map(str, strings)))
    return found


def wanted() -> set[Key]:
    modules = {path: text for path, text in texts().items() if path.suffix == ".py"}
    return set().union(*(said(text) for path, text in modules.items() if path.parts[0] == "publisher"))


def catalogue(language: str) -> Catalog:
    path = ROOT / "templates" / "locale" / language / "messages.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=language, abort_invalid=True)


def key_of(message: Message) -> Key:
    return tuple(message.id) if isinstance(message.id, (list, tuple)) else (message.id,)


def faults(message: Message, uses: list[list[int]]) -> list[str]:
    """What is wrong with a translation; `uses`: for each plural form the numbers that it is used for."""
    key = key_of(message)
    plural = len(key) == 2
    strings = list(message.string) if isinstance(message.string, (list, tuple)) else [message.string]
    if message.fuzzy:
        return ["is fuzzy"]
    if len(strings) != (len(uses) if plural else 1) or not all(text and text.strip() for text in strings):
        return ["is not complete"]
    places = sorted(PLACE.findall(key[-1]))
    wrong = []
    for form, text in enumerate(strings):
        has = sorted(PLACE.findall(text))
        by_word = plural and len(uses[form]) == 1 and has == [place for place in places if place != "%(n)s"]
        if (has != places and not by_word) or "%" in PLACE.sub("", text):
            wrong.append(f"has other places in {text!r}")
        if text != text.strip():
            wrong.append(f"has blanks around {text!r}")
    return wrong


def uses_of(read: Catalog) -> list[list[int]]:
    """For each plural form the numbers that it is used for."""
    form = gettext.c2py(read.plural_expr)
    return [[n for n in NUMBERS if form(n) == which] for which in range(read.num_plurals)]


@pytest.mark.parametrize("language", SHIPPED)
def test_a_shipped_language_says_everything(language: str) -> None:
    read = catalogue(language)
    uses = uses_of(read)
    messages = {key_of(message): message for message in read if message.id}
    assert sorted(wanted() - set(messages)) == []
    wrong = {key: found for key, message in messages.items() if (found := faults(message, uses))}
    assert wrong == {}
    assert list(read.obsolete) == []


def test_all_languages_say_the_same() -> None:
    keys = {language: {key_of(message) for message in catalogue(language)} for language in SHIPPED}
    assert {language: found ^ keys["fa"] for language, found in keys.items() if found != keys["fa"]} == {}
    assert {path.parent.name for path in (ROOT / "templates" / "locale").glob("*/messages.po")} == set(
        SHIPPED
    )


@pytest.mark.parametrize("language", SHIPPED)
def test_plural_forms_part_numbers_as_the_language_does(language: str) -> None:
    """By CLDR, whose "many" of French and Spanish begins at a million."""
    rule = Locale.parse(language).plural_form
    by_rule = [{n for n in NUMBERS if rule(n) == tag} for tag in {rule(n) for n in NUMBERS}]
    by_form = [set(numbers) for numbers in uses_of(catalogue(language)) if numbers]
    assert sorted(by_form, key=min) == sorted(by_rule, key=min)


def test_french_has_a_narrow_blank_before_high_signs_and_inside_guillemets() -> None:
    for message in catalogue("fr"):
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        for text in strings if message.id else ():
            assert not re.search(rf"(?<!{NARROW})[;:?!»]|«(?!{NARROW})|'", text), text


@pytest.mark.parametrize(
    ("po", "fault"),
    [
        ('#, fuzzy\nmsgid "Sections"\nmsgstr "Rubriken"', "fuzzy"),
        ('msgid "Sections"\nmsgstr ""', "complete"),
        ('msgid "Source: %(source)s"\nmsgstr "Quelle"', "places"),
        ('msgid "Source: %(source)s"\nmsgstr "Quelle %(quelle)s"', "places"),
        ('msgid "Source: %(source)s"\nmsgstr "100 % %(source)s"', "places"),
        ('msgid "%(n)s a"\nmsgid_plural "%(n)s b"\nmsgstr[0] "%(n)s x"\nmsgstr[1] ""', "complete"),
        ('msgid "%(n)s a"\nmsgid_plural "%(n)s b"\nmsgstr[0] "eins"\nmsgstr[1] "viele"', "places"),
    ],
)
def test_a_fault_of_a_catalogue_is_seen(po: str, fault: str) -> None:
    text = f'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n{po}\n'
    read = read_po(io.BytesIO(text.encode()), locale="de")
    (message,) = (message for message in read if message.id)
    assert fault in " ".join(faults(message, uses_of(read)))


def test_what_the_code_says_is_found() -> None:
    text = '_("a")\nwords.ngettext("b", "c", n)\nwords.fill("d %(e)s", e=f)\nwords.gettext(g)\nprint("h")'
    assert said(text) == {("a",), ("b", "c"), ("d %(e)s",)}
    assert len(wanted()) > 30
