"""`stride answers` and `stride golden`."""

import asyncio
import json
import re
from datetime import date, timedelta

import pytest
import yaml

from evals.golden_case import Kind, read_cases
from ops.answers.answers import Answers
from ops.answers.golden_draft import KINDS
from ops.desk.domain.values import Operator
from shared.conversations.handover import StaffRequest
from shared.conversations.judgements import Judgement
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData, OfferBooking, Usage
from shared.unanswered import AskedQuestion
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import NOON
from tests.fakes.conversations import FakeConversations
from tests.fakes.handovers import FakeHandovers
from tests.fakes.tenants import FakeTenants
from tests.fakes.unanswered import FakeUnansweredQuestions
from tests.unit.workers.chat.conftest import build_profile

TENANT, SESSION = "salon-ania", "session-1"
HOSTILE = 'x"\n  - id: evil\u2028tool: {} # \x1b[2J\x85never: [a]'
FRAMES = (
    ChatSent(re="a1", data=ChatSentData(text="My name is Anna Nowak, 601 234 567. Where are you?")),
    ChatFinal(re="a1", data=ChatFinalData(text="In Łódź.")),
    ChatSent(re="a2", data=ChatSentData(text="ignored")),
    ChatFinal(re="a2", data=ChatFinalData(text="", announces="is_read")),
    ChatFinal(data=ChatFinalData(text="Staff here.", by="human")),
    ChatSent(re="a3", data=ChatSentData(text=f"How much is a massage? anna@example.com {HOSTILE}")),
    ChatFinal(
        re="a3",
        data=ChatFinalData(
            text=f"100 zł, call +48 601 234 567.\n{HOSTILE}",
            actions=(OfferBooking(service="massage"),),
            usage=Usage(input_tokens=100, output_tokens=20, cache_read_tokens=900),
        ),
    ),
)
ANSWER = len(FRAMES)


@pytest.fixture
def world(terminal):
    """Return the terminal, whose business has one conversation; its last answer is judged."""
    return add_answers(terminal)


def add_answers(terminal):
    """Give a terminal a business with one conversation, whose last answer is judged."""
    terminal.world.clock.set(NOON)
    conversations = FakeConversations(FakeClaims(terminal.world.clock))
    conversations.texts[SESSION] = [frame.with_seq(number).to_wire_text() for number, frame in enumerate(FRAMES, 1)]
    conversations.index.add_conversation(TENANT, SESSION, NOON)
    judgement = Judgement("down", f"It is 120, jan@example.com {HOSTILE}", NOON)
    conversations.judged[SESSION, ANSWER] = (TENANT, judgement)
    conversations.judged[SESSION, 2] = (TENANT, Judgement("up", "", NOON + timedelta(hours=1)))
    terminal.questions = FakeUnansweredQuestions(max_groups=2)
    terminal.handovers = FakeHandovers(terminal.world.clock)
    terminal.answers = Answers(
        tenants=FakeTenants({TENANT: build_profile()}, {}),
        judged=conversations,
        questions=terminal.questions,
        conversations=conversations,
        index=conversations.index,
        handovers=terminal.handovers,
        clock=terminal.world.clock,
    )
    return terminal


def test_judged_answers_are_listed_the_worst_first(world):
    """Masked, with what `stride golden add` needs; nothing controls the terminal."""
    text = world.run("answers", "judged", TENANT).stdout
    assert text.index("down") < text.index("up ")
    assert SESSION in text
    assert not {"jan@example.com", "601 234 567"} & set(re.findall(r"\S+@\S+|601 234 567", text))
    assert "\x1b" not in text

    found = world.json("answers", "judged", TENANT)
    assert [(one["verdict"], one["seq"]) for one in found["answers"]] == [("down", ANSWER), ("up", 2)]
    assert found["answers"][0]["reason"].startswith("It is 120, [email]")


def test_unanswered_questions_are_listed_by_frequency(world):
    """Of the current month, or of another one; what is only counted is named."""
    assert "Every question was answered" in world.run("answers", "unanswered", TENANT).stdout
    for group, example in (("a", "Wifi?"), ("b", "Pool?\x1b[2J"), ("b", "pool"), ("c", "Sauna?")):
        question = AskedQuestion(group, example, "en")
        asyncio.run(world.questions.count_question(TENANT, NOON.date(), question, now=NOON))

    text = world.run("answers", "unanswered", TENANT).stdout
    assert text.splitlines()[0] == "Salon Ania, 2026-01"
    assert text.index("Pool?") < text.index("Wifi?")
    assert "1 more, which are only counted" in text
    assert "\x1b" not in text
    found = world.json("answers", "unanswered", TENANT, "--month", "2026-01")
    assert [(one["example"][:5], one["times"]) for one in found["questions"]] == [("Pool?", 2), ("Wifi?", 1)]
    assert (found["month"], found["others"]) == ("2026-01", 1)
    assert world.json("answers", "unanswered", TENANT, "--month", "2025-12")["questions"] == []


