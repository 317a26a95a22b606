"""Finds mistakes in a profile that is accepted all the same, because the release before accepts it.

Workers and ingress serve such a profile; the log, `stride doctor` and `stride tenant check` name its mistakes, and an
upload with one is refused.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.resources import files
from typing import NamedTuple

import yaml
from pydantic import BaseModel, RootModel

from shared.queueable_text import find_unqueueable
from shared.tenants.hours_warnings import compute_max_open_minutes, compute_max_period_minutes, find_absent_resources
from shared.tenants.opening_hours import WEEKDAYS, OpenPeriod
from shared.tenants.parse import InvalidProfileError, parse_with_tree
from shared.tenants.profile import TenantProfile
from shared.tenants.yaml_tree import find_position, shorten

_DAY_MINUTES = 24 * 60
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s*]+/?", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

Path = tuple[str | int, ...]


class ProfileWarning(NamedTuple):
    """A mistake in a profile that is accepted."""

    line: int
    field: str
    """Where it is, such as `services.0.duration_minutes`."""
    advice: str
    """What is wrong, and what to write."""

    def __str__(self) -> str:
        """Return one sentence, as for a mistake that is refused."""
        return f"line {self.line}: {self.field}: {self.advice}"


def check_profile(text: str) -> TenantProfile:
    """Return a profile in which nothing looks like a mistake.

    Raises:
        ConfigurationError: one sentence per mistake, each with its line.
    """
    profile, tree = parse_with_tree(text)
    if warnings := find_profile_warnings(tree, profile):
        raise InvalidProfileError([*map(str, warnings)])
    return profile


def find_profile_warnings(tree: yaml.Node | None, profile: TenantProfile) -> tuple[ProfileWarning, ...]:
    """Return the mistakes of a text that was parsed to this tree and profile, in the order of the lines."""
    found = [*_find_text_mistakes(tree, profile)]
    for path, advice in _find_rule_mistakes(profile):
        position = find_position(tree, path)
        found.append(ProfileWarning(position.line, position.path, advice))
    return tuple(sorted(dict.fromkeys(found)))


def _find_text_mistakes(tree: yaml.Node | None, profile: TenantProfile) -> Iterator[ProfileWarning]:
    """Find what YAML understands otherwise than its reader."""
    seen: set[int] = set()
    waiting: list[tuple[Path, yaml.Node]] = [((), tree)] if tree else []
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _find_repeated_keys(path, node)
            waiting += [((*path, key.value), value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [((*path, number), item) for number, item in enumerate(node.value)]
        elif isinstance(node, yaml.ScalarNode) and (advice := _judge_value(path, node, _get_value(profile, path))):
            yield ProfileWarning(node.start_mark.line + 1, ".".join(map(shorten, path)), advice)


def _find_repeated_keys(path: Path, node: yaml.MappingNode) -> Iterator[ProfileWarning]:
    last: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        # Tags of languages are the same in upper and lower case, with a hyphen or an underscore.
        name = str(key.value).casefold().replace("_", "-")
        if name in last:
            field = ".".join(map(shorten, (*path, last[name].value)))
            advice = f"is repeated in line {key.start_mark.line + 1}, and only the last one counts: delete one of them"
            yield ProfileWarning(last[name].start_mark.line + 1, field, advice)
        last[name] = key


def _judge_value(path: Path, node: yaml.ScalarNode, value: object) -> str | None:
    """Return what is wrong with a value as it is written, where the profile has it as `value`."""
    written, kind = shorten(node.value), node.tag.rpartition(":")[2]
    if refused := find_unqueueable(node.value):
        return f"the invisible character U+{ord(refused):04X} is left out: delete it"
    if kind == "bool" and isinstance(value, int) and not isinstance(value, bool):
        return f"`{written}` is read as {value}: write the number"
    if kind == "int" and type(value) is int and not _PLAIN_NUMBER.fullmatch(node.value):
        return (
            f"`{written}` is read as {value}: write {node.value.lstrip('0') or 0} or {value}, whichever you mean"
            if (node.value.isdecimal())
            else f"`{written}` is read as {value}: write {value}"
        )
    if kind in {"int", "float"} and isinstance(value, date):
        return f"`{written}` is read as {value}: write a date such as 2026-12-24"
    # A text of several lines ends with a line break, which only an identifier may not have.
    text = value.rstrip("\n") if isinstance(value, str) and node.style in {"|", ">"} and not _is_id(path) else value
    if isinstance(text, str) and text != _strip(text):
        return "begins or ends with a blank or an invisible character, which is part of it: delete it"
    return None


def _is_id(path: Path) -> bool:
    return path[0] == "allowed_origins" or path[-1] in {"id", "calendar_id"}


def _strip(text: str) -> str:
    begin, end = 0, len(text)
    while begin < end and unicodedata.category(text[begin]) in _INVISIBLE:
        begin += 1
    while end > begin and unicodedata.category(text[end - 1]) in _INVISIBLE:
        end -= 1
    return text[begin:end]


def _get_value(profile: TenantProfile, path: Path) -> object:
    """Return what became of the value at a path of the text; None where the profile has it in another shape."""
    value: object = profile
    for part in path:
        if isinstance(value, RootModel):
            value = value.root
        if isinstance(value, BaseModel) and isinstance(part, str) and part in type(value).model_fields:
            value = getattr(value, part)
        elif isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, tuple) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _find_rule_mistakes(profile: TenantProfile) -> Iterator[tuple[Path, str]]:
    """Find values that are valid, but can't be meant."""
    if profile.time_zone not in _read_zone_names():
        advice = f"`{profile.time_zone}` differs from machine to machine: write a zone such as Europe/Warsaw"
        yield ("time_zone",), advice
    calendars: list[tuple[Path, str | None]] = [(("calendar_id",), profile.calendar_id)]
    calendars += [(("resources", n, "calendar_id"), one.calendar_id) for n, one in enumerate(profile.resources)]
    for path, calendar_id in calendars:
        if calendar_id and calendar_id.strip().lower() == "primary":
            yield path, "`primary` is the service account's own calendar: write the id from your calendar's settings"
    for number, origin in enumerate(profile.allowed_origins):
        if not _ORIGIN.fullmatch(origin):
            advice = (
                f"`{shorten(origin)}` matches no page: write https:// and the host alone, such as https://example.com"
            )
            yield ("allowed_origins", number), advice
    max_minutes, max_period = compute_max_open_minutes(profile), compute_max_period_minutes(profile)
    for number, service in enumerate(profile.services):
        if service.duration_minutes > max_minutes:
            advice = f"no day is open for {service.duration_minutes} minutes, so this service is never offered: "
            yield ("services", number, "duration_minutes"), advice + "shorten it, or open for longer"
        elif service.duration_minutes > max_period and not profile.merge_adjoining_periods:
            advice = f"no period is open for {service.duration_minutes} minutes, so this service is never offered: "
            yield (
                ("services", number, "duration_minutes"),
                advice + "shorten it, or write merge_adjoining_periods: true",
            )
    yield from find_absent_resources(profile)
    yield from _find_long_notices(profile)


def _find_long_notices(profile: TenantProfile) -> Iterator[tuple[Path, str]]:
    minutes = profile.horizon_days * _DAY_MINUTES
    advice = "is as long as {} of horizon_days, so that hardly any time is offered: write less than {}"
    if profile.minimum_notice_minutes >= minutes:
        yield ("minimum_notice_minutes",), advice.format(f"the {profile.horizon_days} days", minutes)
    week = sum(_sum_minutes(getattr(profile.opening_hours, weekday)) for weekday in WEEKDAYS)
    minutes = week * (profile.horizon_days + 1) // 7 + sum(_sum_minutes(one.hours) for one in profile.exceptions)
    if profile.minimum_notice_open_minutes >= max(minutes, 1):
        period = f"the opening hours in the {profile.horizon_days} days"
        yield ("minimum_notice_open_minutes",), advice.format(period, minutes)


def _sum_minutes(periods: Sequence[OpenPeriod]) -> int:
    return sum(period.closes - period.opens for period in periods)


def _read_zone_names() -> frozenset[str]:
    """Return the names of the time zone database; `localtime` is a file of the machine and not one of them."""
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return frozenset(names) - {"Factory", "localtime", "posixrules"}
