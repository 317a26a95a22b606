"""Workers crash at every step, messages are delivered twice, dead letters replayed twice: effects happen once."""

from collections import Counter
from dataclasses import replace

import pytest

from shared.claims import Claim, Done
from shared.conversations.replies import Replies
from shared.email_links import Links
from shared.errors import PermanentError, TransientError
from tests.fakes.crashing_port import CrashError, CrashingPort, CrashPlan
from tests.fakes.notices import FakeAlerts, FakeEmailTemplates, FakeMailer, FakeSmsSender, FakeTextMessageTemplates
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.fakes.visit_changes import FakeVisitChanges
from tests.unit.workers.booking.handler.conftest import KEY, LEASE, TUESDAY_TEN, World
from workers.booking.domain.values import AppointmentState
from workers.booking.handler import BookingHandler
from workers.notifications.handler import NotificationHandler, NotificationPorts

LATER = "2026-01-14T14:00"

SHORT_STRIDE = 3
"""The short form crashes at every third step: the paths share most steps, so each kind of step is still met."""


class MortalWorld(World):
    """The business of the other tests, with both workers crashing at a given step."""

    def __init__(self, profile, now, *, crash_plan):
        super().__init__(profile, now)
        self.mailer = FakeMailer()
        self.appointment_id = None
        wrap_port = {
            name: CrashingPort(getattr(self, name), crash_plan)
            for name in ("appointments", "calendar", "notices", "commands", "schedules", "tenants")
        }
        claims = CrashingPort(self.claims, crash_plan)
        replies = Replies(
            conversations=CrashingPort(self.conversations, crash_plan),
            connections=CrashingPort(self.connections, crash_plan),
            poster=CrashingPort(self.poster, crash_plan),
        )
        self.ports = replace(self.ports, **wrap_port)
        self.handler = BookingHandler(ports=self.ports, replies=replies, claims=claims)
        notice_ports = NotificationPorts(
            email_templates=FakeEmailTemplates(),
            mailer=CrashingPort(self.mailer, crash_plan),
            text_message_templates=FakeTextMessageTemplates(),
            sms_sender=CrashingPort(FakeSmsSender(), crash_plan),
            alerts=CrashingPort(FakeAlerts(), crash_plan),
            suppressions=CrashingPort(FakeSuppressions(), crash_plan),
            send_rate_limiter=CrashingPort(FakeSendRateLimiter(), crash_plan),
            contact_rate_limiter=CrashingPort(FakeSendRateLimiter(), crash_plan),
            daily_rate_limiter=CrashingPort(FakeSendRateLimiter(), crash_plan),
            sms_budgets=FakeTextMessageBudgets(),
            visit_changes=CrashingPort(FakeVisitChanges(), crash_plan),
            tenants=self.tenants,
            metrics=self.metrics,
            clock=self.clock,
            code_key=KEY,
            links=Links(KEY),
        )
        self.notifier = NotificationHandler(ports=notice_ports, claims=claims)
        self.dead = []
        self.notice_ids = set()

    async def deliver(self, handler, command):
        """Deliver a message until a worker survives it, and then once more."""
        for _ in range(2):
            while True:
                try:
                    await self._delivered(handler, command)
                    break
                except CrashError:
                    # The crash is noticed only when the lease expires.
                    self.clock.advance(LEASE * 1.1)

    async def _delivered(self, handler, command):
        fingerprint = command.model_dump_json(exclude={"replay"})
        claim = await self.claims.claim(command.claim_key, fingerprint=fingerprint, lease=LEASE)
        if isinstance(claim, Done):
            await handler.repeat_outcome(command, claim.outcome_seq)
            return
        assert isinstance(claim, Claim)
        try:
            await handler.handle(command, claim)
        except PermanentError as error:
            if command not in self.dead:
                self.dead.append(command)
            await handler.give_up(command, claim, error.reason)

    async def visit(self, kind, **data):
        """Deliver a visitor's command, and everything that it queues."""
        await self.deliver(self.handler, self.command(kind, **data))
        await self.follow_up()

    async def follow_up(self):
        """Deliver all internal commands and notices that are queued by now."""
        for command in self.commands.drain():
            await self.deliver(self.handler, command)
        await self.notify()

    async def notify(self):
        """Deliver all notices that are queued by now."""
        for notice in self.notices.delivered:
            if notice.id not in self.notice_ids:
                self.notice_ids.add(notice.id)
                await self.deliver(self.notifier, notice)


