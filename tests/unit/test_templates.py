"""An operator's own templates: limited in time, memory and reach; every fault named with file and line; ours are rendered as before."""

import os
import pickle
import time
from pathlib import Path

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.edition import Shelf, Variant
from publisher.errors import TemplateInvalid
from publisher.render import digest, mjml, pages
from publisher.render.limited import CPU_SECONDS
from publisher.render.mjml import DEEPEST, to_html
from publisher.render.templates import load
from tests.editions import LOOK, ROOT, TEMPLATES, edition, item, persian

SHIPPED = ROOT / "templates"
HOSTILE = Path(__file__).resolve().parents[1] / "templates"


@pytest.fixture
def own(tmp_path):
    """Makes templates of an operator's folder that holds these files; their child ends with the test."""
    opened = []

    def make(**files):
        for name, text in files.items():
            path = tmp_path / "own" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        opened.append(load([tmp_path / "own", SHIPPED]))
        return opened[-1]

    yield make
    for templates in opened:
        templates.close()


def fault(templates, name="a.txt.j2", **context):
    with pytest.raises(TemplateInvalid) as caught:
        templates.render(name, context)
    return caught.value


@pytest.mark.parametrize("path", sorted(HOSTILE.iterdir()), ids=lambda path: path.name)
def test_each_hostile_template_is_stopped_and_the_next_one_is_rendered(own, path):
    templates = own(**{"a.html.j2": path.read_bytes(), "b.txt.j2": "{{ x }}"})
    assert templates.render("b.txt.j2", {"x": "before"}) == "before"
    began = time.process_time()
    found = fault(templates, "a.html.j2", story={"title": "<b>"}, settings={}, config="x", environ="x")
    assert time.process_time() - began < CPU_SECONDS
    assert found.template == "a.html.j2"
    assert found.why.isprintable()
    assert templates.render("b.txt.j2", {"x": "after"}) == "after"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ 'a'*(10**9) }}", "memory"),
        (
            "{% set n = namespace(t='a') %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
            "memory",
        ),
        ("{% for i in range(99999) %}{{ 'a'*1000 }}{% endfor %}", "8,000,000 characters"),
        ("{% include 'a.txt.j2' %}", "without end"),
        ("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", "without end"),
    ],
)
def test_work_and_memory_are_limited_also_of_constants_that_compiling_evaluates(own, source, words):
    assert words in fault(own(**{"a.txt.j2": source})).why


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("\n{{ 7 // 0 }}", 2, "ZeroDivisionError"),
        ("\n\n{{ title + 5 }}", 3, "TypeError"),
        ("{{ title }}\n{{ nothing }}", 2, "'nothing' is undefined"),
        ("\n{% if %}", 2, "Expected an expression"),
        ("\n{{ title|safe }}", 2, "No filter named 'safe'"),
        ("\n{{ title|attr('x') }}", 2, "No filter named 'attr'"),
        ("\n{{ lipsum() }}", 2, "'lipsum' is undefined"),
        ("\n{% autoescape false %}{{ title }}{% endautoescape %}", 2, "autoescape cannot be switched"),
        ("\n{% include 'nowhere.txt.j2' %}", 2, "there is no template 'nowhere.txt.j2'"),
        ("\n{% include 'picture.svg' %}", 2, "there is no template 'picture.svg'"),
        (b"\xff\xfe", None, "it is not UTF-8"),
        ("\n{% include 'b.txt.j2' %}", 4, "ZeroDivisionError"),
    ],
)
def test_any_fault_is_named_with_file_and_line(own, source, line, words):
    templates = own(**{"a.txt.j2": source, "b.txt.j2": "\n\n\n{{ 1 // 0 }}"})
    found = fault(templates, title="News")
    assert (found.template, found.line) == ("b.txt.j2" if "b.txt" in str(source) else "a.txt.j2", line)
    assert words in found.why


@pytest.mark.parametrize("tag", ["include 'a.txt.j2'", "import 'a.txt.j2' as a", "extends 'a.txt.j2'"])
def test_markup_takes_in_no_plain_text_which_would_not_be_escaped(own, tag):
    templates = own(**{"a.txt.j2": "{{ title }}", "b.html.j2": f"{{% {tag} %}}"})
    found = fault(templates, "b.html.j2", title="<script>")
    assert (found.template, found.line) == ("b.html.j2", 1)
    assert "not escaped" in found.why


def test_own_templates_that_say_the_same_give_the_same_bytes(own):
    made = edition()
    for name in ("item.mjml.j2", "subject.txt.j2", "body.txt.j2"):
        own(**{f"mail/digest/{name}": (SHIPPED / "mail" / "digest" / name).read_bytes()})
    templates = own()
    assert templates.check() == 3
    wanted = digest.render(made, Variant("en"), look=LOOK, templates=TEMPLATES)
    assert digest.render(made, Variant("en"), look=LOOK, templates=templates) == wanted


