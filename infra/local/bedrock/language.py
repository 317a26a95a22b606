"""Words of Polish and English: which language a text is in, and what words mean the same."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

Language = Literal["pl", "en"]

_STEM_LETTERS = 5
_POLISH_LETTERS = set("ąćęłńóśźż")
# The small words, folded. They tell the language, and say nothing about what is asked.
_POLISH_WORDS = """
a aby ale bo by chce chcialbym chcialabym ci cie ciebie co czesc czy dla do dobry dzieki dzien dzis dzisiaj
gdy gdzie go hej i ich ile ja jak jaka jaki jakie jako jest jestem jeszcze jutro juz kiedy ktora ktore ktory
ma macie mam mi mnie moge moj moja mozna na nam nas nie o od oferujecie oraz pan pani panstwo po prosze
przez przy sa sie sobie ta tak tam te tego tej ten termin to tu ty tylko u umow umowic w was we witam wizyta
wizyte wy z za ze zeby jestesmy jestescie lista opowiedz powiedz
"""
_ENGLISH_WORDS = """
about all also am an and any are as at be been book but can could did do does for from get give had has have
hello hey hi how i if in is it its just like long many me much my need of offer on or our please so some
tell than thank thanks that the their them then there these they this to today tomorrow us want was we were
what when where which who why will with would you your list take takes know
"""
_FUNCTION_WORDS: dict[Language, frozenset[str]] = {
    "pl": frozenset(_POLISH_WORDS.split()),
    "en": frozenset(_ENGLISH_WORDS.split()),
}
_FRAGMENTS = frozenset(("d", "ll", "m", "no", "oh", "ok", "re", "s", "t", "yes"))
_STOP_WORDS = _FUNCTION_WORDS["pl"] | _FUNCTION_WORDS["en"] | _FRAGMENTS
# What means the same, as beginnings of folded words; the group's first entry stands for all.
_SYNONYMS = (
    "price pric cost fee cen koszt kosztuj stawk much",
    "hours hour open clos godzin otwar otwier czynn zamkn zamyk when kiedy",
    "monday poniedzial",
    "tuesday wtor",
    "wednesday sroda srody srode",
    "thursday czwart",
    "friday piatek piatk",
    "saturday sobot weekend",
    "sunday niedziel weekend",
    "address addres where locat adres gdzie lokaliz polozen ulic street znajduj",
    "travel dojazd dojech dojsc tram bus autobus metro",
    "park",
    "payment pay card cash blik gotowk karta karty karte platno zaplac przelew",
    "cancel odwol anul rezygn reschedul przeloz przesun zmieni",
    "duration trwa dlug czas long last time min minut",
    "contact phon call email mail kontakt telefon zadzwon numer",
    "visit wizyt appointment spotkan",
    "child kid dziec baby",
    "voucher gift bon prezent podarunk",
    "discount rabat znizk promoc",
    "cut haircut strzyz obci",
    "colour color kolor farbow",
    "massag masaz",
    "consult konsult",
    "cleaning clean czyszcz sprzat",
    "invoice faktur",
    "animal pet dog cat pies psa psem psy kot zwierz",
)
_MEANINGS = [(beginning, group.split()[0]) for group in _SYNONYMS for beginning in group.split()]
_LONGEST_FIRST = sorted(_MEANINGS, key=lambda pair: -len(pair[0]))
# A shorter beginning takes a short ending only: "cen" means "ceny", not "central".
_SAFE_BEGINNING_LETTERS = 4
_ENDING_LETTERS = 2


def fold(text: str) -> str:
    """Return a text in small letters without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ł", "l"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def folded_words(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return re.findall(r"[a-z0-9]+", fold(text))


def terms(text: str) -> list[str]:
    """Return what a text is about: its words without the small ones, as stems, synonyms as one."""
    found: list[str] = []
    for word in folded_words(text):
        meanings = _meanings(word)
        if meanings:
            found.extend(meanings)
        elif word not in _STOP_WORDS and (len(word) > 1 or word.isdigit()):
            found.append(_stem(word))
    return found


def detect(texts: Iterable[str]) -> Language | None:
    """Return the language of the first text that shows one; a name or a number alone shows none."""
    for text in texts:
        found = folded_words(text)
        polish = sum(word in _FUNCTION_WORDS["pl"] for word in found)
        # A price in "zł" stands in documents of any language.
        accented = [word for word in text.lower().split() if _POLISH_LETTERS & set(word) and "zł" not in word]
        polish += 2 * len(accented)
        english = sum(word in _FUNCTION_WORDS["en"] for word in found)
        if polish != english:
            return "pl" if polish > english else "en"
    return None


def any_of(*phrases: str) -> re.Pattern[str]:
    """Return a pattern that finds any of these patterns as whole words of a folded text."""
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


def _meanings(word: str) -> list[str]:
    # The longest beginning wins; "weekend" stands in two groups and means both.
    length = 0
    meanings: list[str] = []
    for beginning, meaning in _LONGEST_FIRST:
        if len(beginning) < length:
            break
        fits = word.startswith(beginning) and (
            len(beginning) >= _SAFE_BEGINNING_LETTERS or len(word) - len(beginning) <= _ENDING_LETTERS
        )
        if fits:
            length = len(beginning)
            meanings.append(meaning)
    return meanings


def _stem(word: str) -> str:
    if len(word) > _STEM_LETTERS:
        return word[:_STEM_LETTERS]
    return word[:-1] if len(word) >= _STEM_LETTERS - 1 and word.endswith("s") else word
