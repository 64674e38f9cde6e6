"""One client, one page or form, many times: how long the server takes to answer."""

import http.client
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from app.demo.accounts import DEMO_PASSWORD

RUNS, REQUESTS = 5, 1_000
#: A run whose reference took so many times its least is void and repeated.
VOID = 1.5


@dataclass(frozen=True)
class Answered:
    """What a run of one page showed. Times in milliseconds."""

    p50: float
    p95: float
    statements: int
    octets: int


class Browser:
    """Signed in as one account, over one kept connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        """One request; the whole answer read."""
        return self._ask("GET", path, None)

    def sign_in(self, slug: str, email: str) -> None:
        """As a person does: fetch the form, send it."""
        hidden = self.hidden_fields(f"/{slug}/sign-in", to=f"/{slug}/sign-in")
        form = {**hidden, "email": email, "password": DEMO_PASSWORD}
        response, _ = self.post(f"/{slug}/sign-in", form)
        if response.status != 303 or not self.cookies:
            raise SystemExit(f"{email} could not sign in to {slug}: {response.status}")

    def time(self, path: str, requests: int, warm_up: int = 100) -> Answered:
        """`requests` answers after the warm-up, one after the other."""
        return timed(lambda: self.get(path), 200, requests, warm_up)

    def post(self, path: str, form: Mapping[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """One form sent; the whole answer read."""
        return self._ask("POST", path, urlencode(form))

    def hidden_fields(self, path: str, to: str = "") -> dict[str, str]:
        """What the form on that page sends along unseen; of several the one that goes there."""
        shown = self.get(path)[1].decode()
        if to:
            shown = shown.partition(f'action="{to}"')[2].partition("</form>")[0]
        inputs = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", shown)]
        return {one["name"]: one.get("value", "") for one in inputs if one.get("type") == "hidden"}

    def _ask(self, method: str, path: str, form: str | None) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            headers |= {"Origin": f"http://127.0.0.1:{self.connection.port}"}
        self.connection.request(method, path, form, headers)
        response = self.connection.getresponse()
        body = response.read()
        for name, value in response.headers.items():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return response, body


Ask = Callable[[], tuple[http.client.HTTPResponse, bytes]]


def timed(ask: Ask, status: int, requests: int, warm_up: int = 100) -> Answered:
    """How long `ask` waits for an answer of that status, one after the other."""
    for _ in range(max(warm_up, 1)):
        response, body = ask()
        if response.status != status:
            raise SystemExit(f"answered {response.status}: {body[:300]!r}")
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=100)
    return Answered(cuts[49], cuts[94], int(response.headers.get("X-Statements", 0)), len(body))


def side_by_side(
    browser: Browser, page: str, reference: str, requests: int = REQUESTS, runs: int = RUNS
) -> tuple[list[Answered], list[Answered]]:
    """Five sound runs of a page and of its reference, in turn; void ones are said and repeated."""
    return sound_runs(lambda: browser.get(page), lambda: browser.get(reference), 200, requests, runs)


def sound_runs(
    page: Ask, reference: Ask, status: int, requests: int = REQUESTS, runs: int = RUNS
) -> tuple[list[Answered], list[Answered]]:
    """So many sound runs of the two in turn. What was void is thrown away, and after 3 × as many we go on."""
    ours: list[Answered] = []
    theirs: list[Answered] = []
    for _ in range(3 * runs):
        if len(ours) == runs:
            break
        beside = timed(reference, status, requests)
        run = timed(page, status, requests)
        if theirs and beside.p95 > VOID * min(other.p95 for other in theirs):
            print(f"  void: the reference took {beside.p95:.2f} ms", flush=True)
            continue
        theirs.append(beside)
        ours.append(run)
    return ours, theirs
