"""Decides what the stand-in answers: a tool call, small talk, a quoted passage, or "I do not know".

Nothing here is random or reads a clock: the same request gets the same answer.
"""

from infra.local.bedrock.facts import Facts
from infra.local.bedrock.intents import Intent, Lookup, detect_courtesy, detect_intent, detect_lookup
from infra.local.bedrock.knowledge_base import KnowledgeBase
from infra.local.bedrock.phrases import Phrases, get_phrases
from infra.local.bedrock.reply import Reply, ToolCall
from infra.local.bedrock.request import ConverseRequest, ToolSpec
from infra.local.bedrock.service_names import read_service_names
from infra.local.bedrock.tool_input import fill_input, find_today
from infra.local.bedrock.tool_results import (
    BOOKING_TOOL,
    TIMES_TOOL,
    VISITS_TOOL,
    build_result_answer,
    read_outcomes,
)

HANDOVER_TOOL = "hand_over"
_LOOKUP_TOOLS: dict[Lookup, str] = {"times": TIMES_TOOL, "visits": VISITS_TOOL}


def build_answer(request: ConverseRequest) -> Reply:
    """Return the answer to a request that passed validation."""
    facts_text = request.facts
    texts = [turn.text for turn in reversed(request.messages) if turn.role == "user" and turn.text]
    knowledge = KnowledgeBase(facts_text, texts)
    phrases = get_phrases(knowledge.language)
    if outcomes := read_outcomes(request):
        return build_result_answer(request, outcomes, phrases, read_service_names(facts_text, knowledge.language))
    intent = detect_intent(request.last_user_text, previous_answer=_find_previous_answer(request))
    booking = next((spec for spec in request.tools if spec.name == BOOKING_TOOL), None)
    lookup = _find_lookup_tool(request) if intent in {None, "book"} else None
    tool = _find_forced_tool(request) or lookup or (booking if intent == "book" else None)
    if tool:
        filled = fill_input(tool.input_schema.schema_, texts, facts_text, knowledge.analyzer)
        return Reply(phrases.pick_a_time if tool.name == BOOKING_TOOL else "", ToolCall(tool.name, filled))
    facts = Facts(knowledge, find_today(facts_text))
    spoken = _build_conversation_answer(texts, intent, facts, phrases)
    if intent == "person" and any(spec.name == HANDOVER_TOOL for spec in request.tools):
        return Reply(spoken or "", ToolCall(HANDOVER_TOOL, {}))
    return Reply(spoken or _build_fact_answer(texts, facts, phrases, can_book=booking is not None))


def _build_conversation_answer(texts: list[str], intent: Intent | None, facts: Facts, phrases: Phrases) -> str | None:
    """Return the answer to a message that asks for no fact, or None for one that does."""
    match intent:
        case "identity":
            return phrases.identity
        case "decline":
            return phrases.no_pressure
        case "person" | "complaint":
            contact = facts.knowledge.find_contact_passage()
            lead = phrases.person if intent == "person" else phrases.complaint
            return f"{lead} {contact or phrases.offer_contact}"
    courtesy = detect_courtesy(texts[0]) if texts else None
    if courtesy and "?" not in texts[0]:
        kind, rest = courtesy
        # "Hello, the prices please" is a question, however politely it begins.
        terms = facts.knowledge.extract_terms(rest)
        if not facts.knowledge.find_passages(terms) or (kind != "greeting" and len(terms) == 1):
            return phrases.courtesy[kind]
    return None if texts and facts.extract_terms(texts[0]) else phrases.ask_back


def _build_fact_answer(texts: list[str], facts: Facts, phrases: Phrases, *, can_book: bool) -> str:
    quoted = facts.quote_passages(texts)
    if quoted is None:
        titles = facts.knowledge.titles
        topics = f" {phrases.topics} {', '.join(titles)}." if titles else ""
        return f"{phrases.unknown}{topics} {phrases.offer_booking if can_book else phrases.offer_contact}"
    return f"{quoted} {phrases.offer_booking}" if can_book and "price" in facts.extract_terms(texts[0]) else quoted


def _find_lookup_tool(request: ConverseRequest) -> ToolSpec | None:
    lookup = detect_lookup(request.last_user_text)
    return next((spec for spec in request.tools if lookup and spec.name == _LOOKUP_TOOLS[lookup]), None)


def _find_forced_tool(request: ConverseRequest) -> ToolSpec | None:
    if request.tool_config is None:
        return None
    choice = request.tool_config.tool_choice
    if choice.tool:
        return next(spec for spec in request.tools if spec.name == choice.tool.name)
    return request.tools[0] if choice.any is not None and request.tools else None


def _find_previous_answer(request: ConverseRequest) -> str:
    return next((turn.text for turn in reversed(request.messages) if turn.role == "assistant"), "")
