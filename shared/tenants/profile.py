"""The profile of a tenant, checked field by field."""

import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from shared.languages.available import SHARED, list_languages
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.tenants.busy_calendars import BusyCalendarSource
from shared.tenants.country import check_country, find_country_of_zone
from shared.tenants.guardrails import Guardrail
from shared.tenants.opening_hours import ClosedRange, DayException, DayRule, OpeningHours, OpenPeriod
from shared.tenants.page_url import check_page_url, find_page_url
from shared.tenants.phone import check_phone
from shared.tenants.profile_types import Section, Translated, TranslatedLine
from shared.tenants.public_holidays import is_known_region, is_public_holiday
from shared.tenants.quiet_hours import QuietHours
from shared.tenants.rate_overrides import RateOverrides
from shared.tenants.services import DEFAULT_RESOURCE, Resource, Service, parse_lane

_DAY_MINUTES = 24 * 60
_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[^\s@<>(),;:\\\"\[\]]{1,180}\.[^\s@<>(),;:\\\"\[\]]{2,}")


def _check_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text) or "=?" in text:
        raise ValueError(f"{text!r} is not one e-mail address such as visits@example.com, without a name around it")
    return text


MAX_REMINDER_HOURS = 14 * 24
"""Two weeks; `BookingRemindData.hours_before` has the same limit."""


def _check_reminder_hours(hours: tuple[int, ...]) -> tuple[int, ...]:
    if repeated := next((one for number, one in enumerate(hours) if one in hours[:number]), None):
        raise ValueError(f"has {repeated} twice")
    return hours


class Senders(Section):
    """The senders of notices; a channel without a sender is off."""

    email: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_check_address)] | None = None
    """The sender of e-mails, which gets visitors' replies."""


def _read_decimal(value: object) -> object:
    """Return a number as it was written: 0.1 as a float would be a little more."""
    return Decimal(repr(value)) if isinstance(value, float) else value


Dollars = Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=15, decimal_places=9), BeforeValidator(_read_decimal)]
"""US dollars, as Bedrock charges them, at most to the nano-dollar."""


class Model(Section):
    """The assistant's model; the deployment's default where none is given."""

    id: str | None = None
    max_output_tokens: Annotated[int, Field(ge=64, le=4096)] = 800
    guardrail: Guardrail | None = None


MAX_ANSWER_SECONDS = 90
"""Less than the time-out of chat's handler on Lambda, 100 seconds (`infra/template.yaml`)."""


class TenantLimits(Section):
    """How many output tokens the assistant may use a day, and how long a message and the wait for its answer may be."""

    daily_output_tokens: Annotated[int, Field(gt=0)] = 500_000
    session_dollars: Dollars = Decimal(2)
    """The most that one conversation may cost."""
    daily_dollars: Dollars = Decimal(20)
    """The most that a day may cost, in the business's own time zone."""
    monthly_dollars: Dollars = Decimal(200)
    visitor_share_percent: Annotated[int, Field(ge=1, le=100)] = 20
    """The most that one conversation may take of a day's dollars."""
    address_share_percent: Annotated[int, Field(ge=1, le=100)] = 50
    """The most that all conversations from one network address may take of a day's dollars: an office has one."""
    chat_characters: Annotated[int, Field(gt=0, le=MAX_CHAT_CHARACTERS)] = MAX_CHAT_CHARACTERS
    answer_seconds: Annotated[int, Field(ge=10, le=MAX_ANSWER_SECONDS)] = 45
    """How long a visitor waits for a whole answer; one that takes longer ends with the text that has come."""
    holds_per_address: Annotated[int | None, Field(ge=1, le=1000)] = None
    """How many times one network address may hold without a code and without a proof of work; the installation's limit
    applies where none is given."""
    visits_per_contact: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many visits one contact may confirm within 30 days; the installation's limit where none is given."""
    visits_per_address: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """The same for one network address, which a family or an office shares."""
    daily_sms_dollars: Dollars | None = None
    """The most that text messages may cost in a day; the installation's limit applies where none is given."""
    notices_per_contact: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many e-mails and text messages one contact gets in a day without a further wait, besides codes."""
    moves_per_visit: Annotated[int, Field(ge=0, le=1_000)] | None = None
    """How often visitors may move one visit online."""
    rates: RateOverrides = RateOverrides()
    """How much a conversation, an address and the business may send a minute, in place of the installation's limits."""

    @property
    def rates_text(self) -> str:
        """Return `rates` as ingress and authorizer read them."""
        return self.rates.text


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Warsaw") from None
    return name


def _check_region(name: str) -> str:
    if not is_known_region(name):
        raise ValueError(
            f"{name!r} is not a country such as PL, or a part of one such as DE-BY, whose holidays we know"
        )
    return name


def _check_language(tag: str) -> str:
    if tag not in list_languages():
        raise ValueError(f"{tag!r} is not a language that is spoken here: {', '.join(list_languages())}")
    return tag


