"""What the desk reads through the facade: booking's own rules answer, and nothing is changed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.errors import ConfigurationError, PermanentError, TransientError
from tests.unit.workers.booking.handler.conftest import CONTACT, TENANT, World, replayed
from workers.booking.domain.contact import Channels
from workers.booking.domain.values import Interval
from workers.booking.facade import ANY_EMAIL, BookingFacade, ContactRules

NINE = datetime(2026, 1, 13, 8, tzinfo=UTC)
"""Nine o'clock in Warsaw, when the business opens."""


@pytest.fixture
def world(make_profile, accepted_at):
    return World(make_profile(senders={"email": "salon@example.com"}), accepted_at)


@pytest.fixture
def facade(world):
    return facade_of(world)


def facade_of(world, *, error=None):
    """Return the facade of a business; with an error its ports can't be opened."""

    async def open_ports():
        if error:
            raise error
        return world.ports

    return BookingFacade(appointments=world.appointments, open_ports=open_ports)


async def test_a_forecast_uses_the_given_instant(world, facade):
    """The ports' clock does not count: one instant applies to the whole case."""
    command = replayed(world.create_command())
    assert (await facade.forecast(command, world.clock.now())).kind == "free"
    assert (await facade.forecast(command, world.clock.now() + timedelta(days=2))).kind == "too_old"
    assert world.frames() == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("the secret CodeKey can't be read"), "not_allowed_to_look"),
        (TransientError("secrets.get", reason="secrets_busy"), "secrets_busy"),
    ],
)
async def test_unreadable_settings_leave_a_forecast_unknown(world, error, code):
    """The desk still shows the failure."""
    forecast = await facade_of(world, error=error).forecast(replayed(world.create_command()), world.clock.now())
    assert (forecast.kind, forecast.code) == ("unknown", code)


async def test_free_times_are_those_that_a_visitor_is_offered(world, facade):
    """A held time is not among them."""
    await world.held("2026-01-13T10:00")
    offers = await facade.find_free_times(TENANT, "massage", first=date(2026, 1, 13), days=1, now=world.clock.now())
    frame = await world.ask("slots", service="massage", **{"from": "2026-01-13"}, days=1)
    assert [offer.start for offer in offers] == [
        datetime.fromisoformat(slot["start"]).astimezone(UTC) for slot in frame["data"]["slots"]
    ]
    assert offers[0].start == NINE
    assert NINE + timedelta(hours=1) not in [offer.start for offer in offers]


async def test_no_times_are_free_in_the_past(world, facade):
    """The calendar does not matter."""
    assert await facade.find_free_times(TENANT, "massage", first=date(2025, 1, 1), days=1, now=world.clock.now()) == []


async def test_visits_of_a_day_are_sorted(world, facade):
    """Visits of other days and expired holds are not included."""
    late = await world.held("2026-01-13T15:00", session="eva", contact="eva@example.com")
    early = await world.held("2026-01-13T11:00", session="iga", contact="iga@example.com")
    await world.held("2026-01-14T11:00", session="bea", contact="bea@example.com")
    day = datetime(2026, 1, 12, 23, tzinfo=UTC)
    visits = await facade.list_visits(TENANT, day, day + timedelta(days=1), now=world.clock.now())
    assert [visit.appointment_id for visit in visits] == [early, late]
    assert (
        await facade.list_visits(TENANT, day, day + timedelta(days=1), now=world.clock.now() + timedelta(hours=1)) == []
    )


async def test_a_visit_of_any_session_is_found(world, facade):
    """The desk knows its id, not its session."""
    appointment_id = await world.held()
    visit = await facade.find_visit(appointment_id)
    assert visit is not None
    assert visit.contact.address == CONTACT
    assert await facade.find_visit("0" * 32) is None


async def test_appointments_need_no_ports(world):
    """An operator without access to booking's secrets still sees today's visits."""
    appointment_id = await world.held()
    facade = facade_of(world, error=ConfigurationError("no secret"))
    assert await facade.find_visit(appointment_id) is not None


async def test_channels_and_country_are_those_of_booking(world, facade):
    """The installation's channels and the business's country apply."""
    assert await facade.read_contact_rules(TENANT) == ContactRules(
        Channels(email=True, sms=False, sms_countries=frozenset()), region="PL"
    )


