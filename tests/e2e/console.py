"""One browser page that keeps what went wrong on it: console errors, exceptions, failed requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

PATIENCE_MS = 30_000
"""Waiting is for a condition, on a machine whose cores may all be decoding."""


@dataclass
class Console:
    """The console of a node in one page."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list[str])
    expected: list[re.Pattern[str]] = field(default_factory=list[re.Pattern[str]])

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("requestfailed", self._on_failed)
        self.page.on("response", self._on_response)

    def expect(self, pattern: str) -> None:
        """A problem whose words match is none in this test."""
        self.expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [problem for problem in self.problems if not any(known.search(problem) for known in self.expected)]

    def open(self, path: str, **search: str) -> None:
        query = f"?{urlencode(search, safe=',')}" if search else ""
        self.page.goto(f"{self.base}{path}{query}", wait_until="commit")

    def tile(self, index: int) -> Locator:
        return self.page.get_by_test_id(f"tile-{index}")

    def past(self, index: int = 0) -> Locator:
        return self.page.get_by_test_id(f"past-{index}")

    def wait_state(self, tile: Locator, state: str, timeout_ms: float = PATIENCE_MS) -> None:
        """Until the tile says that it is so."""
        tile.and_(self.page.locator(f'[data-state="{state}"]')).wait_for(timeout=timeout_ms)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page itself gave it up: a left screen, a download
            self.problems.append(f"request: {request.url} {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"http: {response.status} {response.request.method} {response.url}")
