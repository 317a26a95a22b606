"""What the typical conversations cost: chat's own requests, in the cache of the stand-in for Bedrock, at list prices.

Nothing is called. The requests are built as the chat worker builds them, the cache has the rules of the service
(`infra/local/bedrock/prompt_cache.py`), and tokens are counted as `token_counts.json` says.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal

from infra.cost.conversations import Conversation, Exchange, TokenCounter, read_business, read_conversations
from infra.local.bedrock.prompt_cache import InputUsage, PromptCache
from infra.local.bedrock.request import parse_request
from shared.language_models.catalogue import find_model
from shared.language_models.values import LanguageModel
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData, ServerFrame
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.knowledge import MAX_PASSAGES, PromptKnowledge, select_passages, take_whole
from workers.chat.domain.message_kinds import build_sorting_prompt, shorten_prompt
from workers.chat.domain.prompt import Prompt, build_prompt
from workers.chat.domain.tool import ToolExchange, ToolUse
from workers.chat.retrieval.section_index import SectionIndex
from workers.chat.tools import find_times
from workers.chat.wiring import list_tools

Site = Literal["shared", "quiet"]
"""Whether visitors follow each other within minutes, or each conversation begins without anything in the cache."""

Form = Literal["built", "unpadded", "searched"]
"""The prompt as it is built, without padding, or with passages instead of all documents."""

MESSAGE_SECONDS = 60
VISIT_SECONDS, BUSY_VISIT_SECONDS = 120, 60
"""From the beginning of one visit to a business to that of the next, and on a busy site."""

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)

TOOL_CALL_TOKENS = 60
"""Of the model's call of a tool, with its input. Not confirmed."""
TOOL_PROMPT_TOKENS = 346
"""What the service adds to a prompt with tools
(https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing)."""
FRAME_TOKENS = 4
SORTING_REPLY_TOKENS = 3

_FOUND_TIMES = ToolExchange(
    "",
    (
        ToolUse(
            find_times.NAME,
            {"service": "consultation", "date": "2026-12-03"},
            {
                "first_day": "2026-12-03",
                "last_day": "2026-12-03",
                "free": [
                    {
                        "service": "consultation",
                        "date": "2026-12-03",
                        "weekday": "Thursday",
                        "times": [f"{hour:02}:{minute}" for hour in range(9, 17) for minute in ("00", "30")],
                    }
                ],
                "has_more": False,
            },
        ),
    ),
)
"""The call of the tool and a day that is all free."""


@dataclass(frozen=True, slots=True)
class Bill:
    """The tokens and the price of calls."""

    answers: int = 0
    conversations: int = 0
    fresh: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    nano_dollars: int = 0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(*(getattr(self, name) + getattr(other, name) for name in Bill.__slots__))

    @property
    def usd_per_answer(self) -> float:
        """Return the mean price of an answer."""
        return self.nano_dollars / 1e9 / self.answers

    @property
    def usd_per_conversation(self) -> float:
        """Return the mean price of a conversation."""
        return self.nano_dollars / 1e9 / self.conversations

    @property
    def cache_share(self) -> float:
        """Return the part of the cached tokens that was read, not written."""
        cached = self.cache_read + self.cache_write
        return self.cache_read / cached if cached else 0.0


@dataclass(frozen=True, slots=True)
class _Message:
    at: float
    conversation: Conversation
    number: int


def simulate(
    model_id: str,
    site: Site,
    *,
    conversations: Sequence[Conversation] | None = None,
    form: Form = "built",
    is_warm: bool = True,
    minimum_of_each_point: bool = False,
    sorting_model_id: str | None = None,
    visit_seconds: int = VISIT_SECONDS,
) -> Bill:
    """Return what the conversations cost.

    On a shared site `is_warm` leaves out who first wrote each prefix. With `sorting_model_id` a small model sorts each
    message, always right, and answers those that need no documents.
    """
    chosen = read_conversations() if conversations is None else conversations
    model, now = find_model(model_id), [0.0]
    counter = TokenCounter(model.tokenizer_factor)
    cache = PromptCache(lambda: now[0], minimum_of_each_point=minimum_of_each_point)
    bill = Bill(conversations=len(chosen))
    if site == "shared" and is_warm:
        for first in {(one.business, one.language): one for one in chosen}.values():
            _charge(cache, counter, model, _Message(0.0, first, 0), form)
    for message in _list_messages(chosen, site, visit_seconds):
        if site == "quiet" and message.number == 0:
            cache.clear()
        now[0] = message.at
        if sorting_model_id is not None:
            small = find_model(sorting_model_id)
            bill += _sort(small, message)
            if message.conversation.exchanges[message.number].kind:
                bill += _answer_short(small, message)
                continue
        if message.conversation.exchanges[message.number].finds_times:
            usage = _charge(cache, counter, model, message, form)
            bill += replace(_price(model, usage, TOOL_CALL_TOKENS), answers=0)
        usage = _charge(cache, counter, model, message, form, has_result=True)
        bill += _price(model, usage, count_output(counter, message.conversation, message.number))
    return bill


def count_output(counter: TokenCounter, conversation: Conversation, number: int) -> int:
    """Return the tokens of an answer."""
    exchange = conversation.exchanges[number]
    tokens = counter.count(exchange.assistant, f"dialogue {conversation.language}")
    return tokens + (TOOL_CALL_TOKENS if exchange.form else 0)


