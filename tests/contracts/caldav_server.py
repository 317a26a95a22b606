"""A real CalDAV server, Radicale, on a thread of the test's process, and the owner's actions in it."""

import base64
import http.client
import threading
from contextlib import contextmanager
from unittest.mock import Mock
from wsgiref.simple_server import WSGIRequestHandler, make_server

from radicale import Application, config
from yarl import URL

from shared.aws.secret_cache import Secrets
from shared.ids import new_id
from tests.fakes.clock import FakeClock
from workers.booking.adapters.caldav.accounts import CalDavAccounts
from workers.booking.adapters.caldav.calendar import CalDavCalendar
from workers.booking.adapters.caldav.http import CalDavHttp

OWNER, PASSWORD = "salon", "a password of its own"
SECRET_ID = "chatbot/caldav"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serve_radicale(folder):
    """Serve until the end of the `with`; yield the server's address."""
    users = folder / "users"
    users.write_text(f"{OWNER}:{PASSWORD}\n")
    settings = config.load()
    settings.update(
        {
            "auth": {"type": "htpasswd", "htpasswd_filename": str(users), "htpasswd_encryption": "plain", "delay": "0"},
            "storage": {"filesystem_folder": str(folder / "collections"), "_filesystem_fsync": "False"},
            "logging": {"level": "critical"},
        },
        "test",
        privileged=True,
    )
    with make_server("127.0.0.1", 0, Application(settings), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def make_reader(address, *, password=PASSWORD, private_addresses=True, prefix="/", **options):
    """Return the adapter with the owner's account for the server."""
    client = Mock()
    stored = f'{{"{address}{prefix}": {{"username": "{OWNER}", "password": "{password}"}}}}'
    client.get_secret_value.return_value = {"SecretString": stored}
    accounts = CalDavAccounts(secrets=Secrets(client=client, clock=FakeClock()), secret_id=SECRET_ID)
    return CalDavCalendar(accounts=accounts, http=CalDavHttp(private_addresses=private_addresses, **options))


class OwnersCalendar:
    """A new calendar on the server; `url` is its id."""

    def __init__(self, address):
        self._server = URL(address)
        self.url = f"{address}/{OWNER}/{new_id()}/"
        body = (
            '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
            "<D:displayname>Visits</D:displayname></D:prop></D:set></C:mkcalendar>"
        )
        self.send("MKCALENDAR", self.url, body)

    def enter(self, *lines, before=()):
        """Enter an event with these lines; `before` are components such as time zones."""
        uid = new_id()
        self.put(uid, calendar_text(*before, *event_lines(uid, *lines)))

    def put(self, uid, text):
        self.send("PUT", f"{self.url}{uid}.ics", text, **{"Content-Type": "text/calendar; charset=utf-8"})

    def send(self, method, url, body="", **headers):
        token = base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=5)
        connection.request(method, URL(url).path, body.encode(), {"Authorization": f"Basic {token}", **headers})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status < 300, (answer.status, content)


def calendar_text(*lines):
    """Return an iCalendar text."""
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *lines, "END:VCALENDAR", ""))


def event_lines(uid, *lines):
    """Return the lines of an event."""
    return ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")
