"""An operator's own token: issued on the command line, used in the browser, and revoked."""

from collections.abc import Iterator

import httpx2
import pytest

from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.command_line import CommandLine, command_line
from tests.e2e.test_handover import find_csrf

pytestmark = pytest.mark.e2e


@pytest.fixture
def stride(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """Return the command line."""
    with command_line(stack, tmp_path_factory.mktemp("tokens")) as runner:
        yield runner


async def test_a_token_is_used_until_it_is_revoked(stack: Stack, stride: CommandLine):
    """The desk is another process than the one that issues and revokes; both have the same table and the same keys."""
    issued = await stride("desk", "tokens", "issue", "Ola Kowalska", "--tenant", stack.options.tenant, "--json")
    assert issued.code == 0, issued.err
    address = str(stack.describe()["desk_url"]).partition("/sign-in")[0]

    async def sign_in(http: httpx2.AsyncClient) -> int:
        form = {"csrf": find_csrf((await http.get("/sign-in")).text), "token": issued.json["token"]}
        return (await http.post("/sign-in", data=form, headers={"Origin": address})).status_code

    async with httpx2.AsyncClient(base_url=address, timeout=DEADLINE_SECONDS) as http:
        assert await sign_in(http) == 303
        assert "Ola Kowalska" in (await http.get("/")).text
        listed = (await stride("desk", "tokens", "list", "--json")).json
        [row] = [row for row in listed if row["token_id"] == issued.json["token_id"]]
        assert row["last_used_at"]

        assert (await stride("desk", "tokens", "revoke", row["token_id"])).code == 0
    async with httpx2.AsyncClient(base_url=address, timeout=DEADLINE_SECONDS) as http:
        assert await sign_in(http) == 403
