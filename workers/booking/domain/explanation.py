"""Explains why a time is not offered: the rules that block it, in the order in which they apply.

`find_block` is the single check of a start (`slots.refuse_unoffered_start`), by the search that lists free times. The
explanation names the rule that it returns, relaxes this rule alone in the profile, and asks again, until the time is
free.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.tenants.opening_hours import WEEKDAYS, OpeningHours
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.free_starts import instant_to_seconds, seconds_to_instant
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.openings import OpeningTimes
from workers.booking.domain.search import LaneGroup, Search


class Rule(StrEnum):
    """What blocks a time. Desk pages and `--json` use these names."""

    PAST = "past"
    HORIZON = "horizon"
    NOTICE = "notice"
    OPEN_NOTICE = "open_notice"
    EXCEPTION = "exception"
    CLOSED_RANGE = "closed_range"
    PUBLIC_HOLIDAY = "public_holiday"
    BREAK = "break"
    OPENING_HOURS = "opening_hours"
    CLOSING = "closing"
    """The visit would end after the business closes, or in a break."""
    RESOURCE_HOURS = "resource_hours"
    STEP = "step"
    BUSINESS_CAP = "business_cap"
    SERVICE_CAP = "service_cap"
    OCCUPIED = "occupied"
    GRID = "grid"
    """The first booking of the day has fixed buckets so small that the visit would need too many of them."""


_OF_HOURS = (Rule.OPENING_HOURS, Rule.CLOSING, Rule.RESOURCE_HOURS, Rule.STEP)
"""What blocks the lanes of a service by hours; of several lanes the one counts that is the closest to being offered."""

_ONE_MINUTE = 1
_ALWAYS_OPEN = {
    "opening_hours": OpeningHours.model_validate({day: ["00:00-24:00"] for day in WEEKDAYS}),
    "merge_adjoining_periods": True,
    "public_holidays": None,
    "exceptions": (),
    "closed_ranges": (),
}

_OF_DATES = {
    "exception": Rule.EXCEPTION,
    "closed_range": Rule.CLOSED_RANGE,
    "public_holiday": Rule.PUBLIC_HOLIDAY,
}


class Block(NamedTuple):
    """A rule that blocks a time."""

    rule: Rule
    day: date | None = None
    """The date of an exception, a closed range or a public holiday."""
    at: datetime | None = None
    """The earliest start of a notice, the closing time, or the opening from which steps are counted; UTC."""
    lanes: tuple[str, ...] = ()
    """The lanes that would take the visit, if they were not occupied."""


@dataclass(frozen=True, slots=True)
class Question:
    """A start of a service."""

    profile: TenantProfile
    service: Service
    start: datetime
    now: datetime
    occupancy: Occupancy


def explain_start(question: Question) -> tuple[Block, ...]:
    """Return every rule that blocks a start, in order; none if it is offered."""
    blocks: list[Block] = []
    while block := find_block(question):
        if any((block.rule, block.day) == (known.rule, known.day) for known in blocks):
            raise RuntimeError(f"a time is still blocked by a rule that was relaxed: {block.rule}")
        blocks.append(block)
        question = _relax(question, block)
    return tuple(blocks)


def find_block(question: Question) -> Block | None:
    """Return the first rule that blocks a start; None if it is offered."""
    profile, service, start = question.profile, question.service, question.start
    search = Search.prepare(profile, service.id, question.now, question.occupancy)
    ordinal, seconds = start.astimezone(profile.zone).toordinal(), instant_to_seconds(start)
    if start < question.now:
        return Block(Rule.PAST)
    if not search.is_in_horizon(ordinal):
        return Block(Rule.HORIZON)
    if seconds < search.earliest:
        is_notice = start < question.now + timedelta(minutes=profile.minimum_notice_minutes)
        return Block(Rule.NOTICE if is_notice else Rule.OPEN_NOTICE, at=seconds_to_instant(search.earliest))
    [(_, groups)] = search.services
    reasons = [_find_hours_rule(question, search.times, group) for group in groups]
    if None not in reasons:
        return _describe_hours_block(question, search.times, max(filter(None, reasons), key=_OF_HOURS.index))
    if search.is_full(ordinal, None):
        return Block(Rule.BUSINESS_CAP)
    if search.is_full(ordinal, service.id):
        return Block(Rule.SERVICE_CAP)
    offering = [group for group, reason in zip(groups, reasons, strict=True) if reason is None]
    if not any(group.is_free(service, seconds) for group in offering):
        return Block(Rule.OCCUPIED, lanes=tuple(lane for group in offering for lane in group.lanes))
    if search.is_too_fine(service, start):
        return Block(Rule.GRID)
    return None


def _find_hours_rule(question: Question, times: OpeningTimes, group: LaneGroup) -> Rule | None:
    """Return the rule about hours that blocks the start in the lanes of a group."""
    service, start = question.service, question.start
    if times.offers_start(service, start, group.resource):
        return None
    end = start + timedelta(minutes=service.duration_minutes)
    opening = times.find_opening(start)
    if opening is None:
        return Rule.OPENING_HOURS
    if end > seconds_to_instant(opening.closes):
        return Rule.CLOSING
    if group.resource and not times.is_present(group.resource, start, end):
        return Rule.RESOURCE_HOURS
    return Rule.STEP


def _describe_hours_block(question: Question, times: OpeningTimes, rule: Rule) -> Block:
    if rule is Rule.OPENING_HOURS:
        return _find_date_block(question, times)
    opening = times.find_opening(question.start)
    if rule is Rule.CLOSING and opening:
        return Block(rule, at=seconds_to_instant(opening.closes))
    if rule is Rule.STEP and opening:
        return Block(rule, at=seconds_to_instant(opening.opens))
    return Block(rule)


def _find_date_block(question: Question, times: OpeningTimes) -> Block:
    """Name what closes the date, else the break or the opening hours."""
    day = question.start.astimezone(question.profile.zone).date()
    rule = next(question.profile.list_day_rules(day))
    if rule.kind in _OF_DATES:
        return Block(_OF_DATES[rule.kind], day=day)
    # The night before may belong to a date that is closed.
    yesterday = day - timedelta(days=1)
    rule = next(question.profile.list_day_rules(yesterday))
    if rule.kind in _OF_DATES:
        without = _remove_day_rule(question.profile, yesterday, _OF_DATES[rule.kind])
        if OpeningTimes(without).find_opening(question.start):
            return Block(_OF_DATES[rule.kind], day=yesterday)
    openings, seconds = times.list_openings(day.toordinal()), instant_to_seconds(question.start)
    is_break = any(one.end <= seconds for one in openings) and any(one.first > seconds for one in openings)
    return Block(Rule.BREAK if is_break else Rule.OPENING_HOURS)


def _relax(question: Question, block: Block) -> Question:
    """Return the question as if one rule did not block the start; the rest of the profile is as it was."""
    profile, service = question.profile, question.service
    match block.rule:
        case Rule.PAST:
            # As if it were asked when the time was still to come; three hours allow for any change of the clocks.
            return replace(question, now=question.start - timedelta(days=profile.horizon_days, hours=-3))
        case Rule.OPENING_HOURS | Rule.BREAK:
            always_open = profile.model_copy(update=_ALWAYS_OPEN)
            return _change_service(replace(question, profile=always_open), step_minutes=_ONE_MINUTE)
        case Rule.CLOSING:
            return _end_at_closing(question, block)
        case Rule.STEP:
            return _change_service(question, step_minutes=_ONE_MINUTE)
        case Rule.BUSINESS_CAP | Rule.SERVICE_CAP:
            service_id = service.id if block.rule is Rule.SERVICE_CAP else None
            full_days = {each for each in question.occupancy.full_days if each[1] != service_id}
            return replace(question, occupancy=replace(question.occupancy, full_days=full_days))
        case Rule.OCCUPIED:
            return replace(question, occupancy=replace(question.occupancy, everywhere=(), lanes={}))
        case Rule.GRID:
            return replace(question, occupancy=replace(question.occupancy, day_grids={}))
        case _:
            return replace(question, profile=_relax_profile(question, block))


def _end_at_closing(question: Question, block: Block) -> Question:
    """Return the question for as much of the visit as is left until the closing: what blocks that blocks the visit.

    Of a length that a profile can have, nothing may fit into the last minutes.
    """
    minutes_left = (block.at - question.start) // timedelta(minutes=1) if block.at else 0
    fields = {"duration_minutes": max(minutes_left, _ONE_MINUTE), "step_minutes": question.service.step}
    return _change_service(question, **fields)


def _relax_profile(question: Question, block: Block) -> TenantProfile:
    profile = question.profile
    match block.rule:
        case Rule.HORIZON:
            first, last = (at.astimezone(profile.zone).toordinal() for at in (question.now, question.start))
            return profile.model_copy(update={"horizon_days": last - first})
        case Rule.NOTICE:
            return profile.model_copy(update={"minimum_notice_minutes": 0})
        case Rule.OPEN_NOTICE:
            return profile.model_copy(update={"minimum_notice_open_minutes": 0})
        case Rule.RESOURCE_HOURS:
            without = {"opening_hours": None, "exceptions": (), "closed_ranges": ()}
            resources = tuple(resource.model_copy(update=without) for resource in profile.resources)
            return profile.model_copy(update={"resources": resources})
        case _:
            return _remove_day_rule(profile, block.day, block.rule) if block.day else profile


def _change_service(question: Question, **fields: int) -> Question:
    changed = question.service.model_copy(update=fields)
    services = tuple(changed if one.id == changed.id else one for one in question.profile.services)
    return replace(question, service=changed, profile=question.profile.model_copy(update={"services": services}))


def _remove_day_rule(profile: TenantProfile, day: date, rule: Rule) -> TenantProfile:
    match rule:
        case Rule.EXCEPTION:
            update: dict[str, object] = {"exceptions": tuple(one for one in profile.exceptions if one.date != day)}
        case Rule.CLOSED_RANGE:
            update = {"closed_ranges": tuple(one for one in profile.closed_ranges if not one.includes(day))}
        case _:
            update = {"public_holidays": None}
    return profile.model_copy(update=update)
