"""A visitor judges an answer and asks what no document says; the owner sees both at the desk."""

from collections.abc import Iterator

import pytest
import yaml

from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.e2e.command_line import CommandLine, command_line
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stride(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with command_line(stack, tmp_path_factory.mktemp("answers")) as runner:
        yield runner


async def test_the_owner_sees_what_visitors_think_and_what_is_missing(
    stack: Stack, visit: Visit, backstage: Backstage, stride: CommandLine
):
    """The judgement is acknowledged at once and replaced by a later one; the question is counted each time."""
    tenant = stack.options.tenant
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        for _ in range(2):
            final = await visitor.ask("chat.send", {"text": "Do you offer acupuncture?"}, "chat.final")
        up = await visitor.ask("chat.feedback", {"re_seq": final["seq"], "verdict": "up"}, "ack")
        reason = {"reason": "Call me: 601 234 567"}
        down = await visitor.ask("chat.feedback", {"re_seq": final["seq"], "verdict": "down", **reason}, "ack")
        refused = await visitor.ask("chat.feedback", {"re_seq": final["seq"] - 1, "verdict": "down"}, "ack")
    assert [up["type"], down["type"], refused["type"]] == ["ack", "ack", "error"]

    judged = (await stride("answers", "judged", tenant, "--json")).json["answers"]
    [own] = [answer for answer in judged if answer["session_id"] == session]
    assert (own["verdict"], own["seq"], own["reason"]) == ("down", final["seq"], "Call me: [number]")

    def counted() -> bool:
        rows = backstage.rows("usage")
        return any(row.get("example") == "Do you offer acupuncture?" and row["times_asked"] >= 2 for row in rows)

    await backstage.until(counted)
    questions = (await stride("answers", "unanswered", tenant, "--json")).json["questions"]
    assert "Do you offer acupuncture?" in [question["example"] for question in questions]

    arguments = ("--session", session, "--seq", str(final["seq"]), "--language", "en", "--kind", "unknown")
    draft = await stride("golden", "add", tenant, *arguments, "--dry-run")
    assert draft.code == 0, draft.err
    [case] = yaml.safe_load(draft.out)["cases"]
    assert (case["ask"], case["kind"], len(case["earlier"])) == ("Do you offer acupuncture?", "unknown", 1)
    assert "601" not in draft.out
