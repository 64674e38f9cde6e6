"""One client, one page, many times: how long the server takes to answer."""

import http.client
import re
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from app.demo.accounts import DEMO_PASSWORD


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
        _, page = self.get(f"/{slug}/sign-in")
        inputs = [
            dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", page.decode())
        ]
        hidden = {one["name"]: one.get("value", "") for one in inputs if one.get("type") == "hidden"}
        form = urlencode({**hidden, "email": email, "password": DEMO_PASSWORD})
        response, _ = self._ask("POST", f"/{slug}/sign-in", form)
        if response.status != 303 or not self.cookies:
            raise SystemExit(f"{email} could not sign in to {slug}: {response.status}")

    def time(self, path: str, requests: int, warm_up: int = 100) -> Answered:
        """`requests` answers after the warm-up, one after the other."""
        for _ in range(warm_up):
            response, body = self.get(path)
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}")
        times = []
        for _ in range(requests):
            began = time.perf_counter()
            self.get(path)
            times.append((time.perf_counter() - began) * 1000)
        cuts = statistics.quantiles(times, n=100)
        return Answered(cuts[49], cuts[94], int(response.headers.get("X-Statements", 0)), len(body))

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
