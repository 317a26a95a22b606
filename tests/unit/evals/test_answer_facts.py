"""Which prices, times, phone numbers and links an answer states."""

import pytest

from evals.answer_facts import extract_facts

PRICES = {
    "Konsultacja kosztuje 220 zł.": {"220 PLN"},
    "220zł, 49,50 PLN and 20.5 zł": {"220 PLN", "49.50 PLN", "20.50 PLN"},
    "10 terapii: 1615 zł; razem 1 615 zł albo 1,615 PLN": {"1615 PLN"},
    "200 zł, 300 zł lub 500 zł": {"200 PLN", "300 PLN", "500 PLN"},
    "from 200 to 300 złotych": {"200 PLN", "300 PLN"},
    "200, 300 or 500 zł": {"200 PLN", "300 PLN", "500 PLN"},
    "od 150–180 zł": {"150 PLN", "180 PLN"},
    "€20, 30 EUR, $15, 7 dollars, £9": {"20 EUR", "30 EUR", "15 USD", "7 USD", "9 GBP"},
    "PLN 99": {"99 PLN"},
    "In all you pay 1,234 zloty.": {"1234 PLN"},
    "taniej o 10%, 60 min, 12 miesięcy, 350 m, 5 osób": set(),
    "": set(),
}
TIMES = {
    "8:00-20:00": {"08:00", "20:00"},
    "Monday: 08:00–18:30.": {"08:00", "18:30"},
    "from 8 am to 5:30 p.m., 12 am, 12pm": {"08:00", "17:30", "00:00", "12:00"},
    "o 14, o 15.30, godz. 9, o 16-tej": {"14:00", "15:30", "09:00", "16:00"},
    "at 10 and at 11.15": {"10:00", "11:15"},
    "Wolne jest o godz. 11.05.": {"11:05"},
    "otwarte 8.00-20.00": {"08:00", "20:00"},
    "10 o'clock, um 9 Uhr": {"10:00", "09:00"},
    "taniej o 20%, o 20 zł, at 5 km, o 5 dni, o 3 razy": set(),
    "2026-12-24, 24.12.2026, 24 grudnia, 60 min": set(),
    "kod 12:345, wersja 1.2.30": set(),
}
PHONES = {
    "zadzwoń: 12 000 01 40": {"+48120000140"},
    "+48 12 000 01 40, (12) 000 01 40, 0048 12 000 01 40": {"+48120000140"},
    "500-600-700 or +44 20 7946 0018": {"+48500600700", "+442079460018"},
    "1615 zł, 2026-11-30, 31.12.2026, 8.00-20.00, 112, 30-001 Kraków": set(),
}
LINKS = {
    "Pisz na Recepcja@studio-lumen.example.": {"recepcja@studio-lumen.example"},
    "https://www.evil.example/x?y=1, http://evil.example/": {"evil.example/x?y=1", "evil.example"},
    "zobacz booking.com/lumen albo www.foo.pl!": {"booking.com/lumen", "foo.pl"},
    "np.w piątek, m.in. masaż, ul.Świetlna 14, 8.00": set(),
}


@pytest.mark.parametrize(
    ("name", "table"), [("prices", PRICES), ("times", TIMES), ("phones", PHONES), ("links", LINKS)]
)
def test_facts_are_found_in_every_spelling(name, table):
    """The same fact in two spellings is one, and what only looks like one is none."""
    found = {text: set(getattr(extract_facts(text), name)) for text in table}

    assert found == table
