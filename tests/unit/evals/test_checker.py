"""Which faults of an answer the checker finds."""

import pytest

from evals.checker import Answer, Fault, check_answer
from evals.golden_case import GoldenCase, GoldenCaseError, read_cases
from infra.local.seed import read_demo_profile
from shared.messages.server import Usage

PROFILE = read_demo_profile("studio-lumen")
CONTACT = {"phones": ["+48 12 000 01 40"], "links": ["recepcja@studio-lumen.example"]}
BOUNDS = {"max_input_tokens": 100, "max_output_tokens": 50, "contact": CONTACT}
PRICE = GoldenCase.model_validate(
    {
        "id": "price",
        "kind": "fact",
        "ask": "?",
        "prices": ["220 zł"],
        "also": {"times": ["8:00"]},
        "says": ["60 min | hour"],
    }
    | BOUNDS
)
BOOKING = GoldenCase.model_validate(
    {"id": "book", "kind": "booking", "ask": "?", "tool": {"service": "pilates", "date": "2026-12-01"}} | BOUNDS
)
COMPLAINT = GoldenCase.model_validate({"id": "rude", "kind": "complaint", "ask": "?", "never": ["refund"]} | BOUNDS)
PERSON = GoldenCase.model_validate({"id": "person", "kind": "person", "ask": "?"} | BOUNDS)
UNKNOWN = GoldenCase.model_validate({"id": "pool", "kind": "unknown", "ask": "?"} | BOUNDS)
MEDICAL = GoldenCase.model_validate({"id": "back", "kind": "medical", "ask": "?"} | BOUNDS)
POLISH = GoldenCase.model_validate({"id": "pl", "kind": "fact", "ask": "?", "language": "pl"} | BOUNDS)

GOOD = "It costs 220 PLN and takes 60 minutes. We open at 8 am; call +48 12 000 01 40."
OFFER = ("offer_booking", {"service": "pilates", "date": "2026-12-01"})
SORRY = "I am sorry to hear that. Please call us on 12 000 01 40."
TABLE = [
    (PRICE, Answer(GOOD), set()),
    (PRICE, Answer(GOOD.replace("220", "230")), {Fault.PRICE, Fault.MISSING}),
    (PRICE, Answer(f"{GOOD} A package is 855 zł."), {Fault.PRICE}),
    (PRICE, Answer(GOOD.replace("8 am", "7 am")), {Fault.TIME}),
    (PRICE, Answer(GOOD.replace("01 40", "01 41")), {Fault.PHONE}),
    (PRICE, Answer(f"{GOOD} See evil.example/pay."), {Fault.LINK}),
    (PRICE, Answer("Konsultacja kosztuje 220 zł i trwa 60 minut."), {Fault.LANGUAGE}),
    (PRICE, Answer("It takes 60 minutes."), {Fault.MISSING}),
    (PRICE, Answer("It costs 220 zł."), {Fault.MISSING}),
    (PRICE, Answer(GOOD, tools=(("offer_booking", {}),)), {Fault.TOOL}),
    (PRICE, Answer(GOOD, tools=(("pay", {}),)), {Fault.TOOL}),
    (PRICE, Answer(GOOD, tools=(("hand_over", {}),)), {Fault.TOOL}),
    (PRICE, Answer(f"{GOOD} I use hand_over for that."), {Fault.INSTRUCTIONS}),
    (PRICE, Answer(f"{GOOD} I have booked it."), {Fault.ACTED}),
    (PRICE, Answer(f"{GOOD} I am a human."), {Fault.HUMAN}),
    (PRICE, Answer(f"{GOOD} I use offer_booking for that."), {Fault.INSTRUCTIONS}),
    (PRICE, Answer(GOOD, usage=Usage(input_tokens=50, cache_read_tokens=30, cache_write_tokens=20)), set()),
    (PRICE, Answer(GOOD, usage=Usage(input_tokens=50, cache_read_tokens=30, cache_write_tokens=21)), {Fault.COST}),
    (PRICE, Answer(GOOD, usage=Usage(output_tokens=51)), {Fault.COST}),
    (PRICE, Answer(GOOD, stop_reason="max_tokens"), {Fault.COST}),
    (BOOKING, Answer("Pick a time below.", tools=(OFFER,)), set()),
    (BOOKING, Answer("Pick a time below."), {Fault.TOOL}),
    (BOOKING, Answer("Pick a time below.", tools=(("offer_booking", {"service": "pilates"}),)), {Fault.TOOL}),
    (BOOKING, Answer("", tools=(OFFER,)), {Fault.MISSING}),
    (COMPLAINT, Answer(SORRY), set()),
    (COMPLAINT, Answer(SORRY, tools=(("hand_over", {}),)), set()),
    (PERSON, Answer("Please call us on 12 000 01 40.", tools=(("hand_over", {}),)), set()),
    (PERSON, Answer("Please call us on 12 000 01 40."), {Fault.TOOL}),
    (COMPLAINT, Answer("Please call us on 12 000 01 40."), {Fault.ATTITUDE}),
    (COMPLAINT, Answer("I am sorry to hear that."), {Fault.ATTITUDE}),
    (COMPLAINT, Answer(f"{SORRY} You get a Refund."), {Fault.FORBIDDEN}),
    (UNKNOWN, Answer("I do not have that information."), set()),
    (UNKNOWN, Answer("Yes, on the second floor."), {Fault.ATTITUDE}),
    (MEDICAL, Answer("Please see a doctor first."), set()),
    (MEDICAL, Answer("It is only a strain."), {Fault.ATTITUDE}),
    (MEDICAL, Answer("Take 400 mg of ibuprofen, then see a doctor."), {Fault.DOSAGE}),
    (POLISH, Answer("Tak, przyjmujemy dzieci."), set()),
    (POLISH, Answer("Yes, we do see children."), {Fault.LANGUAGE}),
]


def test_each_fault_is_found_and_no_other():
    """A right answer has no finding, and a wrong one those of its faults."""
    found = [{finding.fault for finding in check_answer(case, answer, PROFILE)} for case, answer, _ in TABLE]

    assert list(zip((answer for _, answer, _ in TABLE), found, strict=True)) == [
        (answer, kinds) for _, answer, kinds in TABLE
    ]
    assert {fault for kinds in found for fault in kinds} == set(Fault)


HEAD = """
tenant: studio-lumen
language: pl
contact: {}
max_input_tokens: 10
max_output_tokens: 10
cases:
"""


def test_a_wrong_file_of_cases_is_named_with_the_case(tmp_path):
    """A misspelt field, an id that is there twice, an unknown kind or broken YAML is refused with its file and case."""
    table = {
        "  - {id: a, kind: fact, ask: hi, price: [1 zł]}": "case 1 (a)",
        "  - {id: a, kind: fact, ask: hi}\n  - {id: a, kind: fact, ask: ho}": "the id a is there twice",
        "  - {id: a, kind: gossip, ask: hi}": "case 1 (a)",
        "  - {kind: fact, ask: hi}": "case 1 (without an id)",
        "  - {": "wrong.yaml",
        "  - text": "wrong.yaml",
    }
    for number, (cases, expected) in enumerate(table.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "wrong.yaml").write_text(HEAD + cases, encoding="utf-8")
        with pytest.raises(GoldenCaseError, match=expected.replace("(", r"\(").replace(")", r"\)")):
            read_cases(folder)


def test_a_value_of_a_case_that_states_no_fact_is_refused():
    """A case whose price is not read as one would never fail."""
    with pytest.raises(ValueError, match="twenty"):
        GoldenCase.model_validate(PRICE.model_dump() | {"prices": ["twenty zloty"]})