def _build_default_disclosure() -> Translated:
    return Translated({tag: SHARED.get_texts(tag)("disclosure") for tag in list_languages()})


class TenantProfile(Section):
    """Everything about a business that its owner decides."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    locale: Annotated[str, AfterValidator(_check_language)] = "pl"
    time_zone: Annotated[str, AfterValidator(_check_zone)]
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=50)]
    resources: Annotated[tuple[Resource, ...], Field(max_length=50)] = ()
    max_visits_per_day: Annotated[int, Field(ge=1, le=1000)] | None = None
    opening_hours: OpeningHours
    merge_adjoining_periods: bool = False
    """Whether a visit may begin in one period and end in the next, if one begins when the other ends."""
    public_holidays: Annotated[str, AfterValidator(_check_region)] | None = None
    """Closed on the public holidays of a country such as `PL`, or of a part of one such as `DE-BY`."""
    exceptions: Annotated[tuple[DayException, ...], Field(max_length=400)] = ()
    closed_ranges: Annotated[tuple[ClosedRange, ...], Field(max_length=100)] = ()
    minimum_notice_minutes: Annotated[int, Field(ge=0, le=90 * 24 * 60)] = 120
    minimum_notice_open_minutes: Annotated[int, Field(ge=0, le=90 * 24 * 60)] = 0
    """Notice that counts only while the business is open; a visit needs both kinds of notice."""
    horizon_days: Annotated[int, Field(ge=1, le=366)] = 60
    change_deadline_hours: Annotated[int, Field(ge=0, le=366 * 24)] = 0
    """How long before the start of a visit its visitor can cancel or move it for the last time; until the start by
    default."""
    cancellation_fee: TranslatedLine | None = None
    """What a visitor pays who cancels too late or does not come, as visitors read it, such as `half of the price`."""
    calendar_id: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    busy_calendars: Annotated[tuple[BusyCalendarSource, ...], Field(max_length=10)] = ()
    """Further calendars that are only read: their events make every resource busy."""
    allowed_origins: tuple[str, ...] = ()
    allow_missing_origin: bool = False
    country: Annotated[str, AfterValidator(check_country)] | None = None
    """The country whose telephone numbers may be written without +; the time zone's country where none is given."""
    address: TranslatedLine | None = None
    """Where visits take place; visitors see it in the widget, in e-mails and in their calendars."""
    phone: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(check_phone)] | None = None
    """The number that visitors may call; shown where the address is."""
    page_url: Annotated[str, AfterValidator(check_page_url)] | None = None
    """The page with the widget that the links in e-mails open; the first allowed origin where none is given."""
    quiet_hours: QuietHours | None = None
    """When no reminders are sent, such as `21:00-08:00`, in the business's time zone."""
    reminder_hours_before: Annotated[
        tuple[Annotated[int, Field(ge=1, le=MAX_REMINDER_HOURS)], ...],
        Field(max_length=5),
        AfterValidator(_check_reminder_hours),
    ] = (24, 2)
    """How many hours before a visit its visitor is reminded; none if it is empty."""
    senders: Senders = Senders()
    disclosure: Annotated[Translated, Field(default_factory=_build_default_disclosure)]
    model: Model = Model()
    limits: TenantLimits = TenantLimits()

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        ids = [service.id for service in self.services]
        if len(set(ids)) != len(ids):
            raise ValueError("two services have the same id")
        dates = [exception.date for exception in self.exceptions]
        if len(set(dates)) != len(dates):
            raise ValueError("two exceptions are for the same date")
        resources = [resource.id for resource in self.resources]
        if len(set(resources)) != len(resources):
            raise ValueError("two resources have the same id")
        for service in self.services:
            if unknown := sorted(set(service.resources) - set(resources)):
                raise ValueError(
                    f"service {service.id!r} names the resource {unknown[0]!r}, which is not in `resources`"
                )
        return self

    @property
    def email(self) -> str | None:
        """Return the address that visitors may write to."""
        return self.senders.email

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of opening hours and local times."""
        return ZoneInfo(self.time_zone)

    @property
    def region(self) -> str | None:
        """Return the country of telephone numbers without +, as ISO 3166-1 alpha-2; None if unknown."""
        return self.country or find_country_of_zone(self.time_zone)

    @property
    def email_link_page_url(self) -> str | None:
        """Return the URL of the page that links in e-mails open; None where there is no page, and so no links."""
        return self.page_url or find_page_url(self.allowed_origins)

    def compute_change_end(self, start: datetime) -> datetime:
        """Return the instant from which the visitor of a visit with this start can neither cancel nor move it."""
        return start - timedelta(hours=self.change_deadline_hours)

    def compute_last_date(self, now: datetime) -> date:
        """Return the last of the business's dates on which a visit can be booked by now."""
        return now.astimezone(self.zone).date() + timedelta(days=self.horizon_days)

    @property
    def has_visits_over_midnight(self) -> bool:
        """Return whether a visit may end on the date after its start."""
        weeks = (self.opening_hours.list_periods(weekday) for weekday in range(7))
        periods = itertools.chain(*weeks, *(exception.hours for exception in self.exceptions))
        return self.merge_adjoining_periods or any(period.closes > _DAY_MINUTES for period in periods)

    def find_service(self, service_id: str) -> Service | None:
        """Return the service with this id, in upper or lower case."""
        normal_id = service_id.strip().lower()
        return next((service for service in self.services if service.id == normal_id), None)

    def list_lanes(self, service: Service) -> tuple[str, ...]:
        """Return the lanes that can take a visit of the service."""
        if not self.resources:
            return (DEFAULT_RESOURCE,)
        resource_ids = service.resources or tuple(resource.id for resource in self.resources)
        return tuple(lane for resource in self.resources if resource.id in resource_ids for lane in resource.lanes)

    @property
    def all_lanes(self) -> frozenset[str]:
        """Return every lane that the business has."""
        if not self.resources:
            return frozenset({DEFAULT_RESOURCE})
        return frozenset(lane for resource in self.resources for lane in resource.lanes)

    def find_current_lanes(self, name: str) -> tuple[str, ...]:
        """Return the lanes that a visit stored with this lane occupies now; all of a resource with fewer seats now.

        Returns none if the resource was removed, or if the profile had no resources and now has some.
        """
        if name in self.all_lanes:
            return (name,)
        resource_id, number = parse_lane(name)
        lanes = next((resource.lanes for resource in self.resources if resource.id == resource_id), ())
        # `room` became `room/1`, and `room/1` may have become `room`; for `room/3` the lane is unknown.
        return lanes[:1] if number == 1 else lanes

    @property
    def calendars(self) -> Mapping[str, tuple[str, ...]]:
        """Return each calendar with the lanes that only it blocks; the business's own comes first, without lanes."""
        lanes_by_calendar: dict[str, tuple[str, ...]] = {self.calendar_id: ()}
        for resource in self.resources:
            if resource.calendar_id and resource.calendar_id != self.calendar_id:
                lanes_by_calendar[resource.calendar_id] = (
                    lanes_by_calendar.get(resource.calendar_id, ()) + resource.lanes
                )
        return lanes_by_calendar

    @property
    def all_busy_calendars(self) -> Mapping[BusyCalendarSource, tuple[str, ...]]:
        """Return each calendar that is only read, with the lanes that only it blocks; none for the whole business."""
        sources: dict[BusyCalendarSource, tuple[str, ...]] = {}
        for resource in self.resources:
            for source in resource.busy_calendars:
                sources[source] = sources.get(source, ()) + resource.lanes
        return sources | dict.fromkeys(self.busy_calendars, ())

    def find_own_hours(self, lane: str) -> Resource | None:
        """Return the resource of a lane if it has hours of its own; None if it has those of the business."""
        resource_id, _ = parse_lane(lane)
        return next((one for one in self.resources if one.id == resource_id and one.has_own_hours), None)

    def get_calendar_id(self, lane: str) -> str:
        """Return the calendar that gets the events of a lane's visits."""
        resource_id, _ = parse_lane(lane)
        calendar_id = next((resource.calendar_id for resource in self.resources if resource.id == resource_id), None)
        return calendar_id or self.calendar_id

    def is_open(self, at: datetime) -> bool:
        """Return whether the business is open at an instant."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, yesterday = local.date(), local.date() - timedelta(days=1)
        return any(
            period.opens <= each < period.closes
            for day, each in ((today, minute), (yesterday, minute + _DAY_MINUTES))
            for period in self.list_open_periods(day)
        )

    def list_open_periods(self, day: date, resource: Resource | None = None) -> tuple[OpenPeriod, ...]:
        """Return the opening hours of a date, or the hours in which a resource takes visits while it is open."""
        return next(self.list_day_rules(day, resource)).hours

    def list_day_rules(self, day: date, resource: Resource | None = None) -> Iterator[DayRule]:
        """Yield what determines the hours of a date; the first rule applies, and without it the next one would.

        An exception comes first, then what closes the date, then the weekday. A resource without a week of its own has
        the hours of the business.
        """
        rules = resource or self
        for exception in rules.exceptions:
            if exception.date == day:
                yield DayRule("exception", exception.hours)
        if any(closed.includes(day) for closed in rules.closed_ranges):
            yield DayRule("closed_range", ())
        if rules.opening_hours is None:
            yield from self.list_day_rules(day)
            return
        if rules is self and self.public_holidays and is_public_holiday(self.public_holidays, day):
            yield DayRule("public_holiday", ())
        yield DayRule("weekday", rules.opening_hours.list_periods(day.weekday()))