def test_visitors_who_wait_for_a_person_are_listed(world):
    """The longest wait first, also from another day, until somebody answers; notes are masked, contacts not shown."""
    assert "No visitor waits" in world.run("answers", "waiting", TENANT).stdout

    def ask(session, hours, note="", contact="", tenant=TENANT):
        request = StaffRequest(f"{session}-{hours}", NOON - timedelta(hours=hours), note, contact)
        asyncio.run(world.handovers.add_request(tenant, session, request, waits=True))

    ask("late", 1, "Call me \x1b[2J", "anna@example.com")
    ask("early", 30, "I am jan@example.com")
    ask("early", 29)
    ask("answered", 40)
    ask("elsewhere", 50, tenant="studio-bea")
    asyncio.run(world.handovers.end_wait("answered", by="Ola"))

    text = world.run("answers", "waiting", TENANT).stdout
    assert text.index("early") < text.index("late")
    assert not re.search(r"@example|\x1b|answered|elsewhere", text)
    found = world.json("answers", "waiting", TENANT)
    assert [(one["session_id"], one["requests"], one["has_contact"], one["note"][:12]) for one in found["waiting"]] == [
        ("early", 2, False, "I am [email]"),
        ("late", 1, True, "Call me \x1b[2J"[:12]),
    ]
    assert found["waiting"][0]["since"].startswith("2026-01-11T06")
    assert found["has_more"] is False
    assert world.run("answers", "waiting", "nobody").exit_code == 1


def test_an_answer_becomes_a_draft_that_the_checker_reads(world, tmp_path):
    """With the question, what was said before and bounds, without personal data; hostile text changes no field."""
    written = world.run(
        "golden",
        "add",
        TENANT,
        "--session",
        SESSION,
        "--seq",
        str(ANSWER),
        "--to",
        str(tmp_path / "d"),
        "--language",
        "en",
        "--kind",
        "fact",
    )
    assert written.exit_code == 0, written.stderr
    [case] = read_cases(tmp_path / "d")
    text = (tmp_path / "d" / f"{case.id}.yaml").read_text(encoding="utf-8")

    assert (case.tenant, case.language, case.kind, case.tool) == (TENANT, "en", Kind.FACT, None)
    assert (case.max_input_tokens, case.max_output_tokens) == (1000, 20)
    assert case.ask == f"How much is a massage? [email] {HOSTILE}"
    [exchange] = case.earlier
    assert (exchange.visitor, exchange.assistant) == ("My name is [name], [number]. Where are you?", "In Łódź.")
    assert (case.prices, case.never, case.also.prices) == ((), (), ())
    assert not re.search(r"anna@|jan@|601|Anna|Nowak|session-1", text)
    assert "down" in text
    assert "# The visitor's reason: It is 120, [email]" in text
    assert "#   100 zł, call [phone]." in text
    assert '"service":"massage"' in text
    assert text.count("FIX") >= 6
    assert "\x1b" not in text
    assert len(yaml.safe_load(text)["cases"]) == 1


def test_a_dry_run_writes_nothing(world, tmp_path):
    """It prints the draft, also as JSON."""
    arguments = ("golden", "add", TENANT, "--session", SESSION, "--seq", "2", "--language", "en", "--dry-run")
    printed = world.run(*arguments, "--to", str(tmp_path))
    assert yaml.safe_load(printed.stdout)["cases"][0]["ask"].startswith("My name is [name]")
    assert world.json(*arguments)["path"] is None
    assert list(tmp_path.iterdir()) == []


def test_each_reason_for_no_draft_is_named(world, tmp_path):
    """With what to do; a file that is there stays."""

    def add(seq, *, tenant=TENANT, session=SESSION, language="en"):
        return world.run(
            "golden",
            "add",
            tenant,
            "--session",
            session,
            "--seq",
            str(seq),
            "--to",
            str(tmp_path),
            "--language",
            language,
        )

    cases = {
        "no business": add(2, tenant="nobody"),
        "no such conversation": add(2, session="another"),
        "no answer of the assistant": add(1),
        "no answer of": add(99),
        "no answer": add(5),
    }
    for message, result in cases.items():
        assert (result.exit_code, message in result.stderr) == (1, True), (message, result.stderr)
    assert add(2).exit_code == 0
    again = add(2)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert add(0).exit_code == add(2, language="de").exit_code == 2
    (tmp_path / "file").write_text("")
    blocked = world.run(
        "golden",
        "add",
        TENANT,
        "--session",
        SESSION,
        "--seq",
        "2",
        "--language",
        "en",
        "--to",
        str(tmp_path / "file" / "x"),
    )
    assert (blocked.exit_code, "can't be written" in blocked.stderr) == (1, True)


def test_a_business_in_another_language_needs_the_option(world):
    """Golden cases are in Polish and English."""
    world.answers._tenants = FakeTenants({TENANT: build_profile(locale="de")}, {})
    refused = world.run("golden", "add", TENANT, "--session", SESSION, "--seq", "2", "--dry-run")
    assert (refused.exit_code, "--language" in refused.stderr) == (1, True)


def test_another_operators_business_is_unknown(world):
    """Whatever is asked about it."""
    stranger = Operator("Ola", frozenset({"studio-bea"}))
    assert asyncio.run(world.answers.list_judged(stranger, TENANT)) is None
    assert asyncio.run(world.answers.list_waiting(stranger, TENANT)) is None
    assert asyncio.run(world.answers.list_unanswered(stranger, TENANT, date(2026, 1, 1))) is None
    assert asyncio.run(world.answers.draft_golden_case(stranger, TENANT, SESSION, 2, kind="fact")) is None


def test_the_kinds_are_those_of_the_golden_cases():
    """Nothing that is installed imports the checker."""
    assert set(KINDS) == {kind.value for kind in Kind}
    assert json.dumps(KINDS)
