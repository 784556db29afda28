"""The digest's markup before judges from outside: MJML's own validator, the Nu checker, html-validate, caniemail.

Each judge is one process over all mails, and is given a spoilt one too: a judge that finds nothing anywhere proves nothing.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.digestbox import LANGUAGES, TITLES, finish, full, kill_notices, mixed_mails

HERE = Path(__file__).parent
INHERENT = r".*(xmlns:[vo]|mso-|supported-color-schemes).*"
"""What MJML writes for Outlook and dark mode, and no standard knows."""
QUICK = ("-Xss4m", "-XX:TieredStopAtLevel=1")
"""Half the work for a run this short; the checker's grammar is too deep for the stack that this leaves by default."""
HTML_MAX, STYLE_MAX = 75_000, 8_192
SPOILT = (
    '<!doctype html><html lang="en"><head><title>Spoilt</title></head>'
    '<body><p><div id="a">x</div><img src="x.png"><i id="a">y</b></body></html>'
)


@pytest.fixture
def pages(tmp_path):
    """The HTML of the mixed mails and of kill notices as files, and one that is spoilt."""
    mails = {mail.name: mail.html for mail in mixed_mails()} | {
        name: html for name, _, html in kill_notices()
    }
    made = [tmp_path / f"{name}.html" for name in mails]
    for path, html in zip(made, mails.values(), strict=True):
        path.write_text(html, encoding="utf-8")
    (tmp_path / "spoilt.html").write_text(SPOILT, encoding="utf-8")
    return [*made, tmp_path / "spoilt.html"]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)


@pytest.mark.program("node")
@pytest.mark.package("mjml")
def test_the_reference_engine_takes_our_mjml_and_refuses_what_it_does_not_know(program, package, tmp_path):
    sources = {mail.name: mail.mjml for mail in mixed_mails()} | {
        name: mjml for name, mjml, _ in kill_notices()
    }
    files = [tmp_path / f"{name}.mjml" for name in sources]
    for path, mjml in zip(files, sources.values(), strict=True):
        path.write_text(mjml, encoding="utf-8")
    validate = (program, package / "bin" / "mjml", "--validate")
    assert run(*validate, *files).returncode == 0
    spoilt = tmp_path / "spoilt.mjml"
    spoilt.write_text(
        mixed_mails()[0].mjml.replace("<mj-column>", '<mj-column colour="red">', 1), encoding="utf-8"
    )
    judged = run(*validate, spoilt)
    assert judged.returncode == 1
    assert "Attribute colour is illegal" in judged.stderr


@pytest.mark.program("java")
@pytest.mark.package("vnu-jar")
def test_the_nu_checker_finds_no_error(program, package, pages):
    jar = package / "build" / "dist" / "vnu.jar"
    judged = run(
        program, *QUICK, "-jar", jar, "--errors-only", "--format", "json", "--filterpattern", INHERENT, *pages
    )
    messages = json.loads(judged.stderr)["messages"]
    assert [f"{m['url']}: {m['message']}" for m in messages if "spoilt" not in m["url"]] == []
    assert messages


@pytest.mark.program("node")
@pytest.mark.package("html-validate")
def test_html_validate_finds_no_error(program, package, pages):
    judged = run(
        program,
        package / "bin" / "html-validate.mjs",
        "--config",
        HERE / "htmlvalidate.json",
        "--formatter",
        "json",
        *pages,
    )
    found = [
        (Path(result["filePath"]).stem, message["ruleId"], message["message"])
        for result in json.loads(judged.stdout)
        for message in result["messages"]
    ]
    assert [one for one in found if one[0] != "spoilt"] == []
    assert "no-dup-id" in {rule for _, rule, _ in found}


@pytest.mark.program("node")
@pytest.mark.package("caniemail")
def test_nothing_new_is_asked_of_mail_clients(program, package, pages):
    """`caniemail.ok` lists what some client lacks and the mail bears to lose; a line that is no longer needed leaves the list."""
    found = set(run(program, HERE / "caniemail.mjs", *pages[:-1]).stdout.splitlines())
    listed = (HERE / "caniemail.ok").read_text(encoding="utf-8").splitlines()
    assert listed == sorted(set(listed))
    assert (found - set(listed), set(listed) - found) == (set(), set())


@pytest.mark.parametrize("mail", mixed_mails(), ids=LANGUAGES)
def test_attributes_say_what_they_were_given(mail):
    """The engine prints attributes in Rust's debug form (`render.mjml`): joiners, marks and backslashes came out as escapes."""
    assert re.findall(r"\\u\{|\\\"|\{\{|\{%|Place[0-9a-f]{24}", mail.html) == []
    tree = LexborHTMLParser(mail.html)
    (article,) = tree.css("[role=article]")
    title = article.attributes["aria-label"] or ""
    assert title.startswith(TITLES[mail.language])
    assert (article.attributes["lang"], article.attributes["dir"]) == (
        mail.language,
        tree.css_first("html").attributes["dir"],
    )
    links = {node.attributes["href"] for node in tree.css("h3 a")}
    assert links == {item.link for item in mail.edition.items}


@pytest.mark.parametrize("language", LANGUAGES)
def test_forty_stories_stay_below_what_webmail_cuts_off(language):
    """Gmail clips near 102 KB of HTML and then hides the link to leave; it drops style sheets over 16,384 characters."""
    mail = finish("full", full(language))
    assert len(mail.html.encode()) <= HTML_MAX
    assert sum(len(style) for style in re.findall(r"(?s)<style[^>]*>(.*?)</style>", mail.html)) <= STYLE_MAX
