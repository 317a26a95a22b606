"""The language of an answer."""

from evals.language import detect_answer_language

TABLE = {
    "Konsultacja kosztuje 220 zł i trwa 60 minut.": "pl",
    "The consultation costs 220 zł and takes 60 minutes.": "en",
    "Die Beratung kostet 220 zł und dauert 60 Minuten.": "de",
    "Godziny otwarcia: sobota: 9:00-14:00.": "pl",
    "Sunday: closed.": "en",
    "We are at ul. Świetlna 14, Kraków, near Plac Wolnica.": "en",
    "Studio Lumen, ul. Świetlna 14, Kraków.": None,
    "Free of charge.": "en",
    "Tak, poproszę.": "pl",
    "+48 12 000 01 40": None,
    "": None,
}


def test_the_language_is_that_of_the_sentence_not_of_its_names():
    """Words decide; a Polish street in an English sentence does not."""
    assert {text: detect_answer_language(text) for text in TABLE} == TABLE
