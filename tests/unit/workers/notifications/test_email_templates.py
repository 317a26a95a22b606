"""How a notice reads, in every language, and what a name can't do to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages.available import languages
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.domain import AppointmentLinks, flatten_text

KINDS = ("code", "confirmed", "cancelled", "rescheduled", "reminder", "choose_again")
LINKS = AppointmentLinks(cancel="https://salon.example/#stride-cancel=c1", move="https://salon.example/#stride-move=m1")
LETTERS = JinjaEmailTemplates()
HEADER_BREAKS = "\r\nBcc: everybody@example.com\r\n\r\nPay here"


@pytest.fixture
def write(make_notice, make_profile):
    """Return a function that words a notice."""

    def write(kind, *, profile=None, links=None, **fields):
        notice = make_notice(kind, **fields)
        return LETTERS.render(notice, profile or make_profile(), code="123456" if kind == "code" else None, links=links)

    return write


@pytest.mark.parametrize(
    ("kind", "locale", "subject", "sentence"),
    [
        ("code", "pl", "123456 to Twój kod – Salon Ania", "Twój kod: 123456"),
        ("code", "en", "123456 is your code for Salon Ania", "your code is: 123456"),
        ("confirmed", "pl", "Twoja wizyta: wtorek, 13 stycznia 2026, godz. 10:00", "wizyta jest potwierdzona:"),
        ("confirmed", "en", "Your appointment: Tuesday, 13 January 2026, 10:00", "your appointment is confirmed:"),
        ("cancelled", "pl", "Odwołano: wtorek, 13 stycznia 2026, godz. 10:00", "wizyta została odwołana:"),
        ("cancelled", "en", "Cancelled: Tuesday, 13 January 2026, 10:00", "your appointment is cancelled:"),
        ("rescheduled", "pl", "Nowy termin: wtorek, 13 stycznia 2026, godz. 10:00", "wizyta została przeniesiona:"),
        ("rescheduled", "en", "New time: Tuesday, 13 January 2026, 10:00", "your appointment has moved:"),
        ("reminder", "pl", "Przypomnienie: wtorek, 13 stycznia 2026, godz. 10:00", "przypominamy o wizycie:"),
        ("reminder", "en", "Reminder: Tuesday, 13 January 2026, 10:00", "this is a reminder of your appointment:"),
        ("choose_again", "pl", "Prosimy o wybór innego terminu", "wtorek, 13 stycznia 2026, godz. 10:00"),
        ("choose_again", "en", "Please choose another time", "Tuesday, 13 January 2026, 10:00"),
    ],
)
def test_a_letter_says_what_and_when_in_the_readers_language(write, kind, locale, subject, sentence):
    """Dates as people there write them, in the business's own time."""
    email = write(kind, locale=locale)

    assert email.subject == subject
    assert sentence in email.text
    assert "(Europe/Warsaw)" in email.text
    assert email.text.endswith("Salon Ania\n")
    assert (email.recipient, email.sender_name, email.reply_to) == (
        "jan@example.com",
        "Salon Ania",
        "salon@example.com",
    )
    assert "{" not in email.subject + email.text


@pytest.mark.parametrize(
    ("start", "locale", "expected"),
    [
        ("2026-03-28T09:00:00Z", "en", "Saturday, 28 March 2026, 10:00"),
        ("2026-03-29T09:00:00Z", "en", "Sunday, 29 March 2026, 11:00"),
        ("2026-10-25T00:30:00Z", "en", "Sunday, 25 October 2026, 02:30 (GMT+02:00)"),
        ("2026-10-25T01:30:00Z", "en", "Sunday, 25 October 2026, 02:30 (GMT+01:00)"),
        ("2026-12-31T23:30:00Z", "pl", "piątek, 1 stycznia 2027, godz. 00:30"),
        ("2026-01-13T10:00:00+05:00", "pl", "wtorek, 13 stycznia 2026, godz. 06:00"),
    ],
)
def test_a_date_is_the_one_on_the_businesses_wall(write, start, locale, expected):
    """Over clock changes and midnight, whatever offset the notice came with."""
    assert f"{expected} (Europe/Warsaw)" in write("cancelled", locale=locale, data={"start": start}).text


def test_a_code_says_until_when_the_time_is_held(write):
    """In the business's own time too."""
    assert "do godz. 13:15" in write("code").text
    assert "until 13:15" in write("code", locale="en").text


