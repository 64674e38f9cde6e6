"""The instance folder: one lock, the secrets made at the first start, and what the running servers' addresses are."""

import base64
import fcntl
import json
import os
import secrets
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.laptop.roles import SIGN_IN


class AlreadyRunning(Exception):
    """This instance is running, or being reset, under another command."""


class Instance:
    """One folder, one demo: two folders with two ports run side by side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    def lock(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"FrontOffice is already running with the folder {self.folder}. "
                "End it first (Ctrl-C where it runs), or run a second one beside it: "
                "FRONTOFFICE_INSTANCE=instance-2 FRONTOFFICE_PORT=8001 FRONTOFFICE_SMTP_PORT=2526 make run"
            ) from None

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def config(self) -> dict[str, Any]:
        """config.toml; made with new secrets if there is none."""
        path = self.folder / "config.toml"
        if not path.exists():
            write_private(
                path, toml(new_secrets(), "Made by the first `make run`. Keep it: it opens what is sealed.")
            )
        return tomllib.loads(path.read_text(encoding="utf-8"))

    def remember(self, **values: str) -> None:
        """Add to the [laptop] table of config.toml, leaving the rest as it stands."""
        path = self.folder / "config.toml"
        lines = path.read_text(encoding="utf-8").splitlines()
        names = tuple(f"{name} = " for name in values)
        kept = [line for line in lines if not line.startswith(names)]
        if "[laptop]" not in kept:
            kept.append("[laptop]")
        at = kept.index("[laptop]") + 1
        kept[at:at] = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        write_private(path, "\n".join(kept) + "\n")

    def write_running(self, values: Mapping[str, str | int]) -> None:
        """So that `flask` in another terminal finds the same servers."""
        write_private(self.folder / "running.toml", toml(values, "Written by each start of `make run`."))

    def forget_running(self) -> None:
        (self.folder / "running.toml").unlink(missing_ok=True)


def new_secrets() -> dict[str, Any]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    passwords = {f"{role}_password": secrets.token_urlsafe(24) for role in ("superuser", *SIGN_IN)}
    return {
        "demo": "yes",
        "master_keys": f"{datetime.now(UTC):%Y-%m-%d}:{key}",
        "cookie_secret": secrets.token_urlsafe(32),
        "laptop": passwords,
    }


def toml(values: Mapping[str, Any], heading: str) -> str:
    plain = [
        f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, Mapping)
    ]
    tables = [
        line
        for name, table in values.items()
        if isinstance(table, Mapping)
        for line in ("", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
    ]
    return "\n".join([f"# {heading}", *plain, *tables]) + "\n"


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and readable by nobody else from its first byte."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
