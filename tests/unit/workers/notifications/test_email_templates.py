"""The text of e-mails in every language, whatever a name contains."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages.available import list_languages
from shared.typed_names import is_unsafe_character
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.domain import AppointmentLinks, flatten_text

KINDS = ("code", "confirmed", "cancelled", "rescheduled", "reminder", "choose_again")
LINKS = AppointmentLinks(cancel="https://salon.example/#stride-cancel=c1", move="https://salon.example/#stride-move=m1")
TEMPLATES = JinjaEmailTemplates()
HEADER_BREAKS = "\r\nBcc: everybody@example.com\r\n\r\nPay here"


@pytest.fixture
def write(make_notice, make_profile):
    """Return a function that renders a notice as an e-mail."""

    def write(kind, *, profile=None, links=None, is_changeable=True, **fields):
        notice = make_notice(kind, **fields)
        code = "123456" if kind == "code" else None
        return TEMPLATES.render(notice, profile or make_profile(), code=code, links=links, is_changeable=is_changeable)

    return write


@pytest.mark.parametrize(
    ("kind", "locale", "subject", "sentence"),
    [
        ("code", "pl", "123456 to Twój kod – Salon Ania", "Twój kod: 123456"),
        ("code", "en", "123456 is your code for Salon Ania", "Your code is: 123456"),
        ("confirmed", "pl", "Twoja wizyta: wtorek, 13 stycznia 2026, godz. 10:00", "wizyta jest potwierdzona:"),
        ("confirmed", "en", "Your visit: Tuesday, 13 January 2026, 10:00", "Your visit is confirmed:"),
        ("cancelled", "pl", "Odwołano: wtorek, 13 stycznia 2026, godz. 10:00", "wizyta została odwołana:"),
        ("cancelled", "en", "Cancelled: Tuesday, 13 January 2026, 10:00", "Your visit is cancelled:"),
        ("rescheduled", "pl", "Nowy termin: wtorek, 13 stycznia 2026, godz. 10:00", "wizyta została przeniesiona:"),
        ("rescheduled", "en", "New time: Tuesday, 13 January 2026, 10:00", "Your visit has been moved:"),
        ("reminder", "pl", "Przypomnienie: wtorek, 13 stycznia 2026, godz. 10:00", "przypominamy o wizycie:"),
        ("reminder", "en", "Reminder: Tuesday, 13 January 2026, 10:00", "This is a reminder of your visit:"),
        ("choose_again", "pl", "Prosimy o wybór innego terminu", "wtorek, 13 stycznia 2026, godz. 10:00"),
        ("choose_again", "en", "Please choose another time", "Tuesday, 13 January 2026, 10:00"),
    ],
)
def test_an_email_gives_service_and_time_in_the_readers_language(write, kind, locale, subject, sentence):
    """Dates have the format of that language, in the time zone of the business."""
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
def test_a_date_is_in_the_time_zone_of_the_business(write, start, locale, expected):
    """Across clock changes and midnight, whatever offset the notice has."""
    assert f"{expected} (Europe/Warsaw)" in write("cancelled", locale=locale, data={"start": start}).text


def test_a_code_has_its_time_of_expiry(write):
    """In the time zone of the business."""
    assert "do godz. 13:15" in write("code").text
    assert "until 13:15" in write("code", locale="en").text


@pytest.mark.parametrize(
    ("locale", "profiles", "greeting"),
    [("pl-PL", "en", "Dzień dobry"), ("en_GB", "pl", "Hello"), ("tlh", "en", "Hello"), ("tlh", "pl", "Dzień dobry")],
)
def test_a_language_without_a_catalogue_is_replaced_by_the_businesss(write, make_profile, locale, profiles, greeting):
    """The staff of the business know that language."""
    assert write("cancelled", locale=locale, profile=make_profile(locale=profiles)).text.startswith(greeting)


@pytest.mark.parametrize(("name", "greeting"), [("Jan", "Hello Jan,"), ("", "Hello,"), ("  ", "Hello,")])
def test_a_visitor_is_greeted_by_name_if_there_is_one(write, name, greeting):
    """Without a name the greeting is complete, too."""
    assert write("confirmed", locale="en", data={"name": name}).text.startswith(greeting)


@pytest.mark.parametrize("kind", ["code", "choose_again"])
@pytest.mark.parametrize("locale", list_languages())
def test_an_unverified_address_gets_nothing_that_the_visitor_typed(write, kind, locale):
    """Its owner may be a stranger, who must not read what was typed as a name."""
    named = write(kind, locale=locale, data={"name": "You won! Go to evil.example"})

    assert named == write(kind, locale=locale, data={"name": ""})


@pytest.mark.parametrize(
    ("locale", "nothing", "unchanged"),
    [
        ("pl", "Nic nie zostało", "Bez zmian: wtorek, 13 stycznia 2026, godz. 10:00"),
        ("en", "Nothing is booked", "Not changed: Tuesday, 13 January 2026, 10:00"),
    ],
)
def test_a_request_to_choose_again_says_whether_a_visit_is_booked(write, locale, nothing, unchanged):
    """Either nothing is booked and the page is linked, or the visit takes place and has links to change it."""
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


def test_a_service_that_no_longer_exists_is_replaced_by_the_business(write):
    """The name of the business stands in for it."""
    email = write("choose_again", data={"service": "", "service_name": ""})
    assert "    Salon Ania\n" in email.text
    assert "Salon Ania" in email.html


@pytest.mark.parametrize("kind", KINDS)
def test_only_notices_of_a_changed_visit_have_a_calendar_file(write, kind):
    """A hold is not an appointment yet, and a reminder changes nothing."""
    attachments = write(kind).attachments

    assert [(one.name, one.content_type) for one in attachments] == (
        [] if kind in {"code", "reminder", "choose_again"} else [("appointment.ics", "text/calendar")]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", list_languages())
def test_names_add_no_headers_and_no_lines(write, make_profile, kind, locale):
    """What a visitor or an owner typed is reduced to one line."""
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
def test_a_name_is_plain_text(write, name):
    """It is neither a template nor HTML, and the plain text contains it as it was typed."""
    text = write("confirmed", locale="en", data={"name": name}).text

    assert f"Hello {name}," in text


def test_an_email_about_a_visit_names_price_address_and_telephone_number(write, make_profile):
    """If the visit takes place and the profile has them; the number can be called from the e-mail."""
    service = {"id": "massage", "name": {"pl": "Masaż"}, "duration_minutes": 60, "price": {"pl": "od <b>1</b> zł"}}
    profile = make_profile(
        address={"pl": "Długa 5\nKraków & co."},
        phone="(22) 123-45 67",
        services=[service],
        cancellation_fee={"pl": "50 <i> zł"},
    )
    for kind, fields in [(kind, {}) for kind in KINDS] + [("choose_again", {"stands": True})]:
        email = write(kind, profile=profile, **fields)
        stands = kind in {"confirmed", "rescheduled", "reminder"} or bool(fields)
        fee = "    Późne odwołanie lub nieobecność: 50 <i> zł"
        lines = ("    od <b>1</b> zł", fee, "    Długa 5, Kraków & co.", "    (22) 123-45 67")
        assert all(line in email.text.splitlines() for line in lines) is stands, kind
        for part in (
            "od &lt;b&gt;1&lt;/b&gt; zł",
            "nieobecność: 50 &lt;i&gt; zł",
            "Długa 5, Kraków &amp; co.",
            'href="tel:221234567"',
        ):
            assert (part in email.html) is stands, (kind, part)
        assert "<b>1" not in email.html
    assert "tel:" not in write("confirmed").html
    for phone, dialled in (("+48 22 123 45 67", "+48221234567"), ("+49 (0)30 901820", "+4930901820")):
        assert f'href="tel:{dialled}"' in write("confirmed", profile=make_profile(phone=phone)).html


def test_a_confirmation_repeats_the_answers(write):
    """Each on one line, as text; other e-mails do not have them."""
    answers = [{"question": "Ile <i>?", "answer": "2"}, {"question": "Życzenia", "answer": f"<b>a</b>{HEADER_BREAKS}"}]
    for locale in list_languages():
        email = write("confirmed", locale=locale, answers=answers)
        flat = f"<b>a</b> {' '.join(HEADER_BREAKS.split())}"
        assert {"    Ile <i>?: 2", f"    Życzenia: {flat}"} <= set(email.text.splitlines())
        assert "Ile &lt;i&gt;?<br><strong>2</strong>" in email.html
        assert "<strong>&lt;b&gt;a&lt;/b&gt;" in email.html
        assert "<i>" not in email.html
    assert write("confirmed") == write("confirmed", answers=[])
    assert "    2" not in write("confirmed").text


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_flattened_to_one_line(text):
    """The result has no unsafe character, at most 200 characters, and no spaces at its ends."""
    line = flatten_text(text)

    assert not any(map(is_unsafe_character, line))
    assert len(line) <= 200
    assert line == " ".join(line.split())


def test_the_representation_of_an_email_has_neither_recipient_nor_text(write):
    """The representation may get into log lines and exceptions."""
    representation = repr(write("confirmed", links=LINKS)) + repr(LINKS)

    for secret in ("jan@example.com", "Dzień dobry", "VCALENDAR", "c1", "m1"):
        assert secret not in representation


@pytest.mark.parametrize("locale", list_languages())
@pytest.mark.parametrize("kind", ["confirmed", "rescheduled", "reminder"])
def test_an_email_about_a_booked_visit_has_links_to_change_it(write, kind, locale):
    """Each address is on a line of its own in angle brackets, so that mail programs find its end (RFC 3986)."""
    lines = write(kind, locale=locale, links=LINKS).text.splitlines()

    assert lines.count(f"<{LINKS.move}>") == 1
    assert lines.count(f"<{LINKS.cancel}>") == 1
    assert lines.index(f"<{LINKS.move}>") < lines.index(f"<{LINKS.cancel}>")


@pytest.mark.parametrize(("locale", "sentence"), [("pl", "odwołaj wizytę na czacie"), ("en", "cancel your visit in")])
@pytest.mark.parametrize("kind", ["confirmed", "rescheduled", "reminder"])
def test_an_email_without_links_names_the_other_ways(write, make_profile, kind, locale, sentence):
    """A business without a page has the chat, and reads its e-mails."""
    text = write(kind, locale=locale, profile=make_profile(page_url=None)).text

    assert sentence in text
    assert "http" not in text


@pytest.mark.parametrize(
    ("locale", "sentences"),
    [
        ("pl", ("(poniedziałek, 12 stycznia 2026, godz. 10:00)", "termin: poniedziałek, 12 stycznia", "nie można już")),
        ("en", ("until Monday, 12 January 2026, 10:00", "in the chat by Monday, 12 January", "can no longer be")),
        ("de", ("bis Montag, 12. Januar 2026, 10:00 Uhr", "bis Montag, 12. Januar 2026", "nicht mehr absagen")),
    ],
)
def test_an_email_names_the_deadline_for_changes(write, make_profile, locale, sentences):
    """In text and HTML, in the time zone of the business; after it only an answer to the e-mail helps."""
    profile = make_profile(change_deadline_hours=24)
    for kind, fields in (("confirmed", {}), ("rescheduled", {}), ("reminder", {}), ("choose_again", {"stands": True})):
        common = {"locale": locale, "profile": profile, **fields}
        with_links, without_page = write(kind, links=LINKS, **common), write(kind, **common)
        too_late = write(kind, is_changeable=False, **common)
        for email, sentence in zip((with_links, without_page, too_late), sentences, strict=True):
            assert sentence in email.text.replace("\n", " ")
            assert sentence in email.html


@pytest.mark.parametrize("kind", ["code", "cancelled"])
def test_an_email_about_a_hold_or_a_past_visit_has_no_links(write, kind):
    """Nothing can be changed yet, or any more, even if links were given."""
    assert "stride-" not in write(kind, links=LINKS).text


@pytest.mark.parametrize(
    ("kind", "locale", "sorry"),
    [
        ("cancelled", "pl", "przepraszamy, ale musimy odwołać Twoją wizytę"),
        ("cancelled", "en", "We are very sorry, but we have to cancel your visit"),
        ("rescheduled", "pl", "przepraszamy, ale musieliśmy przenieść Twoją wizytę"),
        ("rescheduled", "en", "We are very sorry, but we had to move your visit"),
    ],
)
def test_an_email_about_a_change_by_the_business_apologizes(write, kind, locale, sorry):
    """A visitor who changed the visit needs no apology."""
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
def test_the_email_about_a_cancellation_says_where_to_book_again(write, make_profile, by, locale, sentences):
    """On the page of the business, if it has one."""
    with_page, without = sentences

    assert f"{with_page}\n<https://salon.example/wizyty>\n" in write("cancelled", locale=locale, by=by).text
    assert f"{without}\n" in write("cancelled", locale=locale, by=by, profile=make_profile(page_url=None)).text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", list_languages())
@pytest.mark.parametrize("links", [None, LINKS])
def test_the_layout_of_the_plain_text_has_no_gaps(write, make_profile, kind, locale, links):
    """No line ends with a space, and paragraphs are separated by one empty line."""
    for by in ("visitor", "business") if kind in {"cancelled", "rescheduled"} else ("visitor",):
        fields = {"by": by} if kind in {"cancelled", "rescheduled"} else {}
        text = write(kind, locale=locale, links=links, **fields).text

        assert "\n\n\n" not in text
        assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled", "reminder"])
@pytest.mark.parametrize("locale", list_languages())
def test_what_a_visitor_typed_is_text_in_html_too(make_notice, make_profile, kind, locale):
    """Neither a name nor a text of the business becomes markup."""
    name = "<img src=x onerror=alert(1)>"
    notice = make_notice(kind, locale=locale, data={"name": name})
    email = JinjaEmailTemplates().render(notice, make_profile(name="A & <b>B</b>"), code=None)

    assert "<img" not in email.html
    assert "<b>B</b>" not in email.html
    assert "A &amp; &lt;b&gt;B" in email.html
    assert email.html.startswith("<!doctype html>")


def test_line_breaks_of_the_catalogue_are_kept_in_plain_text_only(write):
    """One translation serves both formats."""
    email = write("code", locale="en")
    assert "ignore this message\nand the time will be free again." in email.text
    assert "ignore this message and the time will be free again." in email.html
