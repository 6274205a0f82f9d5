"""One demo node, one Chromium and one signed-in context for the session; a page with its own conscience for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

from tests.e2e import demo_node
from tests.e2e.console import PATIENCE_MS, Console
from tests.e2e.demo_node import DemoNode
from tests.e2e.report import FIGURES

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SCREEN: ViewportSize = {"width": 1920, "height": 1080}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The node after its one-time link was used, and how long the first picture took."""

    node: DemoNode
    context: BrowserContext
    first_picture_s: float


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The measured figures stand in every run's log, passed or not."""
    if FIGURES:
        terminalreporter.section("measured in Chromium")
    for figure in FIGURES:
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """The system's Chromium. Its absence is a failure, not a reason to look away."""
    found = os.environ.get("VMS_CHROMIUM") or next((path for name in _NAMES if (path := shutil.which(name))), None)
    assert found, "no Chromium on PATH: `make setup` installs it"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser) -> Generator[SignedIn]:
    """From nothing to the first picture, as the demo's user does it; every test's session comes from that one link."""
    folder = Path(tempfile.mkdtemp(prefix="vms-e2e-"))
    started = time.monotonic()
    process = demo_node.start(folder)
    try:
        node = demo_node.wait_ready(process, folder, started)
        context = browser.new_context(viewport=SCREEN, locale="zh-CN", accept_downloads=True)
        page = context.new_page()
        page.goto(node.login_url, wait_until="commit")
        page.locator('[data-testid^="tile-"][data-state="playing"]').first.wait_for(timeout=PATIENCE_MS)
        first_picture_s = time.monotonic() - started
        page.close()
        node.wait_past()
        yield SignedIn(node, context, first_picture_s)
        context.close()
        assert demo_node.stop(process) == 0, (folder / "demo.log").read_text()[-2000:]
    finally:
        if process.poll() is None:
            demo_node.stop(process)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def node(signed_in: SignedIn) -> DemoNode:
    return signed_in.node


@pytest.fixture
def console(signed_in: SignedIn) -> Generator[Console]:
    """A page of the signed-in context; anything that went wrong on it fails the test."""
    page = signed_in.context.new_page()
    opened = Console(page, signed_in.node.url)
    yield opened
    page.close()
    assert not opened.unexpected()
