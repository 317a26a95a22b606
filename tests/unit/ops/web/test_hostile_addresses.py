"""No address makes the desk fail."""

from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import PermanentError
from tests.fakes.failures import FakeFailures
from tests.unit.ops.web.conftest import World

PATHS = ("/", "/failures/", "/today/", "/today/salon-ania/", "/runs/", "/usage/", "/answers/", "/static/", "/sign-in/")
SEGMENTS = st.one_of(
    st.text(max_size=40).map(lambda text: quote(text, errors="replace")),
    st.binary(max_size=40).map(quote_from_bytes),
    st.sampled_from(
        ["%", "%0", "%zz", "%00", "%2e%2e", "..", "//", "%5c", "%ff%fe", "a" * 5000, "%c3%28", ";", "a%0d%0ab"]
    ),
    st.text("abc-0123456789%/.", max_size=3000),
)
NAMES = st.sampled_from(
    ["state", "queue", "tenant", "after", "day", "month", "from", "to", "said", "next", "service", "time"]
)
QUERIES = st.lists(st.tuples(NAMES, SEGMENTS), max_size=4).map(lambda fields: "&".join("=".join(one) for one in fields))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(path=st.sampled_from(PATHS), rest=SEGMENTS, query=QUERIES)
def test_an_address_is_found_or_not(owner, path, rest, query):
    """With a sign-in; nothing is a server's error."""
    answer = owner.get(f"{path}{rest}?{query}")
    assert answer.status_code < 500, (path, rest, query)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/static/{'a' * 5000}", 404),
        (f"/failures/{'a' * 5000}", 404),
        (f"/static/{'%F0%9F%97%9D' * 200}", 404),
        ("/static/a%00.css", 404),
        ("/failures/a%00b", 404),
        ("/failures/%0d%0aSet-Cookie:a=b", 404),
        ("/failures/%zz", 404),
        ("/failures/%ff", 404),
        (f"/failures?text={'a' * 5000}", 414),
        (f"/failures?after={'a' * 2000}", 200),
    ],
)
@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_what_is_too_long_or_no_text_is_not_found(request, who, address, status):
    """Before the disk or a table is asked, of which both have limits; signed in or not."""
    answer = request.getfixturevalue(who).get(address)
    assert answer.status_code == status if who == "owner" or status == 414 else answer.status_code in {303, 404}


class StrictFailures(FakeFailures):
    """Refuses keys that are too long, as DynamoDB does."""

    async def get(self, failure_id):
        if len(failure_id.encode()) > 2048:
            raise PermanentError("aws_ValidationException", "failures.get")
        return await super().get(failure_id)


@pytest.mark.parametrize("failure_id", ["a" * 2049, "a" * 60_000, "%F0%9F%97%9D" * 600])
def test_a_table_is_not_asked_for_what_no_key_can_be(browser_of, failure_id):
    """Its refusal would be an error of the server."""
    owner = browser_of(World(ledger=StrictFailures()).app())
    owner.sign_in()
    assert owner.get(f"/failures/{failure_id}").status_code == 404
    assert owner.get("/failures/f-ania").status_code == 200
