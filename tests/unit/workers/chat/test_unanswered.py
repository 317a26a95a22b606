"""Which questions count as unanswered, how they are grouped, and that counting them costs no visitor anything."""

import time
from datetime import date
from functools import cache

import pytest

from evals.conversation import ask_model, read_business
from evals.golden_case import Kind, read_cases
from infra.local.bedrock.in_process import InProcessClient
from infra.local.bedrock.standin import StandIn
from shared.errors import PermanentError, TransientError
from shared.messages.server import ChatFinal
from shared.unanswered import MAX_EXAMPLE_CHARACTERS
from tests.contracts.bedrock.client import HAIKU
from tests.fakes.model import USAGE
from tests.unit.evals.test_paraphrases import ANSWERS
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.unanswered import build_question, choose_language, index_profile, is_covered, is_question
from workers.chat.ports import Finished, ToolCall
from workers.chat.retrieval.section_index import SectionIndex

CASES = {case.id: case for case in read_cases()}
DAY = date(2026, 1, 12)
UNKNOWN = "I am sorry, I do not have information about that. Please ask at the reception."
REFUSALS = {
    "pl": (
        "Nie mam informacji na ten temat. Najlepiej zadzwonić do recepcji albo umówić wizytę.",
        "Niestety tego nie wiem – w naszych materiałach nic o tym nie ma. Proszę zapytać recepcję.",
    ),
    "en": (
        "I don't have any information about that. Please contact the reception or book a visit.",
        "Sorry, our documents say nothing about this. The team will be happy to tell you more.",
    ),
}
"""How models say that they do not know, in words that no document has."""


@cache
def index_of(tenant):
    return SectionIndex(read_business(tenant).documents)


@cache
def profile_index_of(tenant, language):
    return index_profile(read_business(tenant).profile, language)


def counts(case, answer):
    """Return whether the message of a case counts as unanswered with this answer."""
    language = choose_language(case.ask, case.language)
    return (
        is_question(case.ask)
        and build_question(case.ask, language) is not None
        and not is_covered(index_of(case.tenant), case.ask, answer, language)
        and not is_covered(profile_index_of(case.tenant, language), case.ask, answer, language)
    )


def test_what_the_documents_do_not_say_counts():
    """Every golden case of the kind `unknown`, however the model says that it does not know."""
    cases = [case for case in CASES.values() if case.kind is Kind.UNKNOWN]
    assert len(cases) >= 9
    missed = [(case.id, text) for case in cases for text in REFUSALS[case.language] if not counts(case, text)]
    assert missed == []


def test_what_is_answered_does_not_count():
    """Right answers in words that no document has, also to questions in other words than those of the documents."""
    answered = {Kind.FACT, Kind.BOOKING, Kind.COURTESY, Kind.PERSON, Kind.COMPLAINT, Kind.MEDICAL}
    wrong = [name for name, text in ANSWERS.items() if CASES[name].kind in answered and counts(CASES[name], text)]
    # "Closed on Sundays" has one word of the documents, which say "nieczynne" and not "zamknięte".
    assert wrong == ["lumen-pl-hours-sunday"]


@pytest.mark.soak
async def test_the_golden_conversations_are_separated():
    """With the answers of the stand-in: what it does not know counts, and no more than 1 in 50 of the others."""
    model = BedrockModel(client=InProcessClient(StandIn(clock=time.monotonic)), default_model_id=HAIKU)
    counted = {case.id: counts(case, (await ask_model(model, case)).text) for case in CASES.values()}
    unknown = [counted[name] for name, case in CASES.items() if case.kind is Kind.UNKNOWN]
    others = {Kind.UNKNOWN, Kind.OFF_TOPIC, Kind.ATTACK, Kind.LEGAL}
    answered = [counted[name] for name, case in CASES.items() if case.kind not in others]
    assert all(unknown)
    assert sum(answered) <= len(answered) / 50


def test_a_fact_of_the_profile_is_an_answer():
    """A business may have no document at all; prices and hours are in its profile then."""
    profile = profile_index_of("studio-lumen", "pl")
    answers = {
        "Ile kosztuje konsultacja?": ("Konsultacja kosztuje 220 zł.", True),
        "Gdzie was znajdę?": ("Jesteśmy przy ul. Świetlnej 14 w Krakowie.", True),
        "Do której jesteście w piątki?": ("W piątki od 8:00 do 18:00.", True),
        "Macie wifi?": (REFUSALS["pl"][0], False),
    }
    for question, (answer, expected) in answers.items():
        assert is_covered(profile, question, answer, "pl") is expected, question
        assert not is_covered(SectionIndex({}), question, answer, "pl"), question