@pytest.mark.parametrize(
    ("locale", "profiles", "greeting"),
    [("pl-PL", "en", "Dzień dobry"), ("en_GB", "pl", "Hello"), ("tlh", "en", "Hello"), ("tlh", "pl", "Dzień dobry")],
)
def test_a_language_that_we_do_not_write_gives_way_to_the_businesses(write, make_profile, locale, profiles, greeting):
    """Someone there speaks it."""
    assert write("cancelled", locale=locale, profile=make_profile(locale=profiles)).text.startswith(greeting)


@pytest.mark.parametrize(("name", "greeting"), [("Jan", "Hello Jan,"), ("", "Hello,"), ("  ", "Hello,")])
def test_a_visitor_is_greeted_by_name_if_there_is_one(write, name, greeting):
    """Without one the greeting is whole all the same."""
    assert write("confirmed", locale="en", data={"name": name}).text.startswith(greeting)


@pytest.mark.parametrize("kind", ["code", "choose_again"])
@pytest.mark.parametrize("locale", languages())
def test_an_address_that_is_not_proved_reads_no_word_of_the_visitors(write, kind, locale):
    """A stranger must not read there what somebody typed as a name."""
    named = write(kind, locale=locale, data={"name": "You won! Go to evil.example"})

    assert named == write(kind, locale=locale, data={"name": ""})


@pytest.mark.parametrize(
    ("locale", "nothing", "unchanged"),
    [
        ("pl", "Nic nie zostało", "Bez zmian: wtorek, 13 stycznia 2026, godz. 10:00"),
        ("en", "Nothing is booked", "Not changed: Tuesday, 13 January 2026, 10:00"),
    ],
)
def test_who_shall_choose_again_reads_how_things_stand(write, locale, nothing, unchanged):
    """Nothing is booked, and the page is a click away; or the visit stands, with the links that change it."""
    email = write("choose_again", locale=locale)
    for text in (email.text, email.html):
        assert nothing in text
        assert "https://salon.example/wizyty" in text
        assert "Masaż" in text
    standing = write("choose_again", locale=locale, stands=True, links=LINKS)
    assert standing.subject == unchanged
    for text in (standing.text, standing.html):
        assert nothing not in text
        assert LINKS.move in text
        assert LINKS.cancel in text


