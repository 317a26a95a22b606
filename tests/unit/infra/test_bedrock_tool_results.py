"""What the Bedrock stand-in says with the results of tools."""

import json

import pytest

from infra.local.bedrock.answers import build_answer
from infra.local.bedrock.reply import Reply
from infra.local.bedrock.request import ConverseRequest

PROFILE = """<profile>
Services that can be booked:
- cut: Haircut / Strzyżenie / Haarschnitt, 30 minutes, price: 90 zł
- massage: Back massage / Masaż pleców / Rückenmassage, 60 minutes
- pilates: Pilates, 45 minutes
- physio: Individual session / Konsultacja / Beratung, 15 minutes
</profile>
<document name="old.md">
- cut: Old name, 10 minutes
</document>"""
MONDAY, TUESDAY = "2026-11-30", "2026-12-01"


def answer(question: str, name: str, result: dict, *, can_book: bool = True) -> Reply:
    """Ask, with the result of the tool that the model has called."""
    call = {"toolUse": {"toolUseId": "t", "name": name, "input": {}}}
    outcome = {"toolResult": {"toolUseId": "t", "content": [{"json": result}]}}
    tools = [name, *(["offer_booking"] if can_book else [])]
    schema = {"json": {"type": "object", "properties": {}}}
    body = {
        "system": [{"text": f"Today is 2026-11-23.\n{PROFILE}"}],
        "messages": [
            {"role": "user", "content": [{"text": question}]},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [outcome]},
        ],
        "toolConfig": {"tools": [{"toolSpec": {"name": tool, "inputSchema": schema}} for tool in tools]},
    }
    return build_answer(ConverseRequest.model_validate_json(json.dumps(body)))


def find(question: str, *days: tuple[str, str, list[str]], last_day: str = MONDAY, can_book: bool = True) -> Reply:
    """Ask for free times; a day is a service, a date and its times."""
    free = [{"service": service, "date": day, "times": times} for service, day, times in days]
    result = {"first_day": MONDAY, "last_day": last_day, "free": free}
    return answer(question, "find_times", result, can_book=can_book)


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("What is free on Monday?", "Haircut", "Back massage"),
        ("Jakie są wolne terminy w poniedziałek?", "Strzyżenie", "Masaż pleców"),
        ("Wann ist am Montag etwas frei?", "Haarschnitt", "Rückenmassage"),
    ],
)
def test_services_have_their_names_in_the_visitors_language(question, first, second):
    """As the prompt has them; a name that is the same in all languages, and one without a sign of its own, too."""
    text = find(question, ("cut", MONDAY, ["10:00"]), ("massage", MONDAY, ["11:00"])).text
    assert f"({first}): 10:00" in text
    assert f"({second}): 11:00" in text
    others = find(question, ("pilates", MONDAY, ["10:00"]), ("unlisted", MONDAY, ["11:00"])).text
    assert "(Pilates): 10:00" in others
    assert "(unlisted): 11:00" in others


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("When is my visit?", "Individual session"),
        ("Kiedy mam wizytę?", "Konsultacja"),
        ("Wann ist mein Termin?", "Beratung"),
    ],
)
def test_a_visit_has_the_name_of_its_service(question, name):
    """Where the name alone does not show its language, its place among the others does."""
    visit = {"service": "physio", "date": MONDAY, "time": "10:00", "state": "confirmed"}
    assert f" {name}, " in answer(question, "find_visits", {"visits": [visit]}).text


def test_one_service_is_not_named():
    """Everything that is listed is of the service that was asked for."""
    reply = find("When is a haircut free?", ("cut", MONDAY, ["10:00"]), ("cut", TUESDAY, ["11:00"]), last_day=TUESDAY)
    assert reply.text.endswith("Monday 30.11.2026: 10:00; Tuesday 1.12.2026: 11:00.")


TIMES = ["09:00", "10:30", "12:00", "17:30"]


@pytest.mark.parametrize(
    ("question", "listed", "start"),
    [
        ("Is a haircut free on Monday at 10:30?", ["10:30"], "10:30"),
        ("Is a haircut free on Monday at 10.30?", ["10:30"], "10:30"),
        ("Is a haircut free on Monday morning at 9:00?", ["09:00"], "09:00"),
        ("Is a haircut free on Monday at 9:00 or at 17:30?", ["09:00", "17:30"], None),
        ("Is a haircut free on Monday at 11:30?", TIMES, None),
        ("Is a haircut free on Monday morning at 11:30?", ["09:00", "10:30"], None),
        ("Is a haircut free on Monday afternoon?", ["12:00", "17:30"], None),
        ("Is a haircut free on Monday?", TIMES, None),
    ],
)
def test_the_hour_that_was_named_is_offered(question, listed, start):
    """If it is free, it alone is listed and offered; otherwise those of the part of the day, for a choice."""
    reply = find(question, ("cut", MONDAY, TIMES))
    assert reply.text.endswith(f": {', '.join(listed)}.")
    offer = {"service": "cut", "date": MONDAY, **({"start": f"{MONDAY}T{start}"} if start else {})}
    assert reply.tool is not None
    assert (reply.tool.name, reply.tool.input) == ("offer_booking", offer)


def test_no_hour_is_offered_of_several_days_or_services():
    """Which of them is meant only the visitor knows: the form opens without a time."""
    question = "Is there anything free at 10:30?"
    days = find(question, ("cut", MONDAY, TIMES), ("cut", TUESDAY, TIMES), last_day=TUESDAY)
    services = find(question, ("cut", MONDAY, TIMES), ("massage", MONDAY, TIMES))
    one_of_two_days = find(question, ("cut", MONDAY, TIMES), last_day=TUESDAY)
    assert days.tool is not None
    assert services.tool is not None
    assert one_of_two_days.tool is not None
    assert days.tool.input == {"service": "cut"}
    assert services.tool.input == {"date": MONDAY}
    assert one_of_two_days.tool.input == {"service": "cut"}
    assert find(question, ("cut", MONDAY, TIMES), can_book=False).tool is None
    assert find(question).tool is None
