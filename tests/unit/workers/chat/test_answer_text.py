"""What of a model's answer a visitor gets."""

import json
import unicodedata
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages.limits import MAX_FRAME_BYTES
from shared.messages.server import (
    ChatDelta,
    ChatDeltaData,
    ChatFinal,
    ChatFinalData,
    OfferBooking,
    OfferHandover,
    Usage,
)
from tests.fakes.screen import Screen
from workers.chat.domain.answer_text import MAX_ANSWER_BYTES, AnswerText, build_final_text
from workers.chat.handler.delta_schedule import DeltaSchedule
from workers.chat.handler.deltas import Coalescer
from workers.chat.handler.final import CATALOGUE
from workers.chat.tools.offer_booking import check_offer, keep_bookable_date

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)


def read_answer(*blocks):
    """Return the answer whose blocks each come in one piece."""
    answer = AnswerText()
    for number, block in enumerate(blocks):
        answer.add(block, number)
    answer.end()
    return answer


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
    ("zone", "day", "is_bookable"),
    [
        ("Europe/Warsaw", "1999-01-12", False),
        ("Europe/Warsaw", "9999-12-31", False),
        ("Europe/Warsaw", "2026-01-11", False),
        ("Europe/Warsaw", "2026-01-12", True),
        ("Europe/Warsaw", "2026-01-19", True),
        ("Europe/Warsaw", "2026-01-20", False),
        ("Pacific/Kiritimati", "2026-01-12", False),
        ("Pacific/Kiritimati", "2026-01-13", True),
        ("Pacific/Pago_Pago", "2026-01-11", False),
        ("Pacific/Pago_Pago", "2026-01-12", True),
    ],
)
def test_an_offered_date_is_from_today_to_the_horizon(make_profile, zone, day, is_bookable):
    """Where the business is: noon of the 12th in UTC is the 13th already in Kiritimati."""
    profile = make_profile(time_zone=zone, horizon_days=7)
    offer = OfferBooking(service="massage", date=day)
    assert keep_bookable_date(offer, profile, NOW).date == (day if is_bookable else None)
    assert keep_bookable_date(OfferBooking(), profile, NOW) == OfferBooking()


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("  Hello \n", "Hello"),
        ("one\n\ttwo", "one\n\ttwo"),
        ("be\x07ll, nu\x00l, del\x7f, escape\x1b[31m", "bell, nul, del, escape[31m"),
        ("half\ud83d", "half\ufffd"),
        ("\ude00half\ud83d\x00\ude00", "\ufffdhalf\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("120\u00a0zł", "120\u00a0zł"),
        ("👩\u200d👧", "👩\u200d👧"),
        (" \u200f \ufeffשלום", "\u200f \ufeffשלום"),
        ("tel. \u202e321 00\u202c \u2066a\u2069", "tel. 321 00 a"),
        ("", ""),
        ("\u202e\u2066 \u2069\u202c\U0001d159\U000e0001\u034f\u115f\u1160\uffa0", ""),
        (" \x00 ", ""),
        (" \u200b\ufeff\u00ad\u2060\u2028", ""),
        ("\u3164\u2800\ufe0f\U000e0041", ""),
        ("\ud83d", ""),
    ],
)
def test_an_answer_loses_its_control_characters_and_broken_halves(text, visible):
    """Non-breaking spaces and joined emojis stay; what has no visible character is empty."""
    assert read_answer(text).text == visible


PIECES = st.lists(
    st.text(
        st.sampled_from('ab \n\u00a0\x00\x1b\u200b\u202e\ufeff\u3164\ufffdą"') | st.characters(exclude_categories=())
    ),
    max_size=6,
).map("".join)


def is_embedding(character):
    return unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def specify_visible_text(blocks):
    """Say in whole texts what an answer shows: joined halves, no control characters, stripped blocks, blank lines."""
    joined = (block.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for block in blocks)
    clean = [
        "".join(c for c in text if c in "\n\t" or (unicodedata.category(c) != "Cc" and not is_embedding(c))).strip()
        for text in joined
    ]
    seen = [text for text in clean if read_answer(text.replace("\ufffd", "")).text]
    return "\n\n".join(seen)