def test_only_questions_count():
    """With a question mark, or a word that begins one; greetings, thanks and complaints are none."""
    for text in ("wifi?", "Macie wifi", "czy jest prysznic", "do you have wifi", "Habt ihr WLAN", "Where is it"):
        assert is_question(text), text
    for text in ("", "   ", "Hello", "Dziękuję!", "I want to complain", "Wasza obsługa była okropna", "!!!"):
        assert not is_question(text), text


def test_the_same_words_are_the_same_question():
    """In any order, ending, spelling and case; other words, and other languages, are other questions."""
    first = build_question("Czy macie prysznice?", "pl")
    for text in ("prysznic jest u was?", "PRYSZNICE, macie??", "  czy są  prysznice "):
        assert build_question(text, "pl").group == first.group, text
    for text, language in (("Czy macie sauny?", "pl"), ("Czy macie prysznice?", "de")):
        assert build_question(text, language).group != first.group, text
    assert build_question("?", "pl") is None
    assert build_question("Czy to jest to?", "pl") is None


def test_an_example_has_no_personal_data_and_a_bounded_length():
    """Neither does the group: the same question with another number is the same question."""
    one, other = (
        build_question(f"My name is {name}, my number is {number}, mail {mail} - do you have wifi?", "en")
        for name, number, mail in (
            ("Anna Nowak", "601 234 567", "anna@example.com"),
            ("John", "+44 7911 123456", "j@example.org"),
        )
    )
    assert one.example == "My name is [name], my number is [number], mail [email] - do you have wifi?"
    assert "Anna" not in other.example
    long = build_question("wifi " * 1000 + "?", "en")
    assert len(long.example) == MAX_EXAMPLE_CHARACTERS
    assert long.group == build_question("wifi?", "en").group


async def handle(world, text, **options):
    frames = await world.handle(world.command(text, **options))
    assert isinstance(frames[-1], ChatFinal)
    return (await world.questions.list_questions("salon-ania", DAY)).groups


async def test_an_unanswered_question_is_counted_after_its_answer(world_of):
    """Each time that it is asked, in the month of the business's own date."""
    world = world_of([UNKNOWN])
    [group] = await handle(world, "Do you have wifi?")
    assert (group.example, group.language, group.times) == ("Do you have wifi?", "en", 1)

    [group] = await handle(world, "wifi, do you have any?", client_id="a2")
    assert group.times == 2
    assert world.claims.records[world.command("x", "a2").claim_key].done


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("How much is a massage?", ["A massage costs 120 zł."]),
        ("What does it cost to be kneaded?", ["A massage costs 120 zł."]),
        ("The sauna was cold", [UNKNOWN]),
        ("Can I book a sauna?", ["Sure.", ToolCall("offer_booking", {})]),
        ("Do you have a sauna?", ["I do not", Finished(USAGE, "max_tokens")]),
        ("Do you have a sauna?", ["No.", Finished(USAGE, "guardrail_intervened")]),
    ],
)
async def test_an_answered_question_is_not_counted(world_of, text, script):
    """Neither is one without a question, with a form, or with an answer that was cut or declined."""
    world = world_of(script)
    world.questions.errors = [AssertionError("the table must not be called")]

    assert await handle(world, text) == []
    assert world.questions.errors


@pytest.mark.parametrize("error", [TransientError("throttled"), PermanentError("aws_403"), ValueError("a bug")])
async def test_what_fails_after_the_answer_does_not_fail_the_answer(world_of, error):
    """The visitor has it, once, and the command has ended."""
    world = world_of([UNKNOWN])
    world.questions.errors = [error]

    assert await handle(world, "Do you have wifi?") == []
    assert world.poster.types("tab").count("chat.final") == 1
    assert world.claims.records[world.command().claim_key].done


async def test_nothing_is_computed_before_the_answer_is_posted(world_of):
    """The final frame is out before the table is called."""
    world = world_of([UNKNOWN])
    types = []
    count = world.questions.count_question

    async def note(*arguments, **options):
        types.extend(world.poster.types("tab"))
        await count(*arguments, **options)

    world.questions.count_question = note
    await handle(world, "Do you have wifi?")

    assert types[-1] == "chat.final"
