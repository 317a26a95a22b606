"""The notifications worker on the emulator's queue, tables and SES: SES throttles, and workers may crash."""

import asyncio
import email
import itertools
import json
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError, ReadTimeoutError

from shared.aws.claims import DynamoClaimStore
from shared.aws.queue_connector import SqsConnector
from shared.aws.suppressions import DynamoSuppressions
from shared.claims import Claim, Done
from shared.clock import SystemClock
from shared.consumer.handler import fingerprint_message
from shared.consumer.queue_description import MessageQueue
from shared.consumer.stop import Stop
from shared.consumer.worker import build_worker
from shared.email_links import Links
from shared.errors import TransientError
from shared.ids import new_id
from shared.messages.notices import NOTICE
from shared.settings import AwsSettings, PoolSettings
from shared.tenants.profile import TenantProfile
from tests.contracts.stores.template import create_queue
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock
from tests.fakes.crashing_port import CrashError, CrashingPort, CrashPlan
from tests.fakes.figures import FakeMetrics
from tests.fakes.tenants import FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.adapters.send_rate import DynamoSendRateLimiter
from workers.notifications.adapters.ses import SesMailer
from workers.notifications.adapters.text_message_templates import JinjaTextMessageTemplates
from workers.notifications.adapters.visit_changes import DynamoVisitChanges
from workers.notifications.handler import NotificationHandler, NotificationPorts

SECRET = b"the secret of these tests"
LEASE = timedelta(seconds=20)
"""Longer than any delay on a busy machine: a lost lease sends an e-mail again, which is another test."""
NOTICE_TYPES = ("confirmed", "cancelled", "rescheduled", "reminder", "code")
CRASH_POINTS = 8
"""Before and after each of the four calls by which a notice is sent."""

PROFILE = TenantProfile.model_validate(
    {
        "name": "Salon",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [{"id": "cut", "name": {"en": "Cut"}, "duration_minutes": 30}],
        "opening_hours": {"monday": ["09:00-17:00"]},
        "senders": {"email": "salon@example.com"},
        "page_url": "https://salon.example/visits",
    }
)


@dataclass
class ScriptedSes:
    """The client of the emulator's SES: at fixed intervals a call is throttled, or its response is lost."""

    client: object
    throttle_every: int | None = None
    lose_every: int | None = None
    calls: int = 0
    throttled: int = 0
    lost: int = 0
    accepted: defaultdict = field(default_factory=lambda: defaultdict(list))
    """The bytes of each message that SES accepted, by Message-ID."""

    async def send_email(self, **arguments):
        self.calls += 1
        call = self.calls
        if self.throttle_every and call % self.throttle_every == 0:
            self.throttled += 1
            answer = {"Error": {"Code": "TooManyRequestsException"}, "ResponseMetadata": {"HTTPStatusCode": 429}}
            raise ClientError(answer, "SendEmail")
        answer = await self.client.send_email(**arguments)
        raw = arguments["Content"]["Raw"]["Data"]
        self.accepted[email.message_from_bytes(raw)["Message-ID"]].append(raw)
        if self.lose_every and call % self.lose_every == 0:
            self.lost += 1
            raise ReadTimeoutError(endpoint_url="https://ses.example")
        return answer