async def book(world, *, broken="", moved=False, cancelled=False, unplanned=False):
    """Run a visit from request to end, with a calendar that is read-only until the dead letters are replayed."""
    create = world.create_command(TUESDAY_TEN)
    await world.deliver(world.handler, create)
    await world.notify()
    world.appointment_id = next(iter(world.appointments.rows))[0]
    if unplanned:
        world.schedules.errors.append(TransientError("scheduler"))
    if broken == "verify":
        world.calendar.read_only.add("calendar")
    await world.visit("verify", appointment_id=world.appointment_id, code=world.code(world.appointment_id))
    if broken == "cancel":
        world.calendar.read_only.add("calendar")
    if moved:
        await world.visit("reschedule", appointment_id=world.appointment_id, start=LATER)
    if cancelled:
        await world.visit("cancel", appointment_id=world.appointment_id)
    world.calendar.read_only.clear()
    for dead in list(world.dead):
        for number in (1, 2):
            await world.deliver(world.handler, dead.model_copy(update={"replay": number}))
            await world.follow_up()
    return world


PATHS = {
    "booked": ({}, AppointmentState.CONFIRMED, ["code", "confirmed"]),
    "replayed": ({"broken": "verify"}, AppointmentState.CONFIRMED, ["alert", "code", "confirmed"]),
    "unplanned": ({"unplanned": True}, AppointmentState.CONFIRMED, ["code", "confirmed"]),
    "moved": ({"moved": True}, AppointmentState.CONFIRMED, ["code", "confirmed", "rescheduled"]),
    "cancelled and replayed": (
        {"broken": "cancel", "cancelled": True},
        AppointmentState.CANCELLED,
        ["alert", "cancelled", "code", "confirmed"],
    ),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("every", [SHORT_STRIDE, pytest.param(1, marks=pytest.mark.soak)], ids=["short", "all"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_crash_at_any_step_leaves_one_of_each_effect(make_profile, accepted_at, path, every):
    """One appointment, one event, one of each notice, one outcome for each command, whatever the step."""
    profile = make_profile(senders={"email": "salon@example.com"})
    steps, state, notices = PATHS[path]
    whole = CrashPlan()
    await book(MortalWorld(profile, accepted_at, crash_plan=whole), **steps)
    assert whole.points > 60
    for moment in range(0, whole.points, every):
        crash_plan = CrashPlan(moment)
        world = await book(MortalWorld(profile, accepted_at, crash_plan=crash_plan), **steps)
        assert crash_plan.crashed_at
        check(world, state, notices, crash_plan.crashed_at)


def check(world, state, notices, crashed_at):
    """Check everything that one run leaves behind."""
    [appointment] = world.appointments.rows.values()
    assert appointment.state is state, crashed_at
    standing = state is AppointmentState.CONFIRMED
    assert len(world.events) == standing, crashed_at
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == (
        {appointment.appointment_id} if standing else set()
    )
    if standing:
        assert (world.events[0].start, world.events[0].end) == (appointment.start, appointment.end), crashed_at
        assert {bucket.hold_until for bucket in world.appointments.buckets.values()} == {None}, crashed_at
    reminders = [
        planned.command.data.hours_before
        for planned in world.schedules.planned.values()
        if planned.command.data.start == appointment.start
    ]
    assert sorted(reminders) == ([2, 24] if standing else []), crashed_at
    notice_types = {notice.type.removeprefix("notice."): notice.id for notice in world.notices.put_in_all}
    assert sorted(notice_types) == notices, crashed_at
    assert len({notice.id for notice in world.notices.put_in_all}) == len(notices), crashed_at
    emails = Counter(email.notice_id for email in world.mailer.sent)
    mailed = {notice_types[kind] for kind in notices if kind != "alert"}
    assert set(emails) == mailed, crashed_at
    # A crash between the provider's answer and our record repeats a notice, with identical content.
    repeated = crashed_at == "after FakeMailer.send" or crashed_at.endswith("FakeClaims.complete")
    assert max(emails.values()) <= 1 + repeated, crashed_at
    for email in world.mailer.sent:
        assert email == next(first for first in world.mailer.sent if first.notice_id == email.notice_id)
    ends = [frame.re for frame in world.conversations.list_frames("session")]
    replays = Counter(command.client_id for command in world.dead)
    assert all(count == 1 + 2 * replays[client_id] for client_id, count in Counter(ends).items()), crashed_at
