"""How a notice reads, in both languages, and what a name can't do to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.notifications.adapters.letters import TemplateLetters
from workers.notifications.domain import is_stale, one_line

KINDS = ("code", "confirmed", "cancelled", "rescheduled")
LETTERS = TemplateLetters()
HEADER_BREAKS = "\r\nBcc: everybody@example.com\r\n\r\nPay here"


@pytest.fixture
def write(make_notice, make_profile):
    """Return a function that words a notice."""

    def write(kind, *, profile=None, code=None, **fields):
        notice = make_notice(kind, **fields)
        return LETTERS.write(notice, profile or make_profile(), code="123456" if kind == "code" else code)

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
    ],
)
def test_a_letter_says_what_and_when_in_the_readers_language(write, kind, locale, subject, sentence):
    """Dates as people there write them, in the business's own time."""
    letter = write(kind, locale=locale)

    assert letter.subject == subject
    assert sentence in letter.text
    assert "(Europe/Warsaw)" in letter.text
    assert letter.text.endswith("Salon Ania\n")
    assert (letter.recipient, letter.sender_name, letter.reply_to) == (
        "jan@example.com",
        "Salon Ania",
        "salon@example.com",
    )
    assert "{" not in letter.subject + letter.text


@pytest.mark.parametrize(
    ("start", "locale", "written"),
    [
        ("2026-03-28T09:00:00Z", "en", "Saturday, 28 March 2026, 10:00"),
        ("2026-03-29T09:00:00Z", "en", "Sunday, 29 March 2026, 11:00"),
        ("2026-10-25T00:30:00Z", "en", "Sunday, 25 October 2026, 02:30"),
        ("2026-10-25T01:30:00Z", "en", "Sunday, 25 October 2026, 02:30"),
        ("2026-12-31T23:30:00Z", "pl", "piątek, 1 stycznia 2027, godz. 00:30"),
        ("2026-01-13T10:00:00+05:00", "pl", "wtorek, 13 stycznia 2026, godz. 06:00"),
    ],
)
def test_a_date_is_the_one_on_the_businesses_wall(write, start, locale, written):
    """Over clock changes and midnight, whatever offset the notice came with."""
    assert f"{written} (Europe/Warsaw)" in write("cancelled", locale=locale, data={"start": start}).text


def test_a_code_says_until_when_the_time_is_held(write):
    """In the business's own time too."""
    assert "do godz. 13:15" in write("code").text
    assert "until 13:15" in write("code", locale="en").text


@pytest.mark.parametrize(
    ("locale", "profiles", "greeting"),
    [("pl-PL", "en", "Dzień dobry"), ("en_GB", "pl", "Hello"), ("de", "en", "Hello"), ("de", "pl", "Dzień dobry")],
)
def test_a_language_that_we_do_not_write_gives_way_to_the_businesses(write, make_profile, locale, profiles, greeting):
    """Someone there speaks it."""
    assert write("cancelled", locale=locale, profile=make_profile(locale=profiles)).text.startswith(greeting)


@pytest.mark.parametrize(("name", "greeting"), [("Jan", "Hello Jan,"), ("", "Hello,"), ("  ", "Hello,")])
def test_a_visitor_is_greeted_by_name_if_there_is_one(write, name, greeting):
    """Without one the greeting is whole all the same."""
    assert write("confirmed", locale="en", data={"name": name}).text.startswith(greeting)


@pytest.mark.parametrize("locale", ["pl", "en"])
def test_a_code_goes_out_without_a_word_of_the_visitors(write, locale):
    """The address is not proved yet: a stranger must not read there what somebody typed as a name."""
    named = write("code", locale=locale, data={"name": "You won! Go to evil.example"})

    assert named == write("code", locale=locale, data={"name": ""})


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_settled_comes_with_a_calendar_file(write, kind):
    """A hold is not yet an appointment."""
    attachments = write(kind).attachments

    assert [(one.name, one.content_type) for one in attachments] == (
        [] if kind == "code" else [("appointment.ics", "text/calendar")]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", ["pl", "en"])
def test_names_break_neither_headers_nor_lines(write, make_profile, kind, locale):
    """What a visitor or an owner typed stays on its one line."""
    profile = make_profile(name=f"Salon{HEADER_BREAKS}")
    letter = write(
        kind, locale=locale, profile=profile, data={"name": f"Jan{HEADER_BREAKS}", "service_name": f"M{HEADER_BREAKS}"}
    )

    for header in (letter.subject, letter.sender_name):
        assert header.isprintable()
    lines = letter.text.splitlines()
    assert "Pay here" not in lines
    assert not any(line.startswith("Bcc") for line in lines)


@pytest.mark.parametrize("name", ["{{ code }}", "{% include 'code.en.txt' %}", "{{ 7 * 7 }}", "<b>Jan</b> & Co"])
def test_a_name_is_text_and_nothing_else(write, name):
    """It is neither a template nor HTML; the letter is plain text and shows it as it was typed."""
    text = write("confirmed", locale="en", data={"name": name}).text

    assert f"Hello {name}," in text


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_one_line(text):
    """Printable, not too long, without spaces at its ends."""
    line = one_line(text)

    assert line.isprintable()
    assert len(line) <= 200
    assert line == " ".join(line.split())


def test_a_letter_shows_neither_recipient_nor_text_in_a_log(write):
    """Its representation is what slips into log lines and exceptions."""
    shown = repr(write("confirmed"))

    for secret in ("jan@example.com", "Dzień dobry", "VCALENDAR"):
        assert secret not in shown


def test_a_code_is_stale_from_the_end_of_its_hold(make_notice):
    """Other notices never are."""
    notice = make_notice("code")

    assert not is_stale(notice, notice.expires_at.replace(minute=14))
    assert is_stale(notice, notice.expires_at)
    assert not is_stale(make_notice("confirmed"), notice.expires_at.replace(year=2027))