class NotificationsRun:
    """The stores, queues and ports of one run, with addresses and ids of its own."""

    def __init__(self, emulator, clients, *, dynamodb, ses, throttle_every=None, lose_every=None):
        self.run = new_id()[:12]
        self.tenant = f"salon-{self.run}"
        self.emulator, self.clients, self.dynamodb = emulator, clients, dynamodb
        self.ses = ScriptedSes(ses, throttle_every, lose_every)
        self.clock, self.metrics = SystemClock(), FakeMetrics()
        self.throttled_after_crash = 0

    def notices(self, number):
        """Return so many notices to so many addresses, of all types in turn."""
        soon = datetime.now(UTC) + timedelta(days=2)
        return [self._notice(n, NOTICE_TYPES[n % len(NOTICE_TYPES)], soon) for n in range(number)]

    def _notice(self, number, kind, soon):
        extra = {
            "code": {"send_number": 1, "expires_at": soon},
            "reminder": {"hours_before": 24},
        }.get(kind, {"ics": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"})
        return NOTICE.validate_python(
            {
                "id": f"{self.run}-{number}",
                "type": f"notice.{kind}",
                "tenant": self.tenant,
                "session_id": f"session-{number}",
                "locale": "en",
                "accepted_at": soon - timedelta(days=3),
                "data": {
                    "appointment_id": f"{self.run}{number:05}".translate(str.maketrans("wxyz", "0000")),
                    "contact": self.address(number),
                    "service": "cut",
                    "service_name": "Cut",
                    "start": soon,
                    "end": soon + timedelta(minutes=30),
                },
                **extra,
            }
        )

    def address(self, number):
        return f"visitor-{number}@{self.run}.example.com"

    def outbox(self):
        """Return the number of e-mails to each of the run's addresses in the emulator's outbox."""
        url = f"{self.emulator.endpoint_url}/_ministack/ses/messages"
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            caught = json.load(answer)["messages"]
        ours = f"@{self.run}.example.com"
        return Counter(to for account in caught.values() for mail in account for to in mail["To"] if to.endswith(ours))

    def ports(self, clock):
        return NotificationPorts(
            email_templates=JinjaEmailTemplates(),
            mailer=SesMailer(client=self.ses, sender="no-reply@stride.example"),
            text_message_templates=JinjaTextMessageTemplates(),
            sms_sender=None,
            alerts=None,
            suppressions=DynamoSuppressions(client=self.dynamodb, table="SuppressionsTable", secret=SECRET),
            send_rate_limiter=DynamoSendRateLimiter(
                client=self.dynamodb, table="LimitsTable", per_minute=60_000, max_wait=timedelta(hours=1)
            ),
            contact_rate_limiter=DynamoSendRateLimiter(
                client=self.dynamodb, table="LimitsTable", per_minute=60_000, max_wait=timedelta(hours=1)
            ),
            daily_rate_limiter=DynamoSendRateLimiter(
                client=self.dynamodb, table="LimitsTable", per_minute=60_000, max_wait=timedelta(hours=1)
            ),
            visit_changes=DynamoVisitChanges(client=self.dynamodb, table="LimitsTable"),
            sms_budgets=FakeTextMessageBudgets(),
            tenants=FakeTenants({self.tenant: PROFILE}),
            metrics=self.metrics,
            clock=clock,
            code_key=SECRET,
            links=Links(SECRET),
        )

    def claims(self, clock):
        return DynamoClaimStore(client=self.dynamodb, table="ProcessedTable", clock=clock)

    async def deliver_by_pool(self, notices, *, times, timeout_seconds):
        """Send each notice to a standard queue so often, run a pool until all are settled, return the dead letters.

        Each round begins when the one before is done: of two simultaneous deliveries one would wait for a whole lease.
        """
        sqs = self.emulator.client("sqs")
        url = create_queue(sqs, "NotificationsQueue", name=f"notices-{self.run}")
        dead_letter_url = create_queue(sqs, "NotificationsDeadLetters", name=f"notices-{self.run}-dlq")
        settings = PoolSettings(wait_seconds=1, concurrency=40, lease_seconds=round(LEASE.total_seconds()))
        aws = AwsSettings(
            aws_endpoint_url=self.emulator.endpoint_url,
            conversations_table="ConversationsTable",
            connections_table="ConnectionsTable",
            processed_table="ProcessedTable",
            knowledge_bucket="knowledge",
            websocket_endpoint=self.emulator.endpoint_url,
        )
        claims = self.claims(self.clock)
        notices_queue = MessageQueue(
            url=url,
            dead_letter_url=dead_letter_url,
            messages=NOTICE,
            handler=NotificationHandler(ports=self.ports(self.clock), claims=claims),
            max_attempts=10,
            outcomes=None,
            shedding=None,
            visitor=None,
        )
        worker = await build_worker(
            [notices_queue],
            connector=SqsConnector(self.clients, aws=aws, clock=self.clock, settings=settings),
            claims=claims,
            clock=self.clock,
            metrics=self.metrics,
            settings=settings,
        )
        stop = Stop()
        running = asyncio.create_task(worker.pool.run(stop))
        try:
            async with asyncio.timeout(timeout_seconds):
                for _ in range(times):
                    await asyncio.to_thread(self._send, url, [notice.model_dump_json() for notice in notices])
                    while await asyncio.to_thread(self._count_messages, url):
                        await asyncio.sleep(0.2)
        finally:
            stop.request()
            await running
        return self._count_messages(dead_letter_url)

    def _send(self, url, bodies):
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies[start : start + 10])]
            self.emulator.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)

    def _count_messages(self, url):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())

    async def deliver_with_crashes(self, notices):
        """Handle the notices as the worker core does, and crash in eight of 21 attempts; return the crashes by call.

        Each crash is at the next point, before or after a call took effect; the claim stays until its lease ends.
        """
        clock, crashes = FakeClock(datetime.now(UTC)), Counter()
        claims, ports = self.claims(clock), self.ports(clock)
        waiting, crash_points = list(notices), itertools.cycle([*range(CRASH_POINTS), *[None] * 13])
        while waiting:
            ends = await asyncio.gather(
                *(self._handle_once(notice, claims, ports, next(crash_points)) for notice in waiting[:40])
            )
            crashes.update(end for end in ends if isinstance(end, str))
            unfinished = [notice for notice, end in zip(waiting[:40], ends, strict=True) if end is not None]
            waiting = [*waiting[40:], *unfinished]
            clock.advance(LEASE + timedelta(seconds=1))
        return crashes

    async def _handle_once(self, notice, claims, ports, crash_at):
        """Return None if the notice is done, or the point of the crash, or the error."""
        claim = await claims.claim(notice.claim_key, fingerprint=fingerprint_message(notice), lease=LEASE)
        if isinstance(claim, Done):
            return None
        assert isinstance(claim, Claim)
        crash_plan = CrashPlan(crash_at)
        crashing_ports = replace(
            ports,
            mailer=CrashingPort(ports.mailer, crash_plan),
            suppressions=CrashingPort(ports.suppressions, crash_plan),
            send_rate_limiter=CrashingPort(ports.send_rate_limiter, crash_plan),
        )
        try:
            await NotificationHandler(ports=crashing_ports, claims=CrashingPort(claims, crash_plan)).handle(
                notice, claim
            )
        except CrashError as crash:
            return str(crash)
        except TransientError as error:
            self.throttled_after_crash += claim.unfinished > 0
            await claims.release(claim)
            return error
        return None
