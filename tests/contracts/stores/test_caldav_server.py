"""CalDAV servers that refuse, lie or attack: a scripted server, and Radicale for what is real."""

import asyncio
import gzip
import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.errors import TransientError
from tests.contracts.caldav_server import OwnersCalendar, calendar_text, event_lines, make_reader
from tests.contracts.stores.calendars import HOUR, MORNING, NINE
from tests.deadlines import DEADLINE_SECONDS
from workers.booking.adapters.caldav.http import MAX_BYTES, Answer
from workers.booking.adapters.caldav.public_addresses import is_public_address
from workers.booking.domain.calendar_problem import UnusableCalendarError
from workers.booking.domain.values import Interval

EVENT = calendar_text(*event_lines("uid", "DTSTART:20270301T090000Z", "DTEND:20270301T100000Z"))
NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
IS_CALENDAR = (
    f"<D:multistatus {NAMESPACES}><D:response><D:propstat><D:prop><D:resourcetype><C:calendar/></D:resourcetype>"
    "</D:prop></D:propstat></D:response></D:multistatus>"
)
FREE_BUSY = calendar_text("BEGIN:VFREEBUSY", "FREEBUSY:20270301T090000Z/20270301T100000Z", "END:VFREEBUSY")


def multistatus(*responses):
    return f"<D:multistatus {NAMESPACES}>{''.join(responses)}</D:multistatus>"


def response(text=EVENT):
    return (
        f"<D:response><D:propstat><D:prop><C:calendar-data>{text}</C:calendar-data></D:prop></D:propstat></D:response>"
    )


def failed(status):
    return f"<D:response><D:href>/one</D:href><D:status>HTTP/1.1 {status} Some Words</D:status></D:response>"


class Script:
    """The server's answers by report, and the requests that it got."""

    def __init__(self, **answers):
        self.answers = {"PROPFIND": (207, IS_CALENDAR), "calendar-query": (207, multistatus()), **answers}
        self.requests = []

    async def answer(self, request):
        body = await request.text()
        kind = next((kind for kind in ("calendar-query", "free-busy-query") if kind in body), request.method)
        self.requests.append((kind, request.headers))
        answer = self.answers.get(kind, (501, ""))
        if callable(answer):
            return await answer(request)
        status, text, *headers = answer
        return web.Response(status=status, text=text, headers=dict(*headers))


