"""What a refusal says to a visitor, in the visitor's language."""

from typing import Literal

from shared.messages.errors import ErrorCode

_ENGLISH = {
    ErrorCode.BAD_FRAME: "That message could not be read. Please try again.",
    ErrorCode.UNSUPPORTED_TYPE: "This is not something that we can do here.",
    ErrorCode.TOO_LARGE: "That message is too long. Please shorten it.",
    ErrorCode.UNAUTHENTICATED: "Please reload the page and try again.",
    ErrorCode.RATE_LIMITED: "That was a little fast. Please wait a moment and try again.",
    ErrorCode.BUDGET_EXCEEDED: "The assistant has reached its limit for today. You can still book a time here.",
    ErrorCode.MODEL_BUSY: "The assistant is very busy. Please try again in a moment.",
    ErrorCode.TIMEOUT: "That took too long. Please try again.",
    ErrorCode.SLOT_TAKEN: "That time has just been taken. Please choose another one.",
    ErrorCode.INVALID_TIME: "That time cannot be booked. Please choose one of the free times.",
    ErrorCode.INVALID_CONTACT: "Please check this contact for mistakes, or give another one that we can write to.",
    ErrorCode.UNKNOWN_SERVICE: "We do not offer that service. Please choose one from the list.",
    ErrorCode.UNKNOWN_APPOINTMENT: "We found no such appointment. Please book a new time.",
    ErrorCode.CODE_INVALID: "That code is not right. Please use the one in our newest message.",
    ErrorCode.CODE_EXPIRED: "The time to enter the code is over. Please book again.",
    ErrorCode.TOO_MANY_ATTEMPTS: "There were too many tries. Please book again.",
    ErrorCode.SESSION_EXPIRED: "Your conversation has expired. A new one has begun.",
    ErrorCode.INTERNAL: "Something went wrong on our side. Nothing is lost; we are looking into it.",
}

_POLISH = {
    ErrorCode.BAD_FRAME: "Nie udało się odczytać tej wiadomości. Spróbuj ponownie.",
    ErrorCode.UNSUPPORTED_TYPE: "Tego nie możemy tutaj zrobić.",
    ErrorCode.TOO_LARGE: "Ta wiadomość jest za długa. Skróć ją, proszę.",
    ErrorCode.UNAUTHENTICATED: "Odśwież stronę i spróbuj ponownie.",
    ErrorCode.RATE_LIMITED: "Trochę za szybko. Odczekaj chwilę i spróbuj ponownie.",
    ErrorCode.BUDGET_EXCEEDED: "Asystent osiągnął dzisiejszy limit. Nadal możesz tu umówić wizytę.",
    ErrorCode.MODEL_BUSY: "Asystent jest teraz bardzo zajęty. Spróbuj ponownie za chwilę.",
    ErrorCode.TIMEOUT: "To trwało zbyt długo. Spróbuj ponownie.",
    ErrorCode.SLOT_TAKEN: "Ten termin został właśnie zajęty. Wybierz inny, proszę.",
    ErrorCode.INVALID_TIME: "Tego terminu nie można zarezerwować. Wybierz jeden z wolnych.",
    ErrorCode.INVALID_CONTACT: "Sprawdź, czy w kontakcie nie ma błędu, albo podaj inny, na który możemy napisać.",
    ErrorCode.UNKNOWN_SERVICE: "Nie oferujemy takiej usługi. Wybierz jedną z listy.",
    ErrorCode.UNKNOWN_APPOINTMENT: "Nie znaleźliśmy takiej wizyty. Zarezerwuj nowy termin.",
    ErrorCode.CODE_INVALID: "Ten kod jest nieprawidłowy. Użyj kodu z najnowszej wiadomości od nas.",
    ErrorCode.CODE_EXPIRED: "Czas na wpisanie kodu minął. Zarezerwuj ponownie.",
    ErrorCode.TOO_MANY_ATTEMPTS: "Za dużo prób. Zarezerwuj ponownie.",
    ErrorCode.SESSION_EXPIRED: "Twoja rozmowa wygasła. Zaczęliśmy nową.",
    ErrorCode.INTERNAL: "Coś poszło nie tak po naszej stronie. Nic nie zginęło, zajmujemy się tym.",
}


About = Literal["begun", "holds", "codes", "last_code", "skipped"]
"""What a refusal is about, where its code alone would not help.

A visit that has begun, too many times held, too many codes within an hour, no further code for a held time, an hour
that the clocks skip.
"""

_ABOUT = {
    "begun": {
        "en": "This visit has begun, so it can no longer be changed here. Please contact us.",
        "pl": "Ta wizyta już się rozpoczęła, więc nie można jej tu zmienić. Skontaktuj się z nami.",
    },
    "holds": {
        "en": "Some times are being held for you already. Use the code that we sent you, or try again later.",
        "pl": "Masz już zarezerwowane terminy. Użyj kodu, który wysłaliśmy, albo spróbuj później.",
    },
    "codes": {
        "en": "We have sent several codes within the last hour. Use the latest one, or try again later.",
        "pl": "W ciągu ostatniej godziny wysłaliśmy już kilka kodów. Użyj najnowszego albo spróbuj później.",
    },
    "last_code": {
        "en": "We send no further code for this time. The latest one still counts.",
        "pl": "Nie wyślemy kolejnego kodu dla tego terminu. Najnowszy nadal działa.",
    },
    "skipped": {
        "en": "On that day the clocks skip this hour. Please choose one of the free times.",
        "pl": "Tego dnia zegary przeskakują tę godzinę. Wybierz jeden z wolnych terminów.",
    },
}


def language_of(*wishes: str | None) -> str:
    """Return `pl` or `en` for the first wish that names one of them, such as `pl-PL`; else `en`."""
    for wish in wishes:
        language = (wish or "").lower().partition("-")[0].partition("_")[0]
        if language in ("pl", "en"):
            return language
    return "en"


def refusal_text(code: ErrorCode, locale: str, about: About | None = None) -> str:
    """Return the sentence for a code; it never carries details of an exception."""
    language = language_of(locale)
    if about is not None:
        return _ABOUT[about][language]
    return (_POLISH if language == "pl" else _ENGLISH)[code]
