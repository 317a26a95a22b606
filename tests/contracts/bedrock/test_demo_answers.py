"""The demo business's assistant on the stand-in, with its real documents, prompt and client."""

import re
from datetime import UTC, datetime

import pytest

from evals.checker import LOOKUPS
from evals.conversation import ask_in_rounds, build_command
from evals.open_hours import OpenHours
from infra.local.bedrock.phrases import get_phrases
from infra.local.seed import TENANTS
from infra.local.site.server import STATIC
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData
from shared.tenants.parse import parse_profile
from tests.contracts.bedrock.client import HAIKU
from tests.contracts.bedrock.demo_questions import (
    AI,
    ASK_BACK,
    BYE,
    CONTACT,
    FORM,
    HELLO,
    NO_PRESSURE,
    SORRY,
    TABLE,
    UNKNOWN,
    WELCOME,
)
from tests.contracts.bedrock.unseen_questions import UNSEEN
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.knowledge import PromptKnowledge, order_documents
from workers.chat.domain.prompt import build_prompt
from workers.chat.domain.tool import ToolContext
from workers.chat.wiring import list_tools

FOLDER = TENANTS / "studio-lumen"
PROFILE = parse_profile((FOLDER / "profile.yaml").read_text(encoding="utf-8"))
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
KNOWLEDGE = PromptKnowledge(order_documents(DOCUMENTS, None))
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
PHRASES = [get_phrases(language) for language in ("pl", "en", "de")]
FIXED = {
    FORM: [phrases.pick_a_time for phrases in PHRASES],
    UNKNOWN: [phrases.unknown for phrases in PHRASES],
    ASK_BACK: [phrases.ask_back for phrases in PHRASES],
    AI: [phrases.identity for phrases in PHRASES],
    CONTACT: [phrases.person for phrases in PHRASES],
    SORRY: [phrases.complaint for phrases in PHRASES],
    NO_PRESSURE: [phrases.no_pressure for phrases in PHRASES],
    HELLO: [phrases.courtesy["greeting"] for phrases in PHRASES],
    WELCOME: [phrases.courtesy["thanks"] for phrases in PHRASES],
    BYE: [phrases.courtesy["goodbye"] for phrases in PHRASES],
}


NEVER = Deadline(float("inf"))
TOOLS = tuple(build(PROFILE) for build in list_tools(OpenHours()))


class Conversation:
    def __init__(self, bedrock) -> None:
        self._model = BedrockModel(client=bedrock.client, default_model_id=HAIKU)
        self._history = []

    async def ask(self, text):
        prompt = build_prompt(
            profile=PROFILE, knowledge=KNOWLEDGE, history=self._history, text=text, now=NOW, tools=TOOLS
        )
        command = build_command("studio-lumen", text, language="pl")
        answer = await ask_in_rounds(self._model, prompt, ToolContext(command, PROFILE, NOW, NEVER, "call"))
        self._history.append(ChatSent(re="a", data=ChatSentData(text=text)))
        self._history.append(ChatFinal(re="a", data=ChatFinalData(text=answer.text)))
        return answer.text, [call for call in answer.tools if call[0] not in LOOKUPS]


@pytest.mark.parametrize("questions", [TABLE, UNSEEN], ids=["questions", "unseen questions"])
async def test_a_question_is_answered_by_its_passage(bedrock, questions):
    """A visitor gets the passage that answers, the form, or an honest "I do not know", and no other topic's passage."""
    wrong = []
    for question in questions:
        conversation = Conversation(bedrock)
        for text in question.after:
            await conversation.ask(text)
        answer, calls = await conversation.ask(question.text)
        if question.expected in FIXED:
            is_right = answer.startswith(tuple(FIXED[question.expected]))
        else:
            is_right = question.expected in answer
        expected_calls = {FORM: [("offer_booking", question.offer)], CONTACT: [("hand_over", {})]}
        if not is_right or calls != expected_calls.get(question.expected, []):
            wrong.append((question.text, question.expected, answer, calls))
    assert wrong == []


@pytest.mark.parametrize(
    ("file", "pattern"), [("index.html", r'suggestions="(.+?)"'), ("english.js", r'suggestions: "(.+?)"')]
)
def test_each_suggestion_of_the_page_is_asked(file, pattern):
    """Every suggestion of the page is in the table of answered questions."""
    (suggestions,) = re.findall(pattern, (STATIC / file).read_text(encoding="utf-8"))

    assert {question.text for question in TABLE} >= set(suggestions.split("|"))