def test_a_service_that_is_gone_leaves_no_hole(write):
    """The business's name stands there instead."""
    email = write("choose_again", data={"service": "", "service_name": ""})
    assert "    Salon Ania\n" in email.text
    assert "Salon Ania" in email.html


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_settled_comes_with_a_calendar_file(write, kind):
    """A hold is not yet an appointment, and a reminder tells nothing new."""
    attachments = write(kind).attachments

    assert [(one.name, one.content_type) for one in attachments] == (
        [] if kind in {"code", "reminder", "choose_again"} else [("appointment.ics", "text/calendar")]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", languages())
def test_names_break_neither_headers_nor_lines(write, make_profile, kind, locale):
    """What a visitor or an owner typed stays on its one line."""
    profile = make_profile(name=f"Salon{HEADER_BREAKS}")
    email = write(
        kind, locale=locale, profile=profile, data={"name": f"Jan{HEADER_BREAKS}", "service_name": f"M{HEADER_BREAKS}"}
    )

    for header in (email.subject, email.sender_name):
        assert header.isprintable()
    lines = email.text.splitlines()
    assert "Pay here" not in lines
    assert not any(line.startswith("Bcc") for line in lines)


@pytest.mark.parametrize("name", ["{{ code }}", "{% include 'code.txt' %}", "{{ 7 * 7 }}", "<b>Jan</b> & Co"])
def test_a_name_is_text_and_nothing_else(write, name):
    """It is neither a template nor HTML; the letter is plain text and shows it as it was typed."""
    text = write("confirmed", locale="en", data={"name": name}).text

    assert f"Hello {name}," in text


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_one_line(text):
    """Printable, not too long, without spaces at its ends."""
    line = flatten_text(text)

    assert line.isprintable()
    assert len(line) <= 200
    assert line == " ".join(line.split())


def test_a_letter_shows_neither_recipient_nor_text_in_a_log(write):
    """Its representation is what slips into log lines and exceptions."""
    shown = repr(write("confirmed", links=LINKS)) + repr(LINKS)

    for secret in ("jan@example.com", "Dzień dobry", "VCALENDAR", "c1", "m1"):
        assert secret not in shown


@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("kind", ["confirmed", "rescheduled", "reminder"])
def test_a_visit_that_stands_can_be_changed_from_its_letter(write, kind, locale):
    """Each address stands on a line of its own in angle brackets, where mail programs see its end (RFC 3986)."""
    lines = write(kind, locale=locale, links=LINKS).text.splitlines()

    assert lines.count(f"<{LINKS.move}>") == 1
    assert lines.count(f"<{LINKS.cancel}>") == 1
    assert lines.index(f"<{LINKS.move}>") < lines.index(f"<{LINKS.cancel}>")


@pytest.mark.parametrize(
    ("locale", "sentence"), [("pl", "odwołaj wizytę na czacie"), ("en", "cancel your appointment in")]
)
@pytest.mark.parametrize("kind", ["confirmed", "rescheduled", "reminder"])
def test_without_links_a_letter_names_the_other_ways(write, make_profile, kind, locale, sentence):
    """A business without a page has the chat, and reads its mail."""
    text = write(kind, locale=locale, profile=make_profile(page_url=None)).text

    assert sentence in text
    assert "http" not in text


@pytest.mark.parametrize("kind", ["code", "cancelled"])
def test_what_is_not_settled_or_over_names_no_links(write, kind):
    """There is nothing to change yet, or any more, even if links were given."""
    assert "stride-" not in write(kind, links=LINKS).text


@pytest.mark.parametrize(
    ("kind", "locale", "sorry"),
    [
        ("cancelled", "pl", "przepraszamy: musimy odwołać Twoją wizytę"),
        ("cancelled", "en", "we are very sorry: we have to cancel your appointment"),
        ("rescheduled", "pl", "przepraszamy: musieliśmy przenieść Twoją wizytę"),
        ("rescheduled", "en", "we are very sorry: we had to move your appointment"),
    ],
)
def test_a_business_that_changed_a_visit_says_so_and_is_sorry(write, kind, locale, sorry):
    """A visitor who changed it themselves needs no apology."""
    assert sorry in write(kind, locale=locale, by="business").text
    assert sorry not in write(kind, locale=locale, by="visitor").text


@pytest.mark.parametrize("by", ["visitor", "business"])
@pytest.mark.parametrize(
    ("locale", "sentences"),
    [
        ("pl", ("Nowy termin możesz wybrać na czacie na naszej stronie:", "Nowy termin możesz wybrać na czacie.")),
        ("en", ("book another time in the chat on our page:", "book another time in the chat.")),
    ],
)
def test_a_cancelled_visitor_learns_where_to_book_again(write, make_profile, by, locale, sentences):
    """On the business's page, if it has one."""
    with_page, without = sentences

    assert f"{with_page}\n<https://salon.example/wizyty>\n" in write("cancelled", locale=locale, by=by).text
    assert f"{without}\n" in write("cancelled", locale=locale, by=by, profile=make_profile(page_url=None)).text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("links", [None, LINKS])
def test_a_letter_has_no_holes(write, make_profile, kind, locale, links):
    """No line ends in a space, and no more than one empty line stands between two paragraphs."""
    for by in ("visitor", "business") if kind in {"cancelled", "rescheduled"} else ("visitor",):
        fields = {"by": by} if kind in {"cancelled", "rescheduled"} else {}
        text = write(kind, locale=locale, links=links, **fields).text

        assert "\n\n\n" not in text
        assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled", "reminder"])
@pytest.mark.parametrize("locale", languages())
def test_what_a_visitor_typed_is_text_in_html_too(make_notice, make_profile, kind, locale):
    """Neither a name nor a business's own words become markup."""
    name = "<img src=x onerror=alert(1)>"
    notice = make_notice(kind, locale=locale, data={"name": name})
    email = JinjaEmailTemplates().render(notice, make_profile(name="A & <b>B</b>"), code=None)

    assert "<img" not in email.html
    assert "<b>B</b>" not in email.html
    assert "A &amp; &lt;b&gt;B" in email.html
    assert email.html.startswith("<!doctype html>")


def test_lines_end_where_the_catalogue_says_in_text_and_where_the_window_does_in_html(write):
    """A text is translated once for both."""
    email = write("code", locale="en")
    assert "ignore this message\nand the time will be free again." in email.text
    assert "ignore this message and the time will be free again." in email.html
