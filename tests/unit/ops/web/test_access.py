"""Nothing is shown or done without a sign-in, for another's tenant, or by a form that is not ours."""

from datetime import timedelta

import pytest
from starlette.routing import Mount

from ops.web.route_guard import safe_local_url
from shared.retention import DESK_SESSION_LIFETIME

OPEN = {"/sign-in", "/health", "/static"}


def paths(app, method):
    """Return the path of every route of a method, with ids filled in that exist."""
    ids = {"failure_id": "f-ania", "run_id": "r", "tenant": "salon-ania", "session_id": "session-salon-ania"}
    return [
        route.path.format(**ids)
        for route in app.routes
        if not isinstance(route, Mount) and route.path not in OPEN and method in route.methods
    ]


def test_no_page_without_a_sign_in(stranger):
    """Every page sends a stranger to the sign-in, and shows nothing of what it has."""
    found = paths(stranger.http.app, "GET")
    assert len(found) >= 8
    for path in found:
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
        assert answer.text == ""


def test_no_action_without_a_sign_in(stranger, world):
    """Every action refuses a stranger with 401, with the token of the sign-in form, too; nothing is done."""
    stranger.get("/sign-in")
    csrf, before = stranger.csrf(), dict(world.ledger.rows)
    found = paths(stranger.http.app, "POST")
    assert len(found) >= 9
    for path in found:
        assert stranger.send(path, csrf=csrf, id="f-ania", do="replay", reason="x").status_code == 401, path
    assert (world.ledger.rows, world.replays.queued) == (before, [])


@pytest.mark.parametrize("csrf", ["", "0" * 32, "ą"])
def test_a_forged_form_is_refused(owner, world, csrf):
    """A form without our token, or with another's, does nothing, whatever it is sent to."""
    before = dict(world.ledger.rows)
    for path in [*paths(owner.http.app, "POST"), "/sign-in"]:
        answer = owner.http.post(path, data={"csrf": csrf, "id": "f-ania", "do": "replay", "reason": "x"})
        assert answer.status_code == 403, path
    assert (world.ledger.rows, world.replays.queued) == (before, [])


def test_another_sessions_token_is_refused(owner, world):
    """The token of one person's form is worth nothing in another's session."""
    other = type(owner)(owner.http.app)
    other.sign_in("Eve")
    other.get("/failures/f-ania")
    assert owner.send("/failures/f-ania/replay", csrf=other.csrf()).status_code == 403
    assert world.replays.queued == []


def test_a_form_from_another_site_is_refused(owner, world):
    """What a browser says comes from another site is refused, even with the right token."""
    owner.get("/failures/f-ania")
    for site in ("cross-site", "same-site"):
        answer = owner.http.post(
            "/failures/f-ania/replay", data={"csrf": owner.csrf()}, headers={"sec-fetch-site": site}
        )
        assert answer.status_code == 403
    assert world.replays.queued == []


def test_another_tenants_failure_looks_like_none(salon_owner, world):
    """Whoever sees one business finds nothing of the others, and can't do anything about it."""
    listed = salon_owner.get("/failures").text
    assert "salon-ania" in listed
    assert "studio-bea" not in listed
    assert "studio-bea" not in salon_owner.get("/failures?tenant=studio-bea").text
    assert "studio-bea" not in salon_owner.get("/").text
    assert salon_owner.get("/failures/f-bea").status_code == salon_owner.get("/failures/nothing").status_code == 404
    salon_owner.get("/failures/f-ania")
    csrf, before = salon_owner.csrf(), world.failure("f-bea")
    for action in ("replay", "discard", "unmask", "edit", "data"):
        answer = salon_owner.send(f"/failures/f-bea/{action}", csrf=csrf, reason="x", **{"data.name": "Eve"})
        assert answer.status_code == 404, action
    salon_owner.send("/failures/selected", csrf=csrf, id="f-bea", do="discard", reason="x")
    salon_owner.send("/failures/selected", csrf=csrf, id="f-bea", do="replay")
    salon_owner.send("/failures/all", csrf=csrf, tenant="studio-bea", do="replay")
    assert world.failure("f-bea") == before


def test_another_tenants_day_looks_like_none(salon_owner):
    """The pages of a day are there for one's own businesses alone."""
    assert salon_owner.get("/today").headers["location"] == "/today/salon-ania"
    foreign, unknown = salon_owner.get("/today/studio-bea"), salon_owner.get("/today/nobody")
    assert foreign.status_code == unknown.status_code == 404


def test_queues_are_for_those_who_see_all(salon_owner, owner, world):
    """How full the queues are is everybody's affair together, so one business's owner does not see it."""
    salon_owner.http.portal.call(world.samples.take)
    assert 'data-testid="queues"' in owner.get("/").text
    assert 'data-testid="queues"' not in salon_owner.get("/").text


def test_headers_are_strict(stranger, owner):
    """Nothing inline, no frames, no cache, no referrer: on every answer, errors and styles among them."""
    answers = [owner.get("/"), owner.get("/nothing"), stranger.get("/failures"), stranger.get("/static/desk.css")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_the_cookie_is_strict(world, stranger):
    """The cookie is out of reach of scripts and of other sites; with https it is never sent without."""
    cookie = stranger.sign_in().headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()
    https = type(stranger)(world.app(public_url="https://desk.example.com"), address="https://desk.example.com")
    cookie = https.sign_in().headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "secure" in cookie.lower()
    assert "max-age" in https.get("/").headers["strict-transport-security"]


def test_a_changed_cookie_signs_nobody_in(owner):
    """A cookie that was not signed by us is no sign-in."""
    [(name, value)] = owner.http.cookies.items()
    owner.http.cookies.clear()
    owner.http.cookies.set(name, f"e30=.{value.partition('.')[2]}")
    assert owner.get("/").status_code == 303


def test_foreign_names_lead_nowhere(owner):
    """A foreign host name that leads to this machine opens nothing; health may be asked by any name."""
    assert owner.get("/", headers={"host": "evil.example.com"}).status_code == 400
    assert owner.get("/health", headers={"host": "10.0.0.7"}).text == "ok"


def test_too_much_is_refused(owner):
    """A form that is larger than any of ours is refused."""
    owner.get("/failures")
    assert owner.send("/failures/selected", id="x" * 300_000).status_code == 413


def test_a_session_ends(owner, world):
    """After half a day one has to sign in again."""
    assert owner.get("/").status_code == 200
    world.clock.turn(DESK_SESSION_LIFETIME - timedelta(seconds=1))
    assert owner.get("/").status_code == 200
    world.clock.turn(timedelta(seconds=1))
    assert owner.get("/").status_code == 303


def test_a_copy_of_the_cookie_ends_with_the_sign_out(owner):
    """Whoever kept a cookie of a session that was signed out has nothing."""
    owner.get("/")
    kept = dict(owner.http.cookies)
    assert owner.send("/sign-out").headers["location"] == "/sign-in?said=signed_out"
    assert owner.get("/").status_code == 303
    owner.http.cookies.update(kept)
    assert owner.get("/").status_code == 303


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/failures?state=any", "/failures?state=any"),
        ("", "/"),
        ("https://evil.example.com", "/"),
        ("//evil.example.com", "/"),
        ("/\\evil.example.com", "/"),
        ("/\t/evil.example.com", "/"),
        ("javascript:alert(1)", "/"),
        ("failures", "/"),
    ],
)
def test_the_sign_in_leads_to_our_own_pages(wanted, goes_to):
    """Wherever a link wants to lead after the sign-in, it stays here."""
    assert safe_local_url(wanted) == goes_to
