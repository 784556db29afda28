"""An operator's templates are tried before a mail needs them: what is wrong is told with the file, and the line where it is known."""

from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from publisher import assets
from publisher.desk import canary
from publisher.edition import Edition, Item
from publisher.errors import TemplateInvalid
from publisher.render.templates import load
from publisher.theme import STANDARD

SHIPPED = assets.root() / "templates"
PARTS, STYLE, SECTION = "mail/digest/parts.mjml.j2", "mail/digest/style.css.j2", "mail/digest/section.mjml.j2"
TEXT, PAGE, NOTE = "mail/digest/body.txt.j2", "web/items.html.j2", "mail/digest/note.mjml.j2"
SOFT = 'class="soft hair" style="'


def own(folder: Path, name: str, before: str, after: str) -> Path:
    text = (SHIPPED / name).read_text()
    assert before in text
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text.replace(before, after))
    return folder


def tried(folder: Path) -> int:
    templates = load([folder, SHIPPED])
    try:
        return canary.try_out(folder, templates, theme=STANDARD)
    finally:
        templates.close()


def test_the_shipped_templates_pass():
    templates = load([SHIPPED])
    assert list(canary._faults(templates, STANDARD)) == []


def test_the_canary_edition_holds_everything_there_is():
    """What it lacks, nobody's own templates are tried with."""
    made = [canary.edition(), canary.archived()]
    for kind, held in ((Edition, made), (Item, [item for one in made for item in one.items])):
        optional = [entry for entry in fields(kind) if entry.default is not MISSING]
        lacks = {
            entry.name for entry in optional if all(getattr(one, entry.name) == entry.default for one in held)
        }
        assert not lacks, (
            f"no {kind.__name__} of the canary says anything of these: add them to publisher/desk/canary.py"
        )


def test_every_partial_may_be_changed_in_its_looks(tmp_path):
    own(tmp_path, PARTS, "font-weight:700;", "font-weight:600;")
    own(tmp_path, STYLE, "max-width: 480px", "max-width: 500px")
    own(tmp_path, SECTION, "letter-spacing:.06em;", "")
    own(tmp_path, "mail/digest/footer.mjml.j2", "{{ imprint }}", "{{ imprint }} <em>Since 1920</em>")
    assert tried(tmp_path) == 4


@pytest.mark.parametrize(
    ("change", "said", "line_holds"),
    [
        ((PARTS, " · {{ entry.provenance }}", ""), "disclaimer", None),
        ((PARTS, "{{ entry.source_url }}", "https://elsewhere.example"), "source", None),
        ((PARTS, SOFT, f"{SOFT}display:none;"), "display:none", "display:none"),
        ((PARTS, SOFT, f"{SOFT}font-size:0;"), "font of 0 px", None),
        (
            (STYLE, "  .soft { color: {{ dark.muted }}", "  .soft { color: {{ dark.paper }}"),
            "#1c1c1e on #1c1c1e",
            None,
        ),
        ((STYLE, ":root {", ".hair { visibility: hidden }\n:root {"), "visibility", "visibility"),
        ((SECTION, "<h2 ", "<newsitem>x</newsitem><h2 "), "<newsitem>", "<newsitem"),
        ((SECTION, "{{ shelf.title }}", "{{ shelf.name }}"), "name", "shelf.name"),
        ((SECTION, "</mj-section>", ""), "MJML", None),
        ((TEXT, "{{ entry.source_url }}", ""), "source", None),
        ((TEXT, "{% endfor %}", "{% endfo %}"), "endfo", "endfo"),
        ((PAGE, "{{ item.disclaimer }}", ""), "disclaimer", None),
        (("mail/notice/body.txt.j2", "{{ place.action }}", ""), "one link of ours", None),
        (("web/reader/acts.html.j2", 'method="post"', 'method="get"'), "POSTs", None),
        ((NOTE, "<mj-column>", "<mj-colum>"), "<mj-colum> is no element", "<mj-colum"),
    ],
)
def test_what_readers_are_owed_cannot_be_taken_out_or_hidden(tmp_path, change, said, line_holds):
    name, before, after = change
    own(tmp_path, name, before, after)
    with pytest.raises(TemplateInvalid) as refused:
        tried(tmp_path)
    assert refused.value.template in {name, "mail/digest/body.mjml.j2"}
    assert said in refused.value.why
    if line_holds:
        assert refused.value.template == name
        assert refused.value.line is not None
        lines = (tmp_path / name).read_text().splitlines()
        assert line_holds in lines[refused.value.line - 1]


def test_an_endless_template_is_ended(tmp_path):
    own(
        tmp_path,
        SECTION,
        "{{ shelf.title }}",
        "{% for n in range(99999) %}{% for m in range(99999) %}{% endfor %}{% endfor %}",
    )
    with pytest.raises(TemplateInvalid):
        tried(tmp_path)
