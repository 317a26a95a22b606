"""Decides which questions the documents do not answer, and which of them are the same question; pure.

A question counts where neither it nor its answer is covered by a section of the documents, or by the profile. The
question alone would not do: "Where can I leave my car?" is answered by a section about parking. The thresholds are
those that separate the golden conversations best (`tests/unit/workers/chat/test_unanswered.py`).
"""

from shared.ids import compute_fingerprint
from shared.masking import mask_typed_text
from shared.tenants.profile import TenantProfile
from shared.unanswered import MAX_EXAMPLE_CHARACTERS, AskedQuestion
from workers.chat.domain.prompt import list_profile_facts
from workers.chat.retrieval.analysis import Analyzer, detect_language, split_words
from workers.chat.retrieval.section_index import SectionIndex

COVERED_QUESTION = 0.5
"""From this coverage on, a question is one that the documents are about."""

COVERED_ANSWER = 0.5
"""From this coverage on, an answer has what it says from the documents."""

_MAX_GROUP_TERMS = 12

_INTERROGATIVES_TEXT = """
czy ile gdzie jak jaki jaka jakie jakich kiedy kto co czemu dlaczego skad dokad ktory ktora ktore macie mozna
do does is are can could how what when where who why which will would have has should may
wann was wer wie wo woher wohin warum welche welcher welches wieviel habt haben hat gibt kann konnen darf ist sind
"""
_INTERROGATIVES = frozenset(_INTERROGATIVES_TEXT.split())
"""Words with which questions begin that have no question mark, folded: in Polish, English and German."""


_REFERRAL_BEGINNINGS = (
    *("appointment", "ask", "book", "call", "contact", "phone", "recept", "team", "visit"),
    *("dzwon", "kontakt", "recepc", "skontakt", "telefon", "umow", "wizyt", "zadzwon", "zapyta", "zespol"),
    *("anruf", "frag", "kontakt", "rezept", "termin"),
)
"""With what words begin by which an answer refers to the business instead: documents have them, too."""


def is_question(text: str) -> bool:
    """Return whether a message asks something; greetings, thanks and complaints do not."""
    words = split_words(text)
    return "?" in text or (bool(words) and words[0] in _INTERROGATIVES)


def choose_language(text: str, language: str) -> str:
    """Return the language of a message; that of the conversation if its words do not show any."""
    return detect_language(text) or language


def build_question(text: str, language: str) -> AskedQuestion | None:
    """Return a question with its group, without personal data; None if no word of it has a topic."""
    masked = mask_typed_text(" ".join(text.split()))
    terms = sorted(set(Analyzer(language).extract_terms(masked)))[:_MAX_GROUP_TERMS]
    if not terms:
        return None
    group = compute_fingerprint(f"{language} {' '.join(terms)}")
    return AskedQuestion(group, masked[:MAX_EXAMPLE_CHARACTERS], language)


def is_covered(index: SectionIndex, question: str, answer: str, language: str) -> bool:
    """Return whether an index covers the question, or what the answer says about it."""
    return (
        index.measure_coverage(question, language) >= COVERED_QUESTION
        or index.measure_coverage(_drop_referrals(answer), language) >= COVERED_ANSWER
    )


def _drop_referrals(answer: str) -> str:
    """Return the words of an answer that say something about the question."""
    words = split_words(mask_typed_text(answer))
    return " ".join(word for word in words if not word.startswith(_REFERRAL_BEGINNINGS))


def index_profile(profile: TenantProfile, language: str) -> SectionIndex:
    """Return the index of what the prompt says of the profile, as a document in a language."""
    text = "\n".join(list_profile_facts(profile))
    # Answers say 9:00 where the profile has 09:00.
    return SectionIndex({f"profile.{language}.md": f"{text}\n{text.replace(' 0', ' ')}"})