def _list_messages(conversations: Iterable[Conversation], site: Site, visit_seconds: int) -> list[_Message]:
    """Return the messages in the order of their times; on a quiet site conversations do not overlap."""
    messages, begin = [], dict[str, float]()
    for conversation in conversations:
        business = conversation.business if site == "shared" else ""
        at = begin.get(business, 0.0)
        messages += [
            _Message(at + number * MESSAGE_SECONDS, conversation, number)
            for number in range(len(conversation.exchanges))
        ]
        begin[business] = at + (visit_seconds if site == "shared" else 86_400)
    return sorted(messages, key=lambda message: message.at)


def _charge(
    cache: PromptCache,
    counter: TokenCounter,
    model: LanguageModel,
    message: _Message,
    form: Form,
    *,
    has_result: bool = False,
) -> InputUsage:
    prompt = build_message_prompt(message.conversation, message.number, form)
    if has_result and message.conversation.exchanges[message.number].finds_times:
        prompt = replace(prompt, exchanges=(_FOUND_TIMES,))
    request = build_request(model, prompt)
    body = json.dumps({name: part for name, part in request.items() if name != "modelId"})
    count = _choose_counter(counter, message.conversation)
    return cache.charge_input(model.id, parse_request(body.encode()), count=count)


class _SilentBooking:
    """Lets the prompt have all tools, none of which is called."""

    async def ask(self, query: object, context: object) -> None:
        """Return no answer."""


def _sort(small: LanguageModel, message: _Message) -> Bill:
    """Return what the call costs that asks for the kind of a message; it is no answer."""
    prompt = build_message_prompt(message.conversation, message.number)
    tokens = _count_small(small, build_sorting_prompt(prompt, small.id), message.conversation)
    return replace(_price(small, InputUsage(tokens, 0, 0), SORTING_REPLY_TOKENS), answers=0)


def _answer_short(small: LanguageModel, message: _Message) -> Bill:
    """Return what the small model's answer costs, whose prompt is too short to be cached."""
    conversation, profile = message.conversation, read_business(message.conversation.business).profile
    prompt = shorten_prompt(build_message_prompt(conversation, message.number), profile, small.id)
    output = count_output(TokenCounter(small.tokenizer_factor), conversation, message.number)
    return _price(small, InputUsage(_count_small(small, prompt, conversation), 0, 0), output)


def _count_small(small: LanguageModel, prompt: Prompt, conversation: Conversation) -> int:
    counter = TokenCounter(small.tokenizer_factor)
    count = _choose_counter(counter, conversation)
    instructions = counter.count(prompt.instructions, "instructions without documents")
    tools = sum(count(json.dumps({tool.name: tool.description, **tool.schema})) for tool in prompt.tools)
    return instructions + tools + sum(count(text) for text in _list_texts(prompt))


def _list_texts(prompt: Prompt) -> Iterator[str]:
    yield from filter(None, (prompt.situation_block, *(message.text for message in prompt.turns)))


def build_message_prompt(conversation: Conversation, number: int, form: Form = "built") -> Prompt:
    """Return the prompt of a message, as the chat worker builds it."""
    business, exchange = read_business(conversation.business), conversation.exchanges[number]
    prompt = build_prompt(
        profile=business.profile,
        knowledge=_select_knowledge(conversation, exchange, form),
        history=list(_build_history(conversation.exchanges[:number])),
        text=exchange.visitor,
        now=NOW + timedelta(seconds=number * MESSAGE_SECONDS),
        tools=tuple(build(business.profile) for build in list_tools(_SilentBooking())),
    )
    return replace(prompt, documents=(), translations=()) if form == "unpadded" else prompt


def _select_knowledge(conversation: Conversation, exchange: Exchange, form: Form) -> PromptKnowledge:
    documents = read_business(conversation.business).documents
    if form != "searched":
        return take_whole(documents, conversation.language)
    index = _build_index(conversation.business)
    found = index.search(exchange.visitor, earlier="", language=conversation.language, limit=MAX_PASSAGES)
    return PromptKnowledge(titles=tuple(index.titles.values()), passages=select_passages(found))


@cache
def _build_index(business: str) -> SectionIndex:
    return SectionIndex(read_business(business).documents)


def _build_history(exchanges: Iterable[Exchange]) -> Iterator[ServerFrame]:
    for number, exchange in enumerate(exchanges):
        yield ChatSent(re=f"m{number}", data=ChatSentData(text=exchange.visitor)).with_seq(2 * number + 1)
        yield ChatFinal(re=f"m{number}", data=ChatFinalData(text=exchange.assistant)).with_seq(2 * number + 2)


def _choose_counter(counter: TokenCounter, conversation: Conversation) -> Callable[[str], int]:
    added = iter([TOOL_PROMPT_TOKENS])

    def count(text: str) -> int:
        if text.startswith("{"):
            return counter.count(text, "tools") + next(added, 0)
        if text.startswith("<situation>"):
            return counter.count(text, "situation")
        if text.startswith("You are the assistant"):
            return counter.count(text, f"instructions {conversation.business} {conversation.language}")
        return counter.count(text, f"dialogue {conversation.language}") + FRAME_TOKENS

    return count


def _price(model: LanguageModel, usage: InputUsage, output_tokens: int) -> Bill:
    nano_dollars = model.prices.compute_nano_dollars(
        input_tokens=usage.fresh,
        output_tokens=output_tokens,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    return Bill(1, 0, usage.fresh, usage.cache_read, usage.cache_write, output_tokens, nano_dollars)
