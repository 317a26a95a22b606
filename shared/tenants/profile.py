"""The profile of a tenant, checked field by field."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.languages.available import SHARED, languages
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.tenants.country import check_country, country_of_zone
from shared.tenants.opening_hours import DayException, OpeningHours, OpenPeriod
from shared.tenants.page import first_page, page_address
from shared.tenants.public_holidays import is_known_region, is_public_holiday
from shared.tenants.quiet_hours import QuietHours
from shared.tenants.section import Section, Translated
from shared.tenants.services import DEFAULT_RESOURCE, Resource, Service, parse_lane

TENANT_ID = re.compile(r"[a-z0-9-]{3,40}", re.ASCII)
"""What a tenant may be called: the folder's name, which stands in addresses and keys."""


_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[^\s@<>(),;:\\\"\[\]]{1,180}\.[^\s@<>(),;:\\\"\[\]]{2,}")


def _one_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text) or "=?" in text:
        raise ValueError(f"{text!r} is not one e-mail address such as visits@example.com, without a name around it")
    return text


class Senders(Section):
    """Who our messages come from; a channel without a sender is off."""

    email: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_one_address)] | None = None
    """Where visitors' answers to our letters go."""


class Model(Section):
    """The assistant's model; the deployment's default where nothing is said."""

    id: str | None = None
    max_output_tokens: Annotated[int, Field(ge=64, le=4096)] = 800


class TenantLimits(Section):
    """What the assistant may cost a day, and how long a visitor's message may be."""

    daily_output_tokens: Annotated[int, Field(gt=0)] = 500_000
    chat_characters: Annotated[int, Field(gt=0, le=MAX_CHAT_CHARACTERS)] = MAX_CHAT_CHARACTERS


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Warsaw") from None
    return name


def _known_region(name: str) -> str:
    if not is_known_region(name):
        raise ValueError(
            f"{name!r} is not a country such as PL, or a part of one such as DE-BY, whose holidays we know"
        )
    return name


def _spoken_language(tag: str) -> str:
    if tag not in languages():
        raise ValueError(f"{tag!r} is not a language that is spoken here: {', '.join(languages())}")
    return tag


def _disclosure() -> Translated:
    return Translated({tag: SHARED.texts(tag)("disclosure") for tag in languages()})


class TenantProfile(Section):
    """Everything about a business that its owner decides."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    locale: Annotated[str, AfterValidator(_spoken_language)] = "pl"
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=50)]
    resources: Annotated[tuple[Resource, ...], Field(max_length=50)] = ()
    max_visits_per_day: Annotated[int, Field(ge=1, le=1000)] | None = None
    opening_hours: OpeningHours
    public_holidays: Annotated[str, AfterValidator(_known_region)] | None = None
    """Closed on the public holidays of a country such as `PL`, or of a part of one such as `DE-BY`."""
    exceptions: Annotated[tuple[DayException, ...], Field(max_length=400)] = ()
    minimum_notice_minutes: Annotated[int, Field(ge=0, le=90 * 24 * 60)] = 120
    horizon_days: Annotated[int, Field(ge=1, le=366)] = 60
    calendar_id: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    allowed_origins: tuple[str, ...] = ()
    allow_missing_origin: bool = False
    country: Annotated[str, AfterValidator(check_country)] | None = None
    """Whose telephone numbers may be written without +; the time zone's country where none is given."""
    page_url: Annotated[str, AfterValidator(page_address)] | None = None
    """The page that the links in letters open, with the widget on it; the first allowed origin where none is given."""
    quiet_hours: QuietHours | None = None
    """When nobody is reminded, such as `21:00-08:00`, on the wall clock of the time zone."""
    senders: Senders = Senders()
    disclosure: Annotated[Translated, Field(default_factory=_disclosure)]
    model: Model = Model()
    limits: TenantLimits = TenantLimits()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
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
    def zone(self) -> ZoneInfo:
        """Return the zone that opening hours and local times are meant in."""
        return ZoneInfo(self.time_zone)

    @property
    def region(self) -> str | None:
        """Return the country that numbers without + are dialled in, as ISO 3166-1 alpha-2; None if unknown."""
        return self.country or country_of_zone(self.time_zone)

    @property
    def page(self) -> str | None:
        """Return where the links in letters lead; None where there is no such page, and so no links."""
        return self.page_url or first_page(self.allowed_origins)

    def service(self, service_id: str) -> Service | None:
        """Return the service with this id, whatever its letters' case."""
        wanted = service_id.strip().lower()
        return next((service for service in self.services if service.id == wanted), None)

    def lanes_of(self, service: Service) -> tuple[str, ...]:
        """Return what can take a visit of the service, each one visit at a time."""
        if not self.resources:
            return (DEFAULT_RESOURCE,)
        able = service.resources or tuple(resource.id for resource in self.resources)
        return tuple(lane for resource in self.resources if resource.id in able for lane in resource.lanes)

    @property
    def all_lanes(self) -> frozenset[str]:
        """Return every lane that the business has."""
        if not self.resources:
            return frozenset({DEFAULT_RESOURCE})
        return frozenset(lane for resource in self.resources for lane in resource.lanes)

    def lanes_named(self, name: str) -> tuple[str, ...]:
        """Return the lanes that a visit of this lane needs now; all of a resource whose seats are fewer by now.

        None at all where the resource is gone, or where there were none and now there are.
        """
        if name in self.all_lanes:
            return (name,)
        resource_id, seat = parse_lane(name)
        lanes = next((resource.lanes for resource in self.resources if resource.id == resource_id), ())
        # `room` has become `room/1`, and `room/1` may have become `room`; of `room/3` nobody knows.
        return lanes[:1] if seat == 1 else lanes

    @property
    def calendars(self) -> Mapping[str, tuple[str, ...]]:
        """Return each calendar with the lanes that it alone keeps busy; the business's own, first, names none."""
        own: dict[str, tuple[str, ...]] = {self.calendar_id: ()}
        for resource in self.resources:
            if resource.calendar_id and resource.calendar_id != self.calendar_id:
                own[resource.calendar_id] = own.get(resource.calendar_id, ()) + resource.lanes
        return own

    def calendar_of(self, lane: str) -> str:
        """Return the calendar that visits of a lane are entered into."""
        resource_id, _ = parse_lane(lane)
        own = next((resource.calendar_id for resource in self.resources if resource.id == resource_id), None)
        return own or self.calendar_id

    def hours_on(self, day: date) -> tuple[OpenPeriod, ...]:
        """Return the opening hours of a date: an exception first, then a public holiday, then the weekday."""
        for exception in self.exceptions:
            if exception.date == day:
                return exception.hours
        if self.public_holidays and is_public_holiday(self.public_holidays, day):
            return ()
        return self.opening_hours.on(day.weekday())
