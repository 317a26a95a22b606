"""Runs axe-core, which judges by the rules of WCAG, on a page in the browser."""

import os
from functools import cache
from pathlib import Path

import pytest
from playwright.async_api import Page

SCRIPT = Path("node_modules/axe-core/axe.min.js")
RUN = """async (rules) => {
    const { violations } = await axe.run({ include: [["stride-chat"]] }, { resultTypes: ["violations"], rules });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
        `${id}: ${target.flat(9).at(-1)}: ${failureSummary.replaceAll("\\n", " ")}`));
}"""


@cache
def _read_script() -> str:
    if not SCRIPT.exists():
        reason = "axe-core is not installed: npm ci"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SCRIPT.read_text()


async def find_violations(page: Page) -> list[str]:
    """Return what axe finds in the widget: rule, element and reason.

    It reads the page's own colours, so that it can't judge those that the visitor forces on all pages.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_read_script())
    has_own_colors = await page.evaluate("!matchMedia('(forced-colors: active)').matches")
    found: list[str] = await page.evaluate(RUN, {"color-contrast": {"enabled": has_own_colors}})
    return found
