"""What of a model's answer a visitor gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages.limits import MAX_FRAME_BYTES
from shared.messages.server import ChatFinal, ChatFinalData, OfferBooking, Usage
from workers.chat.domain.answer_text import MAX_ANSWER_BYTES, build_final_text, sanitize_answer
from workers.chat.domain.tools import check_offer
from workers.chat.handler.dispatch import CATALOGUE


@pytest.mark.parametrize(
    ("content", "service", "day"),
    [
        ({}, None, None),
        ({"service": "massage", "date": "2026-01-13"}, "massage", "2026-01-13"),
        ({"service": " Massage "}, "massage", None),
        ({"service": "haircut", "date": "2026-01-13"}, None, "2026-01-13"),
        ({"service": ["massage"]}, None, None),
        ({"service": {"id": "massage"}}, None, None),
        ({"service": None, "date": None}, None, None),
        ({"service": "massage\x00"}, None, None),
        ({"service": "x" * 100_000}, None, None),
        ({"date": "2026-02-30"}, None, None),
        ({"date": "tomorrow"}, None, None),
        ({"date": "2026-01-13T10:00"}, None, None),
        ({"date": "20260113"}, None, None),
        ({"date": "0000-00-00"}, None, None),
        ({"date": "٢٠٢٦-٠١-١٣"}, None, None),
        ({"date": 20260113}, None, None),
        ({"date": "<script>alert(1)</script>"}, None, None),
        ({"text": "BOOK_APPOINTMENT:2026-01-13T10:00,a@b.pl,massage", "type": "booking.create"}, None, None),
    ],
)
def test_an_offer_has_only_services_of_the_business(make_profile, content, service, day):
    """An invalid service or date is left out, and the form opens without it."""
    assert check_offer(content, make_profile()) == OfferBooking(service=service, date=day)


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("  Hello \n", "Hello"),
        ("one\n\ttwo", "one\n\ttwo"),
        ("be\x07ll, nu\x00l, del\x7f, escape\x1b[31m", "bell, nul, del, escape[31m"),
        ("half\ud83d", "half"),
        ("120\u00a0zł", "120\u00a0zł"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("", ""),
        (" \x00 ", ""),
    ],
)
def test_an_answer_loses_only_its_control_characters(text, visible):
    """Non-breaking spaces and joined emojis stay."""
    assert sanitize_answer(text) == visible


@given(
    characters=st.text(st.characters(exclude_categories=()), min_size=1, max_size=12),
    times=st.integers(1, 30_000),
)
def test_no_answer_makes_a_frame_that_is_too_large(characters, times):
    """Neither with wide characters nor with those that JSON escapes; the answer is cut at its end."""
    text = (characters * times)[:60_000]
    visible = sanitize_answer(text)
    usage = Usage(input_tokens=10**9, output_tokens=10**9, cache_read_tokens=10**9, cache_write_tokens=10**9)
    offer = OfferBooking(service="s" * 60, date="2026-01-13")
    frame = ChatFinal(re="x" * 64, seq=10**9, data=ChatFinalData(text=visible, actions=(offer,), usage=usage))

    wire = frame.to_wire_text()

    assert len(wire.encode()) <= MAX_FRAME_BYTES
    assert json.loads(wire)["data"]["text"] == visible
    assert len(json.dumps(visible, ensure_ascii=False).encode()) - 2 <= MAX_ANSWER_BYTES


@pytest.mark.parametrize("filler", ["x", "ą", "🙂", '"', "\\", "a\n"])
def test_an_answer_is_cut_at_the_limit_and_not_before(filler):
    """The visitor gets as much as fits."""
    visible = sanitize_answer(filler * 30_000)

    size = len(json.dumps(visible, ensure_ascii=False).encode()) - 2
    assert MAX_ANSWER_BYTES - 4 <= size <= MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("text", "offered", "stopped", "language", "expected"),
    [
        ("Hello", False, False, "en", "Hello"),
        ("Hello", True, True, "pl", "Hello"),
        ("", True, False, "en", "Please choose a time below."),
        (" \x00", True, False, "pl", "Wybierz termin poniżej."),
        ("", False, False, "en", "Sorry, I don't have an answer to that. Please try asking in a different way."),
        ("", False, False, "pl", "Przepraszam, nie znam na to odpowiedzi. Zapytaj, proszę, w inny sposób."),
        ("", False, True, "en", ""),
    ],
)
def test_an_answer_is_never_empty_unless_it_was_stopped(text, offered, stopped, language, expected):
    """A model that only opens the form, or writes nothing, gets a default text."""
    assert build_final_text(text, offered=offered, stopped=stopped, t=CATALOGUE.get_texts(language)) == expected
