"""A real browser before a real server, for what only the two together can show."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests import needs

PHONE = (360, 740)
CHROMEBOOK = (1366, 768)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """A test's output is not a server's log."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app on a free port of this machine; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    program = needs.browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=needs.browser_arguments())
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page whose every complaint is written down."""

    def __init__(self, context: BrowserContext) -> None:
        self.said: list[str] = []
        self.requests: list[str] = []
        context.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " event => console.error('POLICY ' + event.violatedDirective + ' ' + event.blockedURI))"
        )
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(f"ERROR {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))


def until_htmx_is_alive(page: Page) -> None:
    """It comes when the page stands and the browser is idle; until then forms are sent as a browser sends them."""
    for _ in range(200):
        if page.evaluate("document.readyState === 'complete' && typeof window.htmx === 'object'"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("htmx did not come to life within 10 seconds")


def is_too_wide(page: Page) -> bool:
    """True if the page has to be pushed sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its good practice, in lines that can be acted on."""
    from axe_playwright_python.sync_playwright import Axe

    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']][:3]}" for one in found
    ]