@asynccontextmanager
async def serve(script, *, tls=None, **options):
    """Serve a script; yield the adapter and the calendar's URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0]
    address = f"{'https' if tls else 'http'}://{host}:{port}"
    reader = make_reader(address, **options)
    try:
        yield reader, f"{address}/ania/"
    finally:
        await reader.close()
        await runner.cleanup()


async def read(script, **options):
    async with serve(script, **options) as (reader, url):
        return [busy.interval for busy in await reader.find_busy_times(url, MORNING)]


@pytest.mark.parametrize("report", ["PROPFIND", "calendar-query"])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "calendar_account_refused"),
        (404, "calendar_unknown"),
        (410, "calendar_unknown"),
        (400, "calendar_request_refused"),
        (415, "calendar_request_refused"),
        (200, "calendar_request_refused"),
    ],
)
async def test_a_refusal_is_the_owners_to_repair(report, status, reason):
    """Each with the reason that says what to do."""
    with pytest.raises(UnusableCalendarError) as refusal:
        await read(Script(**{report: (status, "")}))
    assert refusal.value.reason == reason


@pytest.mark.parametrize("status", [429, 500, 502, 503, 507])
async def test_a_servers_error_is_tried_again(status):
    """Also one that limits the rate."""
    with pytest.raises(TransientError):
        await read(Script(**{"calendar-query": (status, "")}))


async def test_a_refused_account_is_read_again():
    """A corrected secret works at the next use."""
    async with serve(Script(PROPFIND=(401, ""))) as (reader, url):
        for _ in range(2):
            with pytest.raises(UnusableCalendarError):
                await reader.find_busy_times(url, MORNING)
        assert reader._accounts._secrets._client.get_secret_value.call_count == 2


@pytest.mark.parametrize("status", [403, 405, 501])
async def test_a_server_may_give_only_free_and_busy(status):
    """If the events may not be read, their times are asked for."""
    answers = {"PROPFIND": (status, ""), "calendar-query": (status, ""), "free-busy-query": (200, FREE_BUSY)}
    assert await read(Script(**answers)) == [Interval(NINE, NINE + HOUR)]


async def test_a_calendar_that_shows_nothing_is_forbidden():
    """Neither its events nor its busy times: the owner has to share it."""
    answers = {"PROPFIND": (403, ""), "calendar-query": (403, ""), "free-busy-query": (403, "")}
    with pytest.raises(UnusableCalendarError) as refusal:
        await read(Script(**answers))
    assert refusal.value.reason == "calendar_forbidden"


async def test_a_folder_of_calendars_is_no_calendar():
    """It has no events of its own, and would look free."""
    with pytest.raises(UnusableCalendarError) as refusal:
        await read(Script(PROPFIND=(207, IS_CALENDAR.replace("<C:calendar/>", "<D:collection/>"))))
    assert refusal.value.reason == "calendar_unknown"


async def test_an_event_that_was_deleted_meanwhile_is_left_out():
    """The other events count."""
    assert await read(Script(**{"calendar-query": (207, multistatus(failed(404), response()))})) == [
        Interval(NINE, NINE + HOUR)
    ]


@pytest.mark.parametrize(
    "answer",
    [
        multistatus(response(), failed(507)),
        multistatus(response(""), response()),
        multistatus("<D:response/>"),
        "<html><body>Please sign in</body></html>",
        "<D:multistatus",
        "",
        f'<!DOCTYPE x [<!ENTITY e "many">]>{multistatus(response("&e;"))}',
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{multistatus(response("&e;"))}',
    ],
)
async def test_an_answer_that_is_not_complete_is_not_free(answer):
    """Nor one with a document type, which could contain files or entities."""
    with pytest.raises(TransientError):
        await read(Script(**{"calendar-query": (207, answer)}))


@pytest.mark.parametrize("location", ["/other/", "http://169.254.169.254/latest/meta-data/"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status, location):
    """It could lead to any server; the account is sent to none of them."""
    script = Script(PROPFIND=(status, "", {"Location": location}))
    with pytest.raises(UnusableCalendarError) as refusal:
        await read(script)
    assert refusal.value.reason == "calendar_request_refused"
    assert len(script.requests) == 1


async def test_a_private_address_is_not_connected_to():
    """Neither as a number nor as a name that resolves to one; nothing reaches the server."""
    script = Script()
    for host in ("127.0.0.1", "localhost"):
        async with serve(script) as (_, local_url):
            url = local_url.replace("http://127.0.0.1", f"https://{host}")
            reader = make_reader(url.removesuffix("/ania/"), private_addresses=False)
            with pytest.raises(UnusableCalendarError, match="not a public address"):
                await reader.find_busy_times(url, MORNING)
            await reader.close()
    assert script.requests == []


async def test_plain_http_is_refused():
    """It would send the password in the clear."""
    script = Script()
    with pytest.raises(UnusableCalendarError, match="only https"):
        await read(script, private_addresses=False)
    assert script.requests == []


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.5.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1%eth0", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::", False),
    ],
)
def test_only_addresses_on_the_internet_are_public(address, is_public):
    """Also those that contain another address."""
    assert is_public_address(address) is is_public


async def test_an_endless_answer_is_cut_off():
    """Once it is longer than the limit, whatever length it declares."""

    async def pour(request):
        answer = web.StreamResponse(status=207)
        await answer.prepare(request)
        for _ in range(4 * MAX_BYTES // 65_536):
            await answer.write(b" " * 65_536)
        return answer

    with pytest.raises(UnusableCalendarError, match="longer"):
        await read(Script(**{"calendar-query": pour}))


async def test_an_answer_is_not_decompressed():
    """A few kilobytes could become gigabytes."""

    async def bomb(_):
        body = gzip.compress(multistatus(" " * 10_000).encode())
        return web.Response(status=207, body=body, headers={"Content-Encoding": "gzip"})

    script = Script(**{"calendar-query": bomb})
    with pytest.raises(TransientError):
        await read(script)
    assert {headers["Accept-Encoding"] for _, headers in script.requests} == {"identity"}


@pytest.mark.parametrize("dribble", [False, True])
async def test_a_slow_server_is_given_up(dribble):
    """Whether it says nothing, or a byte now and then."""

    async def wait(request):
        answer = web.StreamResponse(status=207)
        if dribble:
            await answer.prepare(request)
        while True:
            await asyncio.sleep(0.01)
            if dribble:
                await answer.write(b" ")

    async with serve(Script(**{"calendar-query": wait}), timeout_seconds=0.1) as (reader, url):
        async with asyncio.timeout(DEADLINE_SECONDS):
            with pytest.raises(TransientError):
                await reader.find_busy_times(url, MORNING)


@pytest.mark.parametrize("error", [ConnectionResetError, OSError])
async def test_a_broken_connection_is_tried_again(error):
    """The server hangs up without an answer."""

    async def hang_up(request):
        request.transport.abort()
        raise error

    with pytest.raises(TransientError):
        await read(Script(**{"calendar-query": hang_up}))


@pytest.mark.parametrize(
    ("prefix", "has_account"),
    [("/", True), ("/ania", True), ("/ania/", True), ("/ani", False), ("/other/", False), ("/ania/inner/", False)],
)
async def test_an_account_is_only_for_what_is_below_its_url(prefix, has_account):
    """Another folder of the same server gets no request."""
    script = Script()
    if has_account:
        assert await read(script, prefix=prefix) == []
        return
    with pytest.raises(UnusableCalendarError) as refusal:
        await read(script, prefix=prefix)
    assert refusal.value.reason == "calendar_account_missing"
    assert script.requests == []


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "[]",
        "{}",
        '{"http://x/": "password"}',
        '{"http://x/": {"username": "a"}}',
        '{"dav.example.com": {"username": "a", "password": "b"}}',
        '{"http://[x/": {"username": "a", "password": "b"}}',
    ],
)
async def test_a_bad_secret_is_reported_without_its_text(secret):
    """The operator has to correct it, and a corrected one works at once."""
    async with serve(Script()) as (reader, url):
        reader._accounts._secrets._client.get_secret_value.return_value = {"SecretString": secret}
        with pytest.raises(UnusableCalendarError) as refusal:
            await reader.find_busy_times(url, MORNING)
        reads = reader._accounts._secrets._client.get_secret_value
        reads.return_value = {"SecretString": json.dumps({url: {"username": "salon", "password": "a"}})}
        assert list(await reader.find_busy_times(url, MORNING)) == []
    assert refusal.value.reason == "calendar_account_missing"
    assert refusal.value.__cause__ is None
    assert "password" not in str(refusal.value).replace("username and password", "")


async def test_a_wrong_password_is_refused_by_a_real_server(radicale):
    """Radicale answers 401."""
    reader = make_reader(radicale, password="another")
    with pytest.raises(UnusableCalendarError) as refusal:
        await reader.find_busy_times(f"{radicale}/salon/ania/", MORNING)
    assert refusal.value.reason == "calendar_account_refused"
    await reader.close()


async def test_the_owners_home_is_refused_by_a_real_server(radicale):
    """Radicale gives no events for a folder of calendars."""
    reader = make_reader(radicale)
    with pytest.raises(UnusableCalendarError) as refusal:
        await reader.find_busy_times(f"{radicale}/salon/", MORNING)
    assert refusal.value.reason == "calendar_unknown"
    await reader.close()


async def test_a_recurring_event_of_a_real_server_is_expanded(radicale):
    """A series that began before the window, without the date that the owner deleted."""
    owners, reader = OwnersCalendar(radicale), make_reader(radicale)
    owners.enter("DTSTART:20270201T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "EXDATE:20270302T090000Z")
    found = await reader.find_busy_times(owners.url, Interval(NINE, NINE + timedelta(days=3)))
    assert [busy.interval.start for busy in found] == [NINE, NINE + timedelta(days=2)]
    await reader.close()


class WithoutEvents:
    """A connection to a server whose account may read free and busy times only."""

    def __init__(self, http):
        self._http = http

    async def send(self, method, url, account, *, body, depth):
        if "calendar-query" in body:
            return Answer(403, b"")
        return await self._http.send(method, url, account, body=body, depth=depth)

    async def close(self):
        await self._http.close()


async def test_free_and_busy_times_of_a_real_server_are_read(radicale):
    """Radicale computes them; they are the same times."""
    owners, reader = OwnersCalendar(radicale), make_reader(radicale)
    owners.enter("DTSTART:20270301T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20270302T090000Z")
    owners.enter("DTSTART:20270301T120000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT")
    reader._http = WithoutEvents(reader._http)
    found = await reader.find_busy_times(owners.url, Interval(NINE, NINE + timedelta(days=3)))
    assert [busy.interval for busy in found] == [
        Interval(NINE + timedelta(days=day), NINE + timedelta(days=day) + HOUR) for day in (0, 2)
    ]
    await reader.close()


async def test_a_certificate_that_is_not_valid_is_refused(tmp_path):
    """Whoever made it: the password is not sent."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    ).sign(key, hashes.SHA256())
    pem = tmp_path / "server.pem"
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(encoded + certificate.public_bytes(Encoding.PEM))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    script = Script()
    async with serve(script, tls=tls) as (reader, url):
        with pytest.raises(UnusableCalendarError, match="certificate"):
            await reader.find_busy_times(url, MORNING)
    assert script.requests == []
