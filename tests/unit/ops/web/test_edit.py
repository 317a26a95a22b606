"""A message is edited on its page: its data alone, checked, and on record."""

import json

HOSTILE = "<script>alert('x')</script>\">"


def form_of(browser, path):
    """Ask for the form of a failure, which is on record, and open the page that this leads to."""
    browser.get(path.rpartition("/")[0])
    browser.send(path)
    return browser.follow()


def test_edits_the_data_alone(owner, world):
    """The form has what the message says; what comes back changes that, and nothing around it."""
    before = json.loads(world.failure().payload)
    text = form_of(owner, "/failures/f-ania/edit").text
    assert 'value="anna@example.com"' in text
    assert "data.tenant" not in text
    fields = {f"data.{name}": value for name, value in before["data"].items()}
    fields |= {"data.contact": "anna.nowak@example.com", "data.note": "Two\r\nlines"}
    answer = owner.send("/failures/f-ania/data", do="save", **fields)
    assert answer.headers["location"] == "/failures/f-ania?said=edited"
    after = json.loads(world.failure().payload)
    assert (after["data"]["contact"], after["data"]["note"]) == ("anna.nowak@example.com", "Two\nlines")
    assert {name: after[name] for name in ("id", "tenant", "session_id")} == {
        name: before[name] for name in ("id", "tenant", "session_id")
    }
    assert world.replays.queued == []


def test_saves_and_replays(owner, world):
    """One button keeps the change and replays it."""
    form_of(owner, "/failures/f-ania/edit")
    fields = {f"data.{name}": value for name, value in json.loads(world.failure().payload)["data"].items()}
    answer = owner.send("/failures/f-ania/data", do="replay", **fields | {"data.name": "Ania"})
    assert answer.headers["location"] == "/failures/f-ania?said=replayed"
    assert '"Ania"' in world.replays.queued[0].payload


def test_says_what_is_wrong_at_the_field(owner, world):
    """A value that no such message can have comes back with what is wrong beside it, and nothing is kept."""
    before = world.failure().payload
    form_of(owner, "/failures/f-ania/edit")
    fields = {f"data.{name}": value for name, value in json.loads(before)["data"].items()}
    answer = owner.send("/failures/f-ania/data", do="save", **fields | {"data.service": "x" * 90, "data.name": HOSTILE})
    assert answer.status_code == 422
    field, _, rest = answer.text.partition('data-testid="field-problem"')
    assert 'name="data.service"' in field.rpartition('<div class="field')[2]
    assert "60" in rest.partition("</p>")[0]
    assert HOSTILE not in answer.text
    assert world.failure().payload == before


def test_fields_that_are_not_there_are_refused(owner, world):
    """A form with more fields than the message has, the tenant's for one, changes nothing."""
    before = world.failure().payload
    form_of(owner, "/failures/f-ania/edit")
    fields = {f"data.{name}": value for name, value in json.loads(before)["data"].items()}
    assert owner.send("/failures/f-ania/data", **fields | {"data.tenant": "studio-bea"}).status_code == 422
    assert world.failure().payload == before
