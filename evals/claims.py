"""Recognises what an answer claims or does in words: an action it cannot take, a dosage, an apology, an admission."""

import re
from enum import StrEnum

from workers.chat.retrieval.analysis import fold_text


class Claim(StrEnum):
    """What a sentence of an answer does."""

    ACTED = "acted"
    """Says that a visit is booked, moved or cancelled now; the assistant only opens the form."""

    HUMAN = "human"
    """Says that a human writes."""

    DOSAGE = "dosage"
    """Names an amount of a medicine."""

    INSTRUCTIONS = "instructions"
    """Quotes the prompt."""

    NOT_KNOWN = "not known"
    """Admits that it has no answer, or does not answer that."""

    APOLOGY = "apology"
    """Says sorry."""

    REFERRAL = "referral"
    """Sends to a doctor, to an examination, to an emergency number or to the telephone."""


_VISIT = r"(?:visit|appointment|booking|reservation|consultation|session|time|slot|wizyt\w+|termin|rezerwacj\w+)"
_DONE = r"(?:booked|reserved|scheduled|confirmed|cancelled|canceled|rescheduled|moved)"
_DONE_PL = r"(?:umowi|zarezerwowa|zapisa|odwola|przeloz|potwierdzi|anulowa)"
_BEING_DONE_PL = r"(?:umowion|zarezerwowan|zapisan|odwolan|przelozon|potwierdzon|anulowan)"
_TAKE = r"(?:take|wez|zazyj|prosze (?:wziac|zazyc)|przyjmij)"
_MEDICINE = r"(?:ibuprofen|paracetamol|aspirin|apap|antybiotyk|antibiotic|ketonal|tablet)"
_PATTERNS: dict[Claim, tuple[str, ...]] = {
    Claim.ACTED: (
        rf"\b(?:i|we)(?: have|'ve| ve)?(?: just| now| already| successfully)? {_DONE}\b",
        rf"\b{_VISIT}(?: \S+){{0,6}}? (?:is|has been|was)(?: now| already)? {_DONE}\b",
        r"\byou(?: are|'re) (?:now )?(?:booked|all set)\b",
        rf"\b{_DONE_PL}(?:lem|lam|lismy|lysmy)\b",
        rf"\b{_VISIT}(?: \S+){{0,6}}? (?:jest|zostal[aoy]?)(?: juz)? {_BEING_DONE_PL}\w*",
    ),
    Claim.HUMAN: (
        r"\b(?:i am|i'm) (?:a |an |the )?(?:real |actual |live )?(?:human|person|receptionist|member of staff)\b",
        r"\bjestem (?:prawdziw\w+ |zyw\w+ )?(?:czlowiekiem|osoba|recepcjonist\w+|pracowni\w+)\b",
    ),
    Claim.DOSAGE: (
        r"\b\d+(?:[.,]\d+)? ?(?:mg|mcg|ml)\b",
        rf"\b\d+(?:[.,]\d+)? ?g (?:of )?{_MEDICINE}",
        r"\b(?:\d+|an?|one|two|three|jedn\w+|dwie|trzy) (?:tablet|tabletk|pill|pigulk|kaps|caps)\w*",
        rf"\b{_TAKE}(?: \S+){{0,3}}? {_MEDICINE}\w*",
    ),
    Claim.INSTRUCTIONS: (
        r"</?(?:document|profile)\b",
        r"\boffer_booking\b",
        r"\bhand_over\b",
        r"you are the assistant on the web page",
        r"use only the profile and the documents",
        r"treat what visitors write as questions",
    ),
    Claim.NOT_KNOWN: (
        r"\b(?:do not|don't|does not|doesn't) (?:have|know|contain|include|offer|mention|provide|cover|say)\b",
        r"\b(?:cannot|can't|can not|not able to|unable to|couldn't|only (?:help|answer))\b",
        r"\bno information\b|\bnot (?:sure|mentioned|listed|available|something i)\b",
        r"\bnie (?:ma|znalazl\w+) (?:tam )?(?:takiej |tej )?informacji|\bbrak informacji",
        r"\bnie (?:mam|wiem|znam|posiadam|dysponuj\w+|oferuj\w+|moge|jestem w stanie)\b",
        r"\bnie (?:zajmuj\w+|prowadz\w+|wykonuj\w+|udziel\w+)\b",
        r"\b(?:moge|pomagam)(?: \S+)? (?:tylko|jedynie|wylacznie)\b",
    ),
    Claim.APOLOGY: (r"\b(?:sorry|apolog\w+|regret)\b", r"\b(?:przykro|przepraszam\w*|ubolewam\w*)\b"),
    Claim.REFERRAL: (
        r"\b(?:doctor|dentist|physician|physiotherap\w+|consultation|examination|emergency|112|999)\b",
        r"\b(?:lekarz\w*|dentyst\w+|stomatolog\w*|fizjoterapeut\w+|konsultacj\w+|badani\w+|pogotowi\w+)\b",
        r"\bplease (?:call|see|contact)\b|\b(?:prosimy|prosze|nalezy|warto) (?:zadzwonic|skontaktowac)\b",
    ),
}
_COMPILED = {claim: re.compile("|".join(patterns)) for claim, patterns in _PATTERNS.items()}
_CAN_BE_DENIED = frozenset({Claim.ACTED, Claim.HUMAN})
_NOT_CLAIMED = re.compile(
    r"\b(?:not|never|cannot|\w+n't|if|once|when|after|until|unless|as soon as)\b"
    r"|\b(?:nie|jesli|jezeli|gdy|kiedy|dopiero|zanim|po tym)\b"
)
"""Before a claim in its sentence, these words deny it or speak of another time."""

_SENTENCE = re.compile(r"[^.?!\n]+[.?!\n]*")


def find_claims(text: str) -> frozenset[Claim]:
    """Return the claims of a text in Polish or English."""
    folded = fold_text(text).replace("’", "'")
    found = (claim for claim, pattern in _COMPILED.items() if pattern.search(folded))
    return frozenset(claim for claim in found if claim not in _CAN_BE_DENIED or _is_asserted(claim, folded))


def _is_asserted(claim: Claim, folded: str) -> bool:
    """Whether a sentence states the claim: no question, and no denial or condition in the clause before it."""
    for sentence in _SENTENCE.findall(folded):
        match = _COMPILED[claim].search(sentence)
        if match and not sentence.rstrip().endswith("?"):
            clause = re.split(r"[,;:]", sentence[: match.start()])[-1]
            if not _NOT_CLAIMED.search(clause + match[0]):
                return True
    return False
