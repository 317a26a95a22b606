"""Workers crash at every step, messages are delivered twice, dead letters replayed twice: effects happen once."""

from collections import Counter
from dataclasses import replace

import pytest

from shared.claims import Claim, Done
from shared.conversations.replies import Replies
from shared.errors import PermanentError, TransientError
from shared.links import Links
from tests.fakes.mortal import DiedError, Fate, Mortal
from tests.fakes.notices import FakeAlerts, FakeEmailTemplates, FakeMailer, FakeSmsSender, FakeTextMessageTemplates
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.visit_changes import FakeVisitChanges
from tests.unit.workers.booking.handler.conftest import KEY, LEASE, TUESDAY_TEN, World
from workers.booking.domain.values import AppointmentState
from workers.booking.handler import BookingHandler
from workers.notifications.handler import NotificationHandler, NotificationPorts

REVOKED = PermanentError("calendar_access_revoked", "the key is refused")
LATER = "2026-01-14T14:00"


class MortalWorld(World):
    """The business of the other tests, with both workers crashing at a given step."""

    def __init__(self, profile, now, *, fate):
        super().__init__(profile, now)
        self.mailer = FakeMailer()
        self.appointment_id = None
        mortal = {
            name: Mortal(getattr(self, name), fate)
            for name in ("appointments", "calendar", "notices", "commands", "schedules", "tenants")
        }
        claims = Mortal(self.claims, fate)
        replies = Replies(
            conversations=Mortal(self.conversations, fate),
            connections=Mortal(self.connections, fate),
            poster=Mortal(self.poster, fate),
        )
        self.ports = replace(self.ports, **mortal)
        self.handler = BookingHandler(ports=self.ports, replies=replies, claims=claims)
        notice_ports = NotificationPorts(
            email_templates=FakeEmailTemplates(),
            mailer=Mortal(self.mailer, fate),
            text_message_templates=FakeTextMessageTemplates(),
            sms_sender=Mortal(FakeSmsSender(), fate),
            alerts=Mortal(FakeAlerts(), fate),
            suppressions=Mortal(FakeSuppressions(), fate),
            send_rate_limiter=Mortal(FakeSendRateLimiter(), fate),
            visit_changes=Mortal(FakeVisitChanges(), fate),
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
                except DiedError:
                    # The crash is noticed only when the lease expires.
                    self.clock.turn(LEASE * 1.1)

    async def _delivered(self, handler, command):
        fingerprint = command.model_dump_json(exclude={"replay"})
        claim = await self.claims.claim(command.claim_key, fingerprint=fingerprint, lease=LEASE)
        if isinstance(claim, Done):
            await handler.repeat(command, claim.outcome_seq)
            return
        assert isinstance(claim, Claim)
        try:
            await handler.handle(command, claim)
        except PermanentError as error:
            if command not in self.dead:
                self.dead.append(command)
            await handler.give_up(command, claim, error.reason)

    async def notify(self):
        """Deliver all notices that are queued by now."""
        for notice in self.notices.delivered:
            if notice.id not in self.notice_ids:
                self.notice_ids.add(notice.id)
                await self.deliver(self.notifier, notice)


async def book(world, *, broken=False, moved=False, cancelled=False, unplanned=False):
    """Run a visit from request to end, with a calendar that is unusable until the dead letters are replayed."""
    create = world.create_command(TUESDAY_TEN)
    await world.deliver(world.handler, create)
    await world.notify()
    world.appointment_id = next(iter(world.appointments.rows))[0]
    verify = world.command("verify", appointment_id=world.appointment_id, code=world.code(world.appointment_id))
    if broken:
        world.calendar.outage = REVOKED
    if unplanned:
        world.schedules.errors.append(TransientError("scheduler"))
    await world.deliver(world.handler, verify)
    for command in world.commands.drain():
        await world.deliver(world.handler, command)
    await world.notify()
    if moved:
        await world.deliver(
            world.handler, world.command("reschedule", appointment_id=world.appointment_id, start=LATER)
        )
        await world.notify()
    if cancelled:
        await world.deliver(world.handler, world.command("cancel", appointment_id=world.appointment_id))
        await world.notify()
    world.calendar.outage = None
    for dead in list(world.dead):
        for number in (1, 2):
            await world.deliver(world.handler, dead.model_copy(update={"replay": number}))
            await world.notify()
    return world


PATHS = {
    "booked": ({}, AppointmentState.CONFIRMED, ["code", "confirmed"]),
    "replayed": ({"broken": True}, AppointmentState.CONFIRMED, ["alert", "code", "confirmed"]),
    "unplanned": ({"unplanned": True}, AppointmentState.CONFIRMED, ["code", "confirmed"]),
    "moved": ({"moved": True}, AppointmentState.CONFIRMED, ["code", "confirmed", "rescheduled"]),
    "cancelled": ({"cancelled": True}, AppointmentState.CANCELLED, ["cancelled", "code", "confirmed"]),
}


@pytest.mark.parametrize("path", PATHS)
async def test_a_crash_at_any_step_leaves_one_of_each_effect(make_profile, accepted_at, path):
    """One appointment, one event, one of each notice, one outcome for each command, whatever the step."""
    profile = make_profile(senders={"email": "salon@example.com"})
    steps, state, notices = PATHS[path]
    whole = Fate()
    await book(MortalWorld(profile, accepted_at, fate=whole), **steps)
    assert whole.moments > 60
    for moment in range(whole.moments):
        fate = Fate(moment)
        world = await book(MortalWorld(profile, accepted_at, fate=fate), **steps)
        assert fate.died_in
        check(world, state, notices, fate.died_in)


def check(world, state, notices, died_in):
    """Check everything that one run leaves behind."""
    [appointment] = world.appointments.rows.values()
    assert appointment.state is state, died_in
    standing = state is AppointmentState.CONFIRMED
    assert len(world.events) == standing, died_in
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == (
        {appointment.appointment_id} if standing else set()
    )
    if standing:
        assert (world.events[0].start, world.events[0].end) == (appointment.start, appointment.end), died_in
        assert {bucket.hold_until for bucket in world.appointments.buckets.values()} == {None}, died_in
    reminders = [
        planned.command.data.hours_before
        for planned in world.schedules.planned.values()
        if planned.command.data.start == appointment.start
    ]
    assert sorted(reminders) == ([2, 24] if standing else []), died_in
    notice_types = {notice.type.removeprefix("notice."): notice.id for notice in world.notices.put_in_all}
    assert sorted(notice_types) == notices, died_in
    assert len({notice.id for notice in world.notices.put_in_all}) == len(notices), died_in
    emails = Counter(email.notice_id for email in world.mailer.sent)
    mailed = {notice_types[kind] for kind in notices if kind != "alert"}
    assert set(emails) == mailed, died_in
    # A crash between the provider's answer and our record repeats a notice, with identical content.
    repeated = died_in == "after FakeMailer.send" or died_in.endswith("FakeClaims.complete")
    assert max(emails.values()) <= 1 + repeated, died_in
    for email in world.mailer.sent:
        assert email == next(first for first in world.mailer.sent if first.notice_id == email.notice_id)
    ends = [frame.re for frame in world.conversations.of("session")]
    replays = Counter(command.client_id for command in world.dead)
    assert all(count == 1 + 2 * replays[client_id] for client_id, count in Counter(ends).items()), died_in
