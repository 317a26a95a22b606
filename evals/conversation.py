"""Asks a model the question of a golden case, with the prompt and the adapter of the chat worker."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from evals.checker import Answer
from evals.golden_case import GoldenCase
from evals.open_hours import OpenHours
from infra.local.seed import TENANTS
from shared.messages.client import ChatSendData
from shared.messages.commands import ChatSend
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData, ServerFrame
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.knowledge import take_whole
from workers.chat.domain.prompt import Prompt, build_prompt
from workers.chat.domain.tool import ToolContext
from workers.chat.handler.answering import MAX_ROUNDS
from workers.chat.handler.tool_calls import build_exchange, run_tools
from workers.chat.ports import Finished, Model, Restarted, TextDelta, ToolCall
from workers.chat.wiring import list_tools

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
"""The time of each conversation, a Monday: what "tomorrow" is stands in the cases."""

NO_DEADLINE = Deadline(float("inf"))

_OWN_TENANTS = Path(__file__).parent / "tenants"


@dataclass(frozen=True, slots=True)
class Business:
    """What the assistant knows of a business."""

    profile: TenantProfile
    documents: Mapping[str, str]


@cache
def read_business(tenant: str) -> Business:
    """Return a business of `evals/tenants/`, or the demo business of the local stack.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    folder = next((parent / tenant for parent in (_OWN_TENANTS, TENANTS) if (parent / tenant).is_dir()), None)
    if folder is None:
        raise FileNotFoundError(f"there is no business {tenant}, neither in {_OWN_TENANTS.name} nor in the demo")
    return Business(
        parse_profile((folder / "profile.yaml").read_text(encoding="utf-8")),
        {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")},
    )


def build_case_prompt(case: GoldenCase) -> Prompt:
    """Return the prompt that the chat worker would build for the message of a case."""
    business = read_business(case.tenant)
    history: list[ServerFrame] = []
    for exchange in case.earlier:
        history.append(ChatSent(re="visitor", data=ChatSentData(text=exchange.visitor)))
        history.append(ChatFinal(re="visitor", data=ChatFinalData(text=exchange.assistant)))
    # The businesses of the cases are small: their documents are in the prompt as a whole.
    knowledge = take_whole(business.documents, case.language)
    tools = tuple(build(business.profile) for build in list_tools(OpenHours()))
    return build_prompt(
        profile=business.profile, knowledge=knowledge, history=history, text=case.ask, now=NOW, tools=tools
    )


async def ask_model(model: Model, case: GoldenCase, *, deadline: Deadline = NO_DEADLINE) -> Answer:
    """Return the model's answer to a case; each full hour of the opening hours is free.

    Raises:
        ServiceError: the model cannot be reached, or refuses the request.
    """
    profile = read_business(case.tenant).profile
    command = build_command(case.tenant, case.ask, language=case.language)
    return await ask_in_rounds(
        model, build_case_prompt(case), ToolContext(command, profile, NOW, deadline, call_id=case.id)
    )


async def ask_in_rounds(model: Model, prompt: Prompt, context: ToolContext) -> Answer:
    """Return the model's answer after the rounds that its tools take, with the texts and calls of all of them."""
    answer = Answer("", stop_reason="none")
    for number in range(MAX_ROUNDS):
        if number == MAX_ROUNDS - 1:
            prompt = replace(prompt, tools=())
        reply, calls = await _read_reply(model, prompt, context.deadline)
        answer = replace(
            reply,
            text="\n\n".join(filter(None, (answer.text, reply.text))),
            tools=(*answer.tools, *reply.tools),
            usage=answer.usage + reply.usage,
        )
        names = {tool.name for tool in prompt.tools}
        known = [call for call in calls if call.name in names]
        exchange = build_exchange(reply.text, known, await run_tools(prompt.tools, known, context))
        if exchange is None:
            break
        prompt = replace(prompt, exchanges=(*prompt.exchanges, exchange))
    return answer


def build_command(tenant: str, text: str, *, language: str) -> ChatSend:
    """Return the command of a message, which tools get."""
    return ChatSend(
        id="visitor",
        tenant=tenant,
        session_id="visitor",
        client_id="visitor",
        connection_id="tab",
        accepted_at=NOW,
        locale=language,
        data=ChatSendData(text=text),
    )


async def _read_reply(model: Model, prompt: Prompt, deadline: Deadline) -> tuple[Answer, list[ToolCall]]:
    text: list[str] = []
    tools: list[ToolCall] = []
    finished: Finished | None = None
    async for event in model.stream(prompt, deadline=deadline):
        match event:
            case TextDelta():
                text.append(event.text)
            case ToolCall():
                tools.append(event)
            case Restarted():
                text.clear()
                tools.clear()
            case Finished():
                finished = event
    if finished is None:
        return Answer("", stop_reason="none"), []
    calls = tuple((tool.name, tool.input) for tool in tools)
    return Answer("".join(text), calls, finished.usage, finished.stop_reason, finished.model_id), tools
