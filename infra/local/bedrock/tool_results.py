"""Answers with the results of tools: free times, and the visitor's own visits."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from infra.local.bedrock.phrases import Phrases
from infra.local.bedrock.reply import Reply, ToolCall
from infra.local.bedrock.request import ConverseRequest
from workers.chat.retrieval.analysis import fold_text

TIMES_TOOL, VISITS_TOOL, BOOKING_TOOL = "find_times", "find_visits", "offer_booking"
_MAX_TIMES, _MAX_DAYS = 5, 3
_QUOTED = re.compile(r'<tool_result name="(\w+)">(.*?)</tool_result>', re.DOTALL)
_HOUR = re.compile(r"\b(\d{1,2})[:.](\d{2})\b")
_AFTERNOON = re.compile(r"\b(afternoon|evening|po poludniu|popoludni\w*|wieczor\w*|nachmittag\w*|abend\w*)\b")
_MORNING = re.compile(r"\b(morning|rano|przed poludniem|vormittag\w*|morgens)\b")


@dataclass(frozen=True)
class ToolOutcome:
    """The result of one call, as the request has it: in a block of tools, or as a text of the visitor's turn."""

    name: str
    content: Mapping[str, Any]
    failed: bool


def read_outcomes(request: ConverseRequest) -> list[ToolOutcome]:
    """Return the results in the last turn."""
    last, before = request.messages[-1], request.messages[-2:-1]
    names = {use.tool_use_id: use.name for turn in before for use in turn.tool_uses}
    outcomes = [
        ToolOutcome(names.get(result.tool_use_id, ""), _read_json(result.content), result.status == "error")
        for result in last.tool_results
    ]
    return outcomes or list(_read_quoted(last.text))


def _read_json(blocks: list[dict[str, Any]]) -> Mapping[str, Any]:
    content: Any = next((block["json"] for block in blocks if "json" in block), {})
    return content if isinstance(content, dict) else {}


def _read_quoted(text: str) -> Iterator[ToolOutcome]:
    for name, quoted in _QUOTED.findall(text):
        result = json.loads(quoted)["result"]
        yield ToolOutcome(name, result, "error" in result)


def build_result_answer(
    request: ConverseRequest, outcomes: list[ToolOutcome], phrases: Phrases, names: Mapping[str, str]
) -> Reply:
    """Return the answer with what the first tool that was asked found; `names` are those of services, by their ids."""
    outcome = outcomes[0]
    can_book = any(spec.name == BOOKING_TOOL for spec in request.tools)
    if outcome.failed:
        return Reply(phrases.tool_failed)
    if outcome.name == TIMES_TOOL:
        asked = _QUOTED.sub("", request.last_user_text)
        return _describe_times(outcome.content, asked, phrases, names, can_book=can_book)
    if outcome.name == VISITS_TOOL:
        return Reply(_describe_visits(outcome.content.get("visits", []), phrases, names))
    return Reply(phrases.after_tool)


def _describe_times(
    content: Mapping[str, Any], asked: str, phrases: Phrases, names: Mapping[str, str], *, can_book: bool
) -> Reply:
    days = [(day, _select_times(day["times"], asked)) for day in content.get("free", [])]
    listed = [(day, times) for day, times in days if times][:_MAX_DAYS]
    if not listed:
        return Reply(phrases.no_free_times)
    services, dates = {day["service"] for day, _ in listed}, {day["date"] for day, _ in listed}
    lines = [
        f"{_name_day(day['date'], phrases)}"
        f"{_name_service(day['service'], names) if len(services) > 1 else ''}: {', '.join(times[:_MAX_TIMES])}"
        for day, times in listed
    ]
    text = f"{phrases.free_times} {'; '.join(lines)}."
    if not can_book:
        return Reply(text)
    offer: dict[str, Any] = {"service": services.pop()} if len(services) == 1 else {}
    if len(dates) == 1 and content["first_day"] == content["last_day"]:
        offer["date"] = dates.pop()
        if len(listed) == len(listed[0][1]) == 1:
            offer["start"] = f"{offer['date']}T{listed[0][1][0]}"
    return Reply(f"{phrases.pick_a_time} {text}", ToolCall(BOOKING_TOOL, offer))


def _name_service(service: str, names: Mapping[str, str]) -> str:
    return f" ({names.get(service, service)})"


def _select_times(times: list[str], asked: str) -> list[str]:
    """Return the times of the part of the day that the message names, or the one time that it names."""
    plain = fold_text(asked)
    named = {f"{int(hour):02}:{minute}" for hour, minute in _HOUR.findall(plain)}
    if named & set(times):
        return [time for time in times if time in named]
    if _AFTERNOON.search(plain):
        return [time for time in times if time >= "12:00"]
    return [time for time in times if time < "12:00"] if _MORNING.search(plain) else times


def _describe_visits(visits: list[dict[str, Any]], phrases: Phrases, names: Mapping[str, str]) -> str:
    if not visits:
        return phrases.no_visits
    lines = [
        f"{names.get(visit['service'], visit['service'])}, {_name_day(visit['date'], phrases)}, {visit['time']} "
        f"({phrases.states.get(visit['state'], visit['state'])})"
        for visit in visits
    ]
    return f"{phrases.visits} {'; '.join(lines)}."


def _name_day(text: str, phrases: Phrases) -> str:
    day = date.fromisoformat(text)
    return f"{phrases.weekdays[day.weekday()]} {day.day}.{day.month:02}.{day.year}"
