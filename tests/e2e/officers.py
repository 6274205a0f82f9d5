"""A second person: an officer of the demo's node with a browser session of their own."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from playwright.sync_api import Browser

from tests.e2e.console import Console
from tests.e2e.demo_node import DemoNode
from vms.accounts import queries as accounts
from vms.accounts.settings import SessionLimits
from vms.app import run_path
from vms.base.clock import SystemClock
from vms.base.db import Database
from vms.processes.config import load
from vms.processes.control.database import database_url
from vms.setup import ALL_RIGHTS


def login_link(node: DemoNode, login: str, name: str) -> str:
    """A one-time link for an officer made on first use, as whoever owns the node's data makes it.

    In a thread: the browser's driver runs an event loop in this one, on which no SQL runs.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_login_link, node, login, name).result()


def _login_link(node: DemoNode, login: str, name: str) -> str:
    now_us = SystemClock().wall_us()
    database = Database(database_url(load(run_path(node.data.absolute()) / "node.json")), pool_size=1, max_overflow=0)
    try:
        with database.transaction() as session:
            officer = accounts.find_officer(session, login) or accounts.add_officer(session, login, name, ALL_RIGHTS, now_us)
            return accounts.create_login_link(session, officer, now_us, SessionLimits())
    finally:
        database.engine.dispose()


@contextmanager
def another_officer(browser: Browser, node: DemoNode, name: str) -> Generator[Console]:
    """A page on which that officer is signed in; what went wrong on it fails the test."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    opened = Console(context.new_page(), node.url)
    opened.page.goto(f"{node.url}/login#token={login_link(node, 'second', name)}", wait_until="commit")
    opened.page.locator(".top-user", has_text=name).wait_for()
    yield opened
    context.close()
    assert not opened.unexpected()
