"""Decides what the stand-in says: a greeting, a passage of the documents, a tool call, or "I do not know".

Nothing here is random or reads a clock: the same request gets the same answer.
"""

from infra.local.bedrock.booking import declines_booking, wants_booking
from infra.local.bedrock.knowledge import Passage, read_documents
from infra.local.bedrock.language import Language, any_of, detect, fold, folded_words, terms
from infra.local.bedrock.passages import search
from infra.local.bedrock.phrases import Phrases, phrases_of
from infra.local.bedrock.reply import Reply, ToolCall
from infra.local.bedrock.request import ConverseRequest, ToolSpec
from infra.local.bedrock.tool_input import fill_input

BOOKING_TOOL = "offer_booking"

_GOES_ON = any_of("and|what about|how about|a|i|oraz")
_GREETING = any_of(
    "hi|hello|hey|good (morning|afternoon|evening)",
    "czesc|hej|witam|witaj|dzien dobry|dobry wieczor",
)
_THANKS = any_of(r"thanks|thank you|thx|dzieki|dziekuj\w+")
_GOODBYE = any_of("bye|goodbye|see you|do widzenia|na razie|pa")
_WHO_ARE_YOU = any_of(
    "are you (a |an )?(human|robot|bot|ai|real|person)|who are you",
    r"jestes (\w+ )?(bot|robot|czlowiek|ai)\w*|kim jestes",
)
_SMALL_TALK_TERMS = 1


def answer(request: ConverseRequest) -> Reply:
    """Return the answer to a request that passed validation."""
    system_text = "\n".join(block.text for block in request.system if block.text)
    passages = read_documents(system_text)
    asked = [turn.text for turn in reversed(request.messages) if turn.role == "user" and turn.text]
    language = detect(asked) or _language_of_documents(" ".join(asked), passages)
    phrases = phrases_of(language)

    results = request.messages[-1].tool_results
    if results:
        failed = any(result.status == "error" for result in results)
        return Reply(phrases.tool_failed if failed else phrases.after_tool)
    tool = _forced_tool(request)
    text = request.last_user_text
    if tool is None and wants_booking(text, _said_before(request)):
        tool = next((spec for spec in request.tools if spec.name == BOOKING_TOOL), None)
    if tool:
        filled = fill_input(tool.input_schema.schema_, asked, system_text)
        return Reply(phrases.pick_a_time if tool.name == BOOKING_TOOL else "", ToolCall(tool.name, filled))
    can_book = any(spec.name == BOOKING_TOOL for spec in request.tools)
    return Reply(_small_talk(text, phrases) or _fact(asked, _in(language, passages), phrases, can_book=can_book))


def _fact(asked: list[str], passages: list[Passage], phrases: Phrases, *, can_book: bool) -> str:
    question = asked[0] if asked else ""
    goes_on = _GOES_ON.match(fold(question).strip()) is not None
    found = search(question, passages, earlier=asked[1] if goes_on and len(asked) > 1 else "")
    if found is None:
        return f"{phrases.unknown} {phrases.offer_booking if can_book else phrases.offer_contact}"
    if can_book and "price" in terms(question):
        return f"{found.quote()} {phrases.offer_booking}"
    return found.quote()


def _small_talk(text: str, phrases: Phrases) -> str | None:
    plain = fold(text)
    if _WHO_ARE_YOU.search(plain):
        return phrases.who_i_am
    for pattern, said in (
        (_GREETING, phrases.greeting),
        (_THANKS, phrases.welcome),
        (_GOODBYE, phrases.goodbye),
    ):
        # "Hello, how much is a visit?" is a question, however politely it begins.
        if pattern.search(plain) and len(terms(pattern.sub(" ", plain))) <= _SMALL_TALK_TERMS and "?" not in text:
            return said
    if declines_booking(text):
        return phrases.no_pressure
    return None if terms(text) else phrases.ask_back


def _in(language: Language, passages: list[Passage]) -> list[Passage]:
    fitting = [passage for passage in passages if passage.language in (language, None)]
    # A knowledge base in the other language alone is better quoted than not used.
    return fitting if any(passage.language == language for passage in fitting) else passages


def _language_of_documents(text: str, passages: list[Passage]) -> Language:
    """Return in which language's documents the words stand, for a message such as "massage" that shows none."""
    asked = {word[:5] for word in folded_words(text)}
    counts: dict[Language, int] = {"en": 0, "pl": 0}
    for passage in passages:
        if passage.language:
            counts[passage.language] += len(asked & {word[:5] for word in folded_words(passage.text)})
    return "pl" if counts["pl"] > counts["en"] else "en"


def _forced_tool(request: ConverseRequest) -> ToolSpec | None:
    if request.tool_config is None:
        return None
    choice = request.tool_config.tool_choice
    if choice.tool:
        return next(spec for spec in request.tools if spec.name == choice.tool.name)
    return request.tools[0] if choice.any is not None and request.tools else None


def _said_before(request: ConverseRequest) -> str:
    return next((turn.text for turn in reversed(request.messages) if turn.role == "assistant"), "")
