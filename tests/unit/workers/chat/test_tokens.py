"""The estimate of tokens, and texts that are shortened to it."""

from hypothesis import example, given
from hypothesis import strategies as st

from evals.conversation import read_business
from shared.language_models.tokens import estimate_fewest_tokens, estimate_tokens
from workers.chat.domain.tokens import shorten_text

SAMPLES = {
    "Ile kosztuje masaż relaksacyjny i czy mogę zapłacić kartą?": 23,
    "Masaż trwa sześćdziesiąt minut i kosztuje 180 zł. Prosimy przyjść dziesięć minut wcześniej.": 41,
    "How much is a relaxing massage, and can I pay by card when I come on Tuesday?": 20,
    "A massage takes sixty minutes and costs 180 zł. Please arrive ten minutes before your visit.": 21,
    "Guten Tag, ich möchte gern einen Termin für eine Massage am Dienstagnachmittag vereinbaren.": 32,
    "Доброго дня! Скільки коштує масаж? Хочу записатися на завтра після обіду.": 34,
    "| Masaż klasyczny | 60 min | 180 zł |\n| Masaż sportowy | 45 min | 160 zł |": 39,
    "Phone: +48 600 700 800, ul. Prosta 1, 00-001 Warszawa, Mon-Fri 09:00-17:00": 40,
}
"""Tokens of Claude Haiku 4.5, counted as `infra/cost/token_counts.json` says."""


def test_the_estimate_of_prose_is_near_what_the_model_counts():
    """From a tenth too low to 2.5 times as much: a budget is kept in Polish, and half used in English."""
    assert {text: 0.9 <= estimate_tokens(text) / tokens <= 2.5 for text, tokens in SAMPLES.items()} == dict.fromkeys(
        SAMPLES, True
    )


BYTES_PER_TOKEN = {
    "studio-lumen/services.en.md": 4.03,
    "studio-lumen/team.en.md": 3.92,
    "studio-lumen/services.pl.md": 2.58,
    "studio-lumen/faq-and-privacy.pl.md": 2.66,
    "studio-lumen/hours-and-directions.pl.md": 2.25,
    "gabinet-kiel/visits.en.md": 3.54,
    "gabinet-kiel/visits.pl.md": 2.50,
    "gabinet-kiel/prices.pl.md": 2.11,
}
"""Of whole documents, counted in the same way."""


def test_the_low_estimate_is_not_above_what_the_model_counts():
    """Nor far below it: what is padded to a length by it gets there, and not much further."""
    shares = {}
    for path, ratio in BYTES_PER_TOKEN.items():
        business, _, name = path.partition("/")
        text = read_business(business).documents[name]
        shares[path] = estimate_fewest_tokens(text) / (len(text.encode()) / ratio)
    assert {path: 0.6 <= share <= 0.95 for path, share in shares.items()} == dict.fromkeys(shares, True), shares


@given(st.text())
@example("\ud800")
def test_no_text_has_more_than_twice_the_estimate(text):
    """A tokenizer that works on bytes never makes two tokens of one."""
    assert len(text.encode(errors="replace")) <= 2 * estimate_tokens(text)


@given(st.text(max_size=400), st.integers(min_value=10, max_value=100))
@example("€" * 400, 21)
def test_a_shortened_text_keeps_to_the_limit(text, limit):
    """Its beginning and its end remain, and no character is cut in two; a text that fits is not changed."""
    shortened = shorten_text(text, limit)
    assert estimate_tokens(shortened) <= limit
    if estimate_tokens(text) <= limit:
        assert shortened == text
    else:
        first, gap, last = shortened.partition(" […] ")
        assert gap
        assert text.encode(errors="replace").startswith(first.encode())
        assert text.encode(errors="replace").endswith(last.encode())