async def test_an_unknown_business_has_no_rules(facade):
    """There are no default rules."""
    with pytest.raises(PermanentError, match="nobody"):
        await facade.read_contact_rules("nobody")


async def test_a_missing_permission_is_named(world):
    """The error names the permission."""
    facade = facade_of(world, error=ConfigurationError("the secret CodeKey can't be read"))
    with pytest.raises(PermanentError, match="CodeKey"):
        await facade.read_contact_rules(TENANT)


async def test_a_read_only_calendar_is_not_writable(world, facade):
    """A calendar that is shared read-only is distinguished from one that is not shared."""
    now = world.clock.now()
    assert await facade.is_calendar_writable("calendar", now)
    world.calendar.read_only.add("calendar")
    assert not await facade.is_calendar_writable("calendar", now)
    with pytest.raises(PermanentError):
        await facade.is_calendar_writable("another", now)


@pytest.mark.parametrize(("text", "found"), [("Jan@Example.COM", "Jan@example.com"), ("+48600700800", None)])
def test_an_address_is_normalized_as_booking_stores_it(text, found):
    """So the desk finds it in the suppression list."""
    contact = ANY_EMAIL.parse(text)
    assert (contact.address if contact else None) == found


async def test_an_explanation_names_what_occupies_a_time(world, facade):
    """A visit, a hold or an entry of a calendar, with its time; an offered time has none."""
    confirmed = await world.confirmed("2026-01-13T10:00", service="massage", session="another")
    held = await world.held("2026-01-13T14:00", service="consultation", session="third")
    world.calendar.block(Interval(NINE + timedelta(hours=7), NINE + timedelta(hours=7.5)))

    async def explain(wall):
        explanation = await facade.explain_time(TENANT, "massage", f"2026-01-13T{wall}", now=world.clock.now())
        occupied_by = [(one.kind, one.id, f"{one.start:%H:%M}-{one.end:%H:%M}") for one in explanation.occupied_by]
        return [block.rule for block in explanation.blocks], explanation.free_lanes, occupied_by

    assert await explain("11:00") == ([], ("default",), [])
    assert await explain("10:30") == (["occupied"], (), [("visit", confirmed, "10:00-11:00")])
    assert await explain("14:30") == (["occupied"], (), [("hold", held, "13:50-14:50")])
    assert await explain("16:00") == (["occupied"], (), [("calendar", "calendar", "16:00-16:30")])
    assert await explain("13:15") == (["step", "occupied"], (), [("hold", held, "13:50-14:50")])
    world.clock.advance(timedelta(hours=1))
    assert await explain("14:30") == ([], ("default",), [])


async def test_an_explanation_says_which_resources_are_occupied(make_profile, accepted_at):
    """Only those that would take the visit otherwise."""
    tom = {"id": "tom", "opening_hours": {"tuesday": ["14:00-17:00"]}}
    senders = {"email": "salon@example.com"}
    world = World(make_profile(resources=[{"id": "anna"}, tom], senders=senders), accepted_at)
    await world.confirmed("2026-01-13T10:00", service="massage")
    world.calendar.block(Interval(NINE + timedelta(hours=7), NINE + timedelta(hours=8)))

    for wall, rules, lanes, kinds in (
        ("10:00", ["occupied"], (), [("visit", "anna")]),
        ("11:00", [], ("anna",), []),
        ("14:00", [], ("anna", "tom"), []),
        ("16:00", ["occupied"], (), [("calendar", "")]),
    ):
        explanation = await facade_of(world).explain_time(TENANT, "massage", f"2026-01-13T{wall}", now=accepted_at)
        assert [block.rule for block in explanation.blocks] == rules
        assert explanation.free_lanes == lanes
        assert [(one.kind, one.lane) for one in explanation.occupied_by] == kinds


@pytest.mark.parametrize(
    ("service", "start", "problem"),
    [
        ("haircut", "2026-01-13T10:00", "unknown_service"),
        ("massage", "tomorrow", "invalid_time"),
        ("massage", "2026-03-29T02:30", "skipped_time"),
    ],
)
async def test_what_is_no_time_of_a_service_is_not_explained(world, facade, service, start, problem):
    """The clocks skip half past two on the last Sunday of March."""
    assert await facade.explain_time(TENANT, service, start, now=world.clock.now()) == problem
