"""A second web process: `python -m tests.deploy.second` answers the requests that it reads, a JSON object a line."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app.core.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]


@dataclass
class Second:
    process: "subprocess.Popen[str]"

    def ask(
        self, method: str, path: str, cookie: str = "", form: Mapping[str, Any] | None = None
    ) -> tuple[int, str, str]:
        """Status, text and the cookies that it sets."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([method, path, cookie, dict(form or {})]) + "\n")
        self.process.stdin.flush()
        status, text, cookies = json.loads(self.process.stdout.readline())
        return int(status), str(text), str(cookies)


@contextmanager
def second(settings: Settings) -> Iterator[Second]:
    """With the same settings, in a process of its own: it shares the database and nothing else."""
    given = {
        PREFIX + one.name.upper(): str(getattr(settings, one.name))
        for one in fields(settings)
        if one.name in {"instance", "base_url", "database_url", "database_across_url", "cookie_secret"}
    }
    given[PREFIX + "MASTER_KEYS"] = ",".join(
        f"{name}:{base64.b64encode(key).decode()}" for name, key in settings.master_keys
    )
    given[PREFIX + "DEMO"] = "yes"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.second"],
        cwd=ROOT,
        env=given,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Second(process)
        process.terminate()


def main() -> None:
    from app.factory import create_app

    browser = create_app().test_client(use_cookies=False)
    for line in sys.stdin:
        method, path, cookie, form = json.loads(line)
        headers = {"Origin": "http://localhost", **({"Cookie": cookie} if cookie else {})}
        answer = browser.open(path, method=method, headers=headers, data=form or None)
        cookies = "; ".join(one.split(";")[0] for one in answer.headers.getlist("Set-Cookie"))
        print(json.dumps([answer.status_code, answer.get_data(as_text=True), cookies]), flush=True)


if __name__ == "__main__":
    main()
