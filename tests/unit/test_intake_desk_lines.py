"""What a text says to the desk is obeyed and never printed, in whichever format it comes; news about an embargo or a killing stays news."""

import json
from datetime import UTC, datetime
from email.header import Header

import pytest

from publisher.intake.desklines import headed, is_note, lines_above, order
from publisher.intake.markup import to_text
from publisher.intake.standing import DESK_LINE
from publisher.story import EmbargoKind, PubStatus, Rejected
from tests.typedbox import ALL, LINE, MORE, NEWS, TYPED, as_json, as_page, as_plain_mail, as_wire, came, mail
from tests.wirebox import AGENCY, SECRET, items, shown

UNTIL = datetime(2031, 4, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize("form", [*ALL, as_page])
@pytest.mark.parametrize(
    "above", [(), ("PRESS RELEASE",), (NEWS,)], ids=["first", "below-another", "below-news"]
)
def test_an_embargo_line_holds_wherever_it_stands_and_is_not_printed(form, above):
    item = came(form(*above, "EMBARGOED UNTIL 0600 GMT 1 APR 2031", NEWS, MORE))
    assert (item.embargo.kind, item.embargo.until) == (EmbargoKind.UNTIL, UNTIL)
    assert "EMBARGO" not in shown(item)
    assert NEWS in item.body
    assert item.pubstatus is PubStatus.USABLE


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize(
    "line",
    ["KILL", "MANDATORY KILL", "HOLD FOR RELEASE", "PLEASE DO NOT PUBLISH THIS STORY", "Do not publish"],
)
def test_an_order_in_a_text_holds_it_and_is_not_printed(form, line):
    for lines in ((line, NEWS, MORE), (NEWS, MORE, line)):
        item = came(form(*lines))
        if form is as_json and not line.isupper():  # a format with fields: what does not shout is text
            assert (item.pubstatus, line in shown(item)) == (PubStatus.USABLE, True)
            continue
        assert item.pubstatus is not PubStatus.USABLE or item.embargo.kind is EmbargoKind.UNREADABLE
        assert (
            line in shown(item)
        ) is not line.isupper()  # what may be news is held whole, for a person to look


@pytest.mark.parametrize(
    "headline",
    [
        *("DO NOT USE: Two tugs for sale", "DO NOT PUBLISH - Two tugs for sale", "STORNO: Two tugs for sale"),
        *("ANNULATION: Two tugs for sale", "АННУЛИРОВАНО: Two tugs for sale", "2ND KILL: Two tugs for sale"),
        *("BULLETIN - KILL - Two tugs for sale", "ZURÜCKGEZOGEN - Two tugs for sale"),
        "Two tugs for sale - embargoed until 06:00 GMT Tuesday 1 April 2031",
        *("Two tugs for sale - Embargo: 1 April 2031, 07:00", "Two tugs for sale - Embargoed until Friday"),
        *("Two tugs for sale, embargoed until Friday", "Two tugs for sale - Sperrfrist: 1. April 2031, 06.00 Uhr"),
    ],
)  # fmt: skip
def test_an_order_beside_a_headline_that_somebody_typed_holds_the_story(headline):
    told = headed(headline, AGENCY)
    assert told is not None
    assert told.rest == "Two tugs for sale"
    assert told.status is PubStatus.WITHHELD or told.embargo.kind is not EmbargoKind.NONE
    text = f"{headline}\n\n{NEWS}\n\n{LINE}"
    for raw, format_ in (
        (text, "text"),
        (mail(f"{NEWS}\n\n{LINE}", subject=Header(headline, "utf-8").encode()), "mail"),
    ):
        assert came((raw, format_)).embargo.kind is not EmbargoKind.NONE


@pytest.mark.parametrize(
    "headline",
    ["KILL: Two tugs for sale", "[KILL] Two tugs for sale", "EMBARGO: Two tugs for sale", "HOLD - Two tugs for sale"],
)  # fmt: skip
def test_a_headline_that_is_marked_in_capitals_holds_the_story_in_every_format(headline):
    raw, format_ = as_json(NEWS, MORE)
    item = came((json.dumps(json.loads(raw) | {"headline": headline}), format_))
    assert item.embargo.kind in {EmbargoKind.UNREADABLE, EmbargoKind.OPEN}


@pytest.mark.parametrize(
    "line",
    [
        *("Fwd: EMBARGOED UNTIL 0600 GMT 1 APR 2031: Two tugs for sale", "Re: KILL: Two tugs for sale"),
        *("EDITORS: KILL TUGS STORY", "KILL STORY HNA062 TUGS", "ACHTUNG SPERRFRIST 6 UHR", "ANNULEE", "НЕ ПУБЛИКОВАТЬ"),
        *("FOR RELEASE 6 A.M. EST JAN 4, 2031", "محظور النشر حتى السادسة صباحا", "انتشار ممنوع تا ساعت شش"),
    ],
)  # fmt: skip
def test_orders_as_agencies_write_them(line):
    assert headed(line, AGENCY) is not None


def test_news_that_begins_like_an_order_is_none():
    for headline in (
        "Release of the film at noon",
        "For release of hostages, talks go on",
        "KILLER STORY WINS PRIZE",
    ):
        assert headed(headline, AGENCY) is None, headline
    assert not is_note("Confidential talks are not for publication, he says")
    assert is_note("CONFIDENTIAL - NOT FOR PUBLICATION")


@pytest.mark.parametrize("form", TYPED)
@pytest.mark.parametrize("line", ["HOLD - DO NOT USE UNTIL RELEASED", "ATTENTION EDITORS - KILL"])
def test_an_order_that_goes_on_or_is_addressed_holds_and_nothing_else_is_taken_out(form, line):
    for lines in ((line, NEWS, MORE), (NEWS, line, MORE), (NEWS, MORE, line)):
        item = came(form(*lines))
        assert item.pubstatus is not PubStatus.USABLE or item.embargo.kind is EmbargoKind.UNREADABLE
        assert NEWS in item.body
        assert MORE in item.body


@pytest.mark.parametrize("form", TYPED)
@pytest.mark.parametrize(
    "line",
    [
        "Pas destinée à la publication, la lettre nomme six agents.",
        f"Not for publication, please: Ana, {SECRET}",
    ],
)
def test_a_note_that_may_be_a_sentence_stays_in_the_house_and_a_person_looks(form, line):
    item = came(form(NEWS, line, MORE))
    assert line not in shown(item)
    assert item.embargo.kind is EmbargoKind.UNREADABLE


@pytest.mark.parametrize("form", TYPED)
def test_a_list_of_contacts_between_people_is_news(form):
    item = came(form(NEWS, "* Contacts with the port of Ghent go on", MORE))
    assert (item.embargo.kind, MORE in item.body) == (EmbargoKind.NONE, True)


@pytest.mark.parametrize("form", TYPED)
@pytest.mark.parametrize(
    "notes",
    [
        (f"NOT FOR PUBLICATION: call Ana on {SECRET}",),
        (f"Not for publication\nAna mobile {SECRET}",),
        (f"*** NOT FOR PUBLICATION ***\nAna mobile {SECRET}", "More of her"),
        ("Not for publication", f"Ana mobile {SECRET}"),
        (f"[Note to editors, not for publication: Ana mobile {SECRET}]",),
        ("The following information is not intended for publication", f"Tel: {SECRET}"),
        (f"Notes to editors:\nAna mobile {SECRET}",),
        (f"Editorial contact: Ana, {SECRET}",),
        ("=== hn Notebook", f"Ana {SECRET}"),
        (f"Attention editors: call {SECRET}",),
        (f"Nicht zur Veröffentlichung bestimmt: {SECRET}",),
        (f"Не для публикации: {SECRET}",),
    ],
)
def test_what_is_not_for_publication_stays_in_the_house(form, notes):
    item = came(form(NEWS, MORE, *notes))
    assert SECRET not in shown(item)
    assert SECRET in item.ednote
    assert NEWS in item.body
    assert MORE in item.body
    assert item.pubstatus is PubStatus.USABLE
    assert item.source_url == "https://agency.example/2031/tugs"


@pytest.mark.parametrize("form", ALL)
def test_a_note_above_the_text_goes_alone_or_holds_the_item(form):
    item = came(form(f"NOT FOR PUBLICATION: picture follows, call {SECRET}", NEWS, MORE))
    assert SECRET not in shown(item)
    assert NEWS in item.body
    assert MORE in item.body
    assert item.pubstatus is PubStatus.USABLE
    for lines in (
        ("NOT FOR PUBLICATION", NEWS, MORE),
        ("A line.", f"NOT FOR PUBLICATION: {SECRET}", NEWS, MORE),
        *([] if form is as_json else [("A line.", f"Not for publication: {SECRET}", NEWS, MORE)]),
    ):
        item = came(form(*lines))
        assert item.embargo.kind is EmbargoKind.UNREADABLE
        assert DESK_LINE in item.flags


@pytest.mark.parametrize(
    "signature",
    [
        f"<p>-- <br>Ana<br>{SECRET}</p>",
        f"<div class=gmail_signature>Ana {SECRET}</div>",
        f"--<br>Ana {SECRET}<p>more</p>",
    ],
)
def test_the_signature_of_a_mail_in_html_is_no_part_of_it(signature):
    item = came((mail(f"<p>{NEWS}</p><p>{LINE}</p>{signature}", kind="text/html"), "mail"))
    assert SECRET not in shown(item)
    assert item.body == f"<p>{NEWS}</p>"


@pytest.mark.parametrize(
    ("subject", "headline", "kind"),
    [
        ("EMBARGOED UNTIL 0600 GMT 1 APR 2031: Mayor resigns", "Mayor resigns", EmbargoKind.UNTIL),
        ("Under embargo until 1 April 2031 - Mayor resigns", "Mayor resigns", EmbargoKind.UNTIL),
        ("EMBARGO: Mayor resigns", "Mayor resigns", EmbargoKind.OPEN),
        (
            "Mayor resigns (embargoed until Friday noon)",
            "Mayor resigns (embargoed until Friday noon)",
            EmbargoKind.UNREADABLE,
        ),
        ("Embargo until March hits oranges", "Embargo until March hits oranges", EmbargoKind.UNREADABLE),
        ("Embargo vor dem Aus: EU lenkt ein", "Embargo vor dem Aus: EU lenkt ein", EmbargoKind.UNREADABLE),
        ("EMBARGOED UNTIL 0600 GMT 1 APR 2031", "", EmbargoKind.UNTIL),
    ],
)
def test_an_embargo_in_a_subject_is_kept_also_where_a_person_gives_the_headline(subject, headline, kind):
    (item,) = items(mail(f"{NEWS}\n\n{LINE}", subject=subject), format="mail")
    received = item.received if isinstance(item, Rejected) else item
    assert (received.original_headline, received.embargo.kind) == (headline, kind)


@pytest.mark.parametrize(
    ("marks", "kills"),
    [
        ("KILL KILL KILL\r\n", True),
        ("BULLETIN\r\nSTORY KILLED\r\n", True),
        ("URGENT - MANDATORY KILL\r\n", True),
        ("EDITORS: PLEASE KILL THIS STORY\r\n", True),
        ("KILL - ", False),
        ("PLEASE HOLD: ", False),
    ],
)
def test_a_kill_finds_its_story_also_over_the_turn_of_a_month(marks, kills):
    def wire(number, marks, stamp):
        (item,) = items(
            f"\x01hna{number} 3 i 12 hn 061\r\n\r\nport-tugs/\r\n\x02{marks}Two tugs for sale =\r\n\r\n   Port (hn) - {NEWS}\r\n\x03{stamp}\r\n\x04"
        )
        return item.received if isinstance(item, Rejected) else item

    story, again = wire(101, "", "312330 GMT Oct 26"), wire(301, "", "010030 GMT Nov 26")
    kill = wire(201, marks, "010030 GMT Nov 26")
    assert kill.pubstatus is (PubStatus.CANCELED if kills else PubStatus.USABLE)
    assert (kill.embargo.kind is EmbargoKind.UNREADABLE) is not kills
    assert kill.aliases & story.aliases
    assert "KILL" not in kill.headline + kill.original_headline
    assert not again.aliases & story.aliases


def test_a_text_wire_has_its_link_from_its_source_line_and_a_place_of_its_own():
    item = came(as_wire(NEWS))
    assert (item.source_name, item.source_url) == ("Harbour", "https://agency.example/2031/tugs")
    assert "agency.example" not in item.body


@pytest.mark.parametrize(
    "headline",
    [
        "Embargo on oil is lifted",
        "Embargo, sanctions and tariffs: what the ban means",
        "Embargo: what the oil ban means for the port",
        "EMBARGO ON ARMS EXTENDED",
        "Embargoed goods seized at the port",
        "Arms embargo until 2035, ministers say",
        "Killed in action: four sailors are named",
        "KILLED: THE MAYOR OF A SMALL TOWN",
        "Four killed in storm",
        "FOUR KILLED - TWO STILL MISSING",
        "Kill the bill, say the marchers",
        "Kill-switch law is passed",
        "Hold on to your hats: storm ahead",
        "HOLD-UP AT THE BANK OF THE PORT",
        "Hold the line",
        "Withdrawal of troops begins",
        "Withdrawn from sale: two tugs",
        "Release of prisoners is delayed",
        "Not for publication is how he marked it, and nobody obeyed",
        "The memo, marked not for publication, was in the paper",
        "Notes to editors of a small paper",
        "Editor's note: this story was changed",
        "Publication of the report is delayed",
        "Mayor resigns - embargo stays",
        "March against the embargo (video)",
        "Do not use the lift, says the mayor",
        "Corrected figures show a loss",
    ],
)  # fmt: skip
def test_news_about_an_embargo_or_a_killing_stays_news(headline):
    assert headed(headline, AGENCY) is None
    assert not is_note(headline)
    assert lines_above([headline], AGENCY).count == 0
    for first in (True, False):
        assert order(f"{headline}, and more was said about it on Monday.", AGENCY, first=first) is None
    for form in ALL:
        item = came(form(NEWS, headline, MORE))
        assert (item.pubstatus, item.embargo.kind, item.flags) == (PubStatus.USABLE, EmbargoKind.NONE, ())
        assert item.ednote is None
        assert all(said in item.body for said in (NEWS, MORE))


def test_a_crosshead_is_no_order_and_a_broken_line_of_prose_is_none():
    item = came(as_json(NEWS, *(["Filler of the text."] * 5), "Embargo", "Hold", "HOLD", "Killed", MORE))
    assert (item.pubstatus, item.embargo.kind) == (PubStatus.USABLE, EmbargoKind.NONE)
    broken = "The minister said that the\nembargo until 6 April would stay, and that this was\nnot for publication, he hoped."
    for form in (as_plain_mail, as_wire):
        item = came(form(NEWS, broken, MORE))
        assert (item.pubstatus, item.embargo.kind) == (PubStatus.USABLE, EmbargoKind.NONE)
        assert "he hoped" in item.body


ORDINARY = [
    (
        "Embargo on Cuban oil ends after sixty years",
        "Under embargo for 60 years, Cuba has built trucks of its own.",
    ),
    ("Bridge opens again", "Not used until 1990, the bridge now carries ten trains a day."),
    ("Not for publication: the diaries of a spy", "The book is out on Monday."),
    ("Minister’s letter leaked", "‘Not for publication,’ the minister had written above the letter."),
    ("Talks resume", "* Contacts with the port of Ghent go on"),
    (
        "Embargo bis Ende 2027 verlängert",
        "Nicht zur Veröffentlichung bestimmt war der Brief, den die Zeitung nun druckt.",
    ),
    ("Concert annulé à Lyon", "Annulé"),
    ("Embargo hasta 2030 para el atún", "Sin embargo, el juez no fijó la cantidad."),
    (
        "Эмбарго до 2028 года продлил президент",
        "Не для публикации было письмо министра, которое получила газета.",
    ),
    ("نامه وزیر فاش شد", "غیرقابل انتشار خواندن این نامه کار وزیر بود."),
    ("מכתב השר נחשף", "לא לפרסום היו דברי השר במכתב שהגיע לעיתון."),
    ("平台不得发布虚假信息", "不得发布虚假信息，网信办要求各平台整改。"),
    ("EMBARGO ON OIL ENDS IN MAY", "EMBARGO"),
    ("Withdrawal from the river bank begins", "Withdrawal"),
]


@pytest.mark.parametrize(("headline", "paragraph"), ORDINARY)
def test_where_a_format_has_fields_an_ordinary_story_comes_through_whole(headline, paragraph):
    raw, format_ = as_json(NEWS, paragraph, MORE)
    item = came((json.dumps(json.loads(raw) | {"headline": headline}), format_))
    assert (item.pubstatus, item.embargo.kind, item.flags) == (PubStatus.USABLE, EmbargoKind.NONE, ())
    assert item.original_headline == headline
    for line in (NEWS, paragraph, MORE):
        assert line in to_text(item.body)


@pytest.mark.parametrize(
    "line",
    [
        "‘Not for publication,’ the minister had written above the letter.",
        "Nicht zur Veröffentlichung bestimmt war der Brief, den die Zeitung nun druckt.",
        "Не для публикации было письмо министра, которое получила газета.",
        "غیرقابل انتشار خواندن این نامه کار وزیر بود.",
        "غير مخصصة للنشر كانت الرسالة التي حصلت عليها الصحيفة.",
        "לא לפרסום היו דברי השר במכתב שהגיע לעיתון.",
        "不得发布虚假信息，网信办要求各平台整改。",
    ],
)
def test_a_sentence_about_what_is_not_for_publication_is_no_note_in_any_format(line):
    assert not is_note(line)