def test_what_templates_are_given_is_plain_data(monkeypatch):
    """A child process gets it: no functions, no objects of ours."""
    given = []
    real = type(TEMPLATES).render
    monkeypatch.setattr(
        type(TEMPLATES),
        "render",
        lambda self, name, context: given.append(context) or real(self, name, context),
    )
    made = edition()
    digest.render(made, Variant("en"), look=LOOK, templates=TEMPLATES)
    url = "https://front.example/"
    site = pages.Site(
        name="Front",
        url=url,
        language="en",
        timezone="UTC",
        postal_address="",
        sections=(pages.SectionLink("World", url),),
        disclaimer="Full.",
    )
    feeds = [pages.Feed("RSS", "application/rss+xml", "Front", url)]
    links = [pages.EditionLink("Morning", "Monday", url, "en")]
    pages.front_page(made, site, feeds=feeds, editions=links, templates=TEMPLATES)
    pages.section_page(made, site, heading="World", url=url, feeds=feeds, templates=TEMPLATES)
    pages.edition_page(made, Variant("en"), site, url=url, templates=TEMPLATES)
    assert len(given) == 6
    for context in given:
        assert pickle.loads(pickle.dumps(context)) == context  # noqa: S301 - made on the same line


@pytest.mark.parametrize(
    ("po", "line", "words"),
    [
        (b"\xff\xfe", None, "UTF-8"),
        ('msgid "Unsubscribe"\nmsgstr "\udcff"'.encode("utf-8", "surrogatepass"), None, "UTF-8"),
        (
            b'msgid ""\nmsgstr "Content-Type: text/plain; charset=none\\n"\n\nmsgid "a"\nmsgstr "b"\n',
            None,
            "catalogue",
        ),
        (b'\nmsgid "Source: %(source)s"\nmsgstr "Quelle: %(quelle)s"\n', 2, "other places"),
        (
            b'\nmsgid "%(n)s story"\nmsgid_plural "%(n)s stories"\nmsgstr[0] "100 %"\nmsgstr[1] "x"\n',
            2,
            "places",
        ),
        (b'msgid "a"\nmsgstr "b"\n\ngarbage\n', 4, "keyword"),
        (b'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n.n;\\n"\n', None, "catalogue"),
    ],
)
def test_a_catalogue_that_is_none_or_has_other_places_is_named(own, po, line, words):
    with pytest.raises(TemplateInvalid) as caught:
        own(**{"locale/de/messages.po": po})
    assert caught.value.template == "locale/de/messages.po"
    assert caught.value.line == line
    assert words in caught.value.why


def test_elements_too_deep_for_the_engine_are_refused_before_it_ends_the_process():
    for tag in ("mj-section", "b"):
        deep = f"<mjml><mj-body>{f'<{tag}>' * 20_000}{f'</{tag}>' * 20_000}</mj-body></mjml>"
        with pytest.raises(TemplateInvalid, match=f"more than {DEEPEST} deep"):
            to_html(deep, template="x")
    flat = "<mj-section><mj-column><mj-text>a<br>b</mj-text></mj-column></mj-section>" * (2 * DEEPEST)
    assert to_html(f"<mjml><mj-body>{flat}</mj-body></mjml>", template="x")


def test_the_child_is_gone_when_its_templates_are_closed(own):
    templates = own(**{"a.txt.j2": "{{ x }}"})
    assert templates.render("a.txt.j2", {"x": 1}) == "1"
    number = templates._runner._child.pid
    templates.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("mail/digest/subject.txt.j2", "{{ 9**(9**9) }}", "processor time"),
        ("mail/digest/subject.txt.j2", "\n{% if %}", "subject.txt.j2:2: "),
        ("web/index.html.j2", "{{ x|safe }}", "index.html.j2:1: "),
        ("web/notes.j2", "x", "ends with one of"),
        ("locale/ar/messages.po", "\xff", "locale/ar/messages.po"),
    ],
)
def test_config_check_compiles_what_is_the_operator_s(tmp_path, capsys, name, text, words):
    assert told(publisher, ["-q", "init", str(tmp_path)]) == 0
    path = tmp_path / "own" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    config = tmp_path / "config" / "publisher.toml"
    config.write_text(config.read_text().replace("[store]", '[store]\ntemplates_dir = "../own"'))
    assert told(publisher, ["--config", str(tmp_path / "config"), "config", "check"]) == 78
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "comment", ["<!--[if mso]><b>x</b><![endif] -->", "<!--[if mso]><b>x</b><![endif]\n-->"]
)
def test_a_comment_that_the_engine_panics_on_is_a_sentence(comment):
    source = f"<mjml><mj-body><mj-raw>{comment}</mj-raw></mj-body></mjml>"
    with pytest.raises(TemplateInvalid, match="conditional comment"):
        to_html(source, template="mine")


def test_any_panic_of_the_engine_is_a_sentence(monkeypatch):
    class Panic(BaseException):
        __module__ = mjml.ENGINE_PANIC

    def panics(*_arguments, **_options):
        raise Panic

    monkeypatch.setattr(mjml, "mjml2html", panics)
    with pytest.raises(TemplateInvalid, match="gives up"):
        to_html("<mjml></mjml>", template="mine")


def test_an_editions_page_in_a_language_names_the_rights_of_its_own_stories_only():
    there = (item("01A", rights_line="© Meridian"), persian("01B", rights_line="© Kavir"))
    shelves = tuple(
        Shelf(section="world", title="World", language=entry.language, stories=(entry.story_id,))
        for entry in there
    )
    made = edition(*there, languages=("en", "fa"), shelves=shelves)
    site = pages.Site(
        name="Front",
        url="https://front.example/",
        language="en",
        timezone="UTC",
        postal_address="",
        sections=(),
        disclaimer="Full.",
    )
    page = pages.edition_page(made, Variant("fa"), site, url="https://front.example/", templates=TEMPLATES)
    assert "© Kavir" in page.decode()
    assert "© Meridian" not in page.decode()
