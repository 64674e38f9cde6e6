"""What a test may need that a laptop may lack. There it is a named skip; in CI it is a failure."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
#: Mail that others published. Taken out of the environment, for to the processes that tests start it is no setting.
PUBLIC_MAIL = Path(os.environ.pop("FRONTOFFICE_PUBLIC_MAIL", CHECKOUT.parent / "shared/public-data/mail"))

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
BROWSERS = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def missing(need: str, sentence: str) -> NoReturn:
    """need: POSTGRES, REDIS, BROWSER, PGBOUNCER or PEERS. REQUIRE_<need>=1, or CI, makes its want a failure."""
    if is_required(need):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def is_required(need: str) -> bool:
    return IN_CI or os.environ.get(f"REQUIRE_{need}") == "1"


def find_browser(candidates: Iterable[str] = BROWSERS) -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    return next((found for found in map(shutil.which, candidates) if found), None)


def browser() -> str:
    found = find_browser()
    if found is None:
        missing(
            "BROWSER",
            "No Chromium on this machine: apt-get install chromium, or name one with CHROMIUM=/path.",
        )
    return found


def pooler() -> str:
    from tests import pooler

    found = pooler.find()
    if found is None:
        missing("PGBOUNCER", "No pgbouncer on this machine: apt-get install pgbouncer.")
    return found


def peers() -> tuple[str, Path]:
    """Node, and the servers that others wrote in it: `make setup` puts them there."""
    node, modules = shutil.which("node"), CHECKOUT / "instance" / ".peers" / "node_modules"
    if node is None or not modules.is_dir():
        missing(
            "PEERS", "No Node with the peers of tests/peers: apt-get install nodejs npm, then make setup."
        )
    return node, modules


def browser_arguments() -> list[str]:
    """Chromium's own sandbox does not work for root."""
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