@given(blocks=st.lists(PIECES, max_size=4), data=st.data())
async def test_an_answer_is_the_same_however_it_is_split(blocks, data):
    """Also between the halves of a character; each delta goes on with the beginning of the final text."""
    answer, screen = AnswerText(), Screen()
    deltas = Coalescer(lambda: answer.text, screen, DeltaSchedule())
    final = read_answer(*blocks).text
    for number, block in enumerate(blocks):
        units = block.encode("utf-16-le", "surrogatepass")
        cuts = data.draw(st.sets(st.integers(0, len(units) // 2)))
        edges = [0, *sorted(cuts), len(units) // 2]
        for start, stop in pairwise(edges):
            answer.add(units[start * 2 : stop * 2].decode("utf-16-le", "surrogatepass"), number)
            await deltas.flush()
            assert final.startswith(answer.text)
            assert screen.text == answer.text
    answer.end()

    assert answer.text == final == specify_visible_text(blocks)


@given(texts=st.lists(st.text("ab \n", min_size=1), min_size=1, max_size=4), data=st.data())
async def test_interleaved_blocks_are_joined_in_their_order(texts, data):
    """A client that replaces the answer from each offset on shows the final text at the end."""
    answer, screen = AnswerText(), Screen()
    deltas = Coalescer(lambda: answer.text, screen, DeltaSchedule())
    order = data.draw(st.permutations([number for number, text in enumerate(texts) for _ in text]))
    rest = [iter(text) for text in texts]
    for number in order:
        answer.add(next(rest[number]), number)
        await deltas.flush()
        assert screen.text == answer.text
    answer.end()

    assert screen.text == answer.text == specify_visible_text(texts)


@pytest.mark.exhaustive
@given(
    characters=st.text(st.characters(exclude_categories=()), min_size=1, max_size=12),
    times=st.integers(1, 30_000),
)
def test_no_answer_makes_a_frame_that_is_too_large(characters, times):
    """Neither with wide characters nor with those that JSON escapes; the answer is cut at its end."""
    visible = read_answer((characters * times)[:60_000]).text
    usage = Usage(input_tokens=10**9, output_tokens=10**9, cache_read_tokens=10**9, cache_write_tokens=10**9)
    offer = OfferBooking(service="s" * 60, date="2026-01-13")
    final = ChatFinal(re="x" * 64, seq=10**9, data=ChatFinalData(text=visible, actions=(offer,), usage=usage))
    delta = ChatDelta(re="x" * 64, data=ChatDeltaData(offset=0, text=visible))

    for wire in (final.to_wire_text(), delta.to_wire_text()):
        assert len(wire.encode()) <= MAX_FRAME_BYTES
        assert json.loads(wire)["data"]["text"] == visible
    assert len(json.dumps(visible, ensure_ascii=False).encode()) - 2 <= MAX_ANSWER_BYTES


@pytest.mark.parametrize("filler", ["x", "ą", "🙂", '"', "\\", "a\n"])
def test_an_answer_is_cut_at_the_limit_and_not_before(filler):
    """The visitor gets as much as fits."""
    answer = read_answer(filler * 30_000)

    size = len(json.dumps(answer.text, ensure_ascii=False).encode()) - 2
    assert MAX_ANSWER_BYTES - 4 <= size <= MAX_ANSWER_BYTES
    assert answer.is_cut
    assert not read_answer(answer.text).is_cut


@pytest.mark.parametrize(
    ("text", "action", "stopped", "language", "expected"),
    [
        ("Hello", None, False, "en", "Hello"),
        ("Hello", OfferBooking(), True, "pl", "Hello"),
        ("", OfferBooking(), False, "en", "Please choose a time below."),
        ("", OfferBooking(), False, "pl", "Wybierz termin poniżej."),
        ("", OfferHandover(), False, "en", "Our team will gladly help you."),
        ("", None, False, "en", "Sorry, I don't have an answer to that. Please try asking in a different way."),
        ("", None, False, "pl", "Przepraszam, nie znam na to odpowiedzi. Zapytaj, proszę, w inny sposób."),
        ("", None, True, "en", ""),
    ],
)
def test_an_answer_is_never_empty_unless_it_was_stopped(text, action, stopped, language, expected):
    """A model that only opens the form, or writes nothing, gets a default text."""
    assert build_final_text(text, action=action, stopped=stopped, t=CATALOGUE.get_texts(language)) == expected
