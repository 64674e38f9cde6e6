"""Typed settings from the environment and the instance folder; what it does not understand it refuses.

Three sources, the later one wins: `config.toml` in the instance folder (kept, with the generated secrets),
`running.toml` beside it (written by each start of `make run`), and FRONTOFFICE_* in the environment.
No secret has a default: `make run` makes the demo's, an operator makes the others.
"""

import base64
import binascii
import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

PREFIX = "FRONTOFFICE_"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MEGABYTE = 1024 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsRefused(Exception):
    """One or more settings cannot be used; the sentences say which and what would do."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


def _is(read: Callable[[str], object], what: str, default: str | None = None, *, secret: bool = False) -> Any:
    return field(metadata={"read": read, "what": what, "default": default, "secret": secret})


def _words(value: str) -> str:
    return value.strip()


def _yes_or_no(value: str) -> bool:
    answers = {
        "1": True,
        "yes": True,
        "true": True,
        "on": True,
        "0": False,
        "no": False,
        "false": False,
        "off": False,
    }
    try:
        return answers[value.strip().lower()]
    except KeyError:
        raise ValueError("say yes or no") from None


def _between(lowest: int, highest: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"give a whole number from {lowest} to {highest}") from None
        if not lowest <= number <= highest:
            raise ValueError(f"give a whole number from {lowest} to {highest}")
        return number

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError("say " + " or ".join(choices))
        return value

    return read


def _database(value: str) -> str:
    """SQLAlchemy's spelling of a PostgreSQL address; people write it in several."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    raise ValueError("give a PostgreSQL address such as postgresql://user:password@host/database")


def _database_or_none(value: str) -> str:
    return _database(value) if value else ""


def _redis(value: str) -> str | None:
    if value == "":
        return None
    if value.startswith(("redis://", "rediss://", "unix://")):
        return value
    raise ValueError("give an address that begins with redis://, rediss:// or unix://")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError("give an address such as https://desk.example.org, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("plain http:// is for this machine alone; give an https:// address")
    return value.rstrip("/")


def _own_address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("give an address of this machine, such as 127.0.0.1") from None


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    try:
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        plain = False
    if value and not (plain and parts.path in {"", "/"} and not parts.query and "@" not in parts.netloc):
        raise ValueError("give an address such as https://s3.example.org, without a path")
    return value.rstrip("/")


def _bucket(value: str) -> str:
    if value and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value):
        raise ValueError("give 3 to 63 small letters, digits, dots and dashes")
    return value


def _keys(value: str) -> tuple[tuple[str, bytes], ...]:
    """`name:base64,name:base64`, the newest first: it wraps, all unwrap."""
    wanted = (
        "give name:key pairs, newest first, each key 32 random bytes in base64 (`flask new-key` prints one)"
    )
    ring: list[tuple[str, bytes]] = []
    for pair in filter(None, (part.strip() for part in value.split(","))):
        name, _, text = pair.partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(wanted) from None
        if not name or len(key) != 32 or name in dict(ring):
            raise ValueError(wanted)
        ring.append((name, key))
    if not ring:
        raise ValueError(wanted)
    return tuple(ring)


def _secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("give at least 32 random characters")
    return value


def _doors(value: str) -> frozenset[str]:
    doors = frozenset(filter(None, (part.strip() for part in value.split(","))))
    if not all(door.rpartition(":")[0] and door.rpartition(":")[2].isdigit() for door in doors):
        raise ValueError("give host:port pairs with commas between them")
    return doors


def _secret_or_none(value: str) -> str:
    return _secret(value) if value else ""


def _parts(value: str) -> list[str]:
    return list(filter(None, (part.strip() for part in value.split(","))))


def _dates(value: str) -> tuple[tuple[str, date], ...]:
    wanted = "give name=date pairs with commas between them, such as relay-password=2027-06-30"
    dates = []
    for name, _, day in (part.partition("=") for part in _parts(value)):
        try:
            dates.append((name.strip(), date.fromisoformat(day.strip())))
        except ValueError:
            raise ValueError(wanted) from None
        if not _NAME.fullmatch(name.strip()):
            raise ValueError(wanted)
    return tuple(dates)


def _folders(value: str) -> tuple[Path, ...]:
    folders = tuple(Path(part) for part in _parts(value))
    if not all(folder.is_absolute() for folder in folders):
        raise ValueError("give whole paths with commas between them")
    return folders


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in _parts(value))
    except ValueError:
        raise ValueError("give networks such as 10.0.0.0/8 or ::1/128 with commas between them") from None


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    demo: bool = _is(_yes_or_no, "this is a demonstration with made-up people, shown as such", "no")
    instance: Path = _is(Path, "the folder that keeps this machine's keys and files", "instance")
    port: int = _is(_between(1, 65535), "the port of the web server", "8000")
    smtp_port: int = _is(_between(1, 65535), "the port where the mail door listens", "2525")
    smtp_host: str = _is(
        _own_address, "the address at which it listens; it trusts whoever reaches it there", "127.0.0.1"
    )
    base_url: str = _is(_web_address, "the address people type, such as https://desk.example.org")
    proxies: int = _is(
        _between(0, 5), "how many proxies of yours stand before the web server and say for whom they ask", "0"
    )
    region: str = _is(_one_of("us", "ca", "uk"), "where this deployment stands and its data stays", "us")

    database_url: str = _is(_database, "PostgreSQL as role app: web and workers", secret=True)
    database_owner_url: str = _is(
        _database_or_none, "PostgreSQL as role owner: migrations alone", "", secret=True
    )
    database_across_url: str = _is(
        _database_or_none,
        "PostgreSQL as role across: timetable, sweeper, operator's commands",
        "",
        secret=True,
    )
    database_pooled: bool = _is(
        _yes_or_no, "a pooler that lends connections by the transaction (pgbouncer) stands between", "no"
    )
    redis_url: str | None = _is(
        _redis, "Redis, the doorbell; without it the sweeper does the work", "", secret=True
    )

    master_keys: tuple[tuple[str, bytes], ...] = _is(
        _keys, "the ring of keys that wrap each district's key", secret=True
    )
    cookie_secret: str = _is(_secret, "signs what a browser carries before anyone is signed in", secret=True)

    log: str = _is(
        _one_of("json", "words"), "how processes write their lines: a JSON object each, or words", "json"
    )
    secrets_expire: tuple[tuple[str, date], ...] = _is(
        _dates, "when keys and passwords of yours run out, such as relay-password=2027-06-30", ""
    )
    disk_folders: tuple[Path, ...] = _is(
        _folders, "further folders whose disk is watched, such as the database's, with commas between", ""
    )
    metrics_from: tuple[Network, ...] = _is(
        _networks, "networks that may read /metrics without a token", "127.0.0.0/8,::1/128"
    )
    metrics_token: str = _is(
        _secret_or_none, "whoever sends it as a bearer token may read /metrics from anywhere", "", secret=True
    )

    most_stored_megabytes: int = _is(
        _between(1, 100_000_000), "what a district may store: files and mail, in megabytes", "100000"
    )
    most_mails_in_an_hour: int = _is(
        _between(1, 10_000_000), "how many emails a district may be sent within an hour", "2000"
    )
    most_mails_out_an_hour: int = _is(
        _between(1, 10_000_000), "how many emails a district may send within an hour", "2000"
    )
    most_texts_out_an_hour: int = _is(
        _between(1, 10_000_000), "how many text messages a district may send within an hour", "2000"
    )
    most_links_an_hour: int = _is(
        _between(1, 10_000_000),
        "how many invitations and links for a new password a district may make within an hour",
        "1000",
    )

    htmx: str = _is(
        _one_of("cdn", "own"), "where browsers fetch htmx: the CDN with our copy behind it, or ours", "cdn"
    )
    storage: str = _is(
        _one_of("local", "s3"), "where files lie: the instance folder, or a bucket that speaks S3", "local"
    )
    s3_endpoint: str = _is(_endpoint, "the address of the storage service, without the bucket", "")
    s3_bucket: str = _is(_bucket, "the bucket", "")
    s3_region: str = _is(_words, "the region that signatures name; some services say auto", "us-east-1")
    s3_addressing: str = _is(
        _one_of("path", "host"), "whether the bucket's name stands in the path or before the host", "path"
    )
    s3_key_id: str = _is(_words, "the name of the key that signs", "")
    s3_secret: str = _is(_words, "the key that signs", "", secret=True)
    s3_encryption: str = _is(
        _one_of("none", "AES256", "aws:kms"),
        "what to ask of the storage service's own encryption; none leaves it to the bucket",
        "none",
    )
    product_name: str = _is(_words, "what the product is called on its pages", "FrontOffice")
    operator_name: str = _is(_words, "who runs this deployment, as its legal pages say", "")
    operator_contact: str = _is(_words, "an email address that reaches who runs it", "")
    hosting: str = _is(_words, "which company runs the servers and where, as the legal pages say", "")

    max_mail_bytes: int = _is(
        _between(1 * MEGABYTE, 200 * MEGABYTE), "the largest email taken in", str(50 * MEGABYTE)
    )
    max_file_bytes: int = _is(_between(1, 100 * MEGABYTE), "the largest file on a ticket", str(15 * MEGABYTE))
    max_files: int = _is(_between(1, 50), "how many files one request or answer may carry", "10")

    egress_private_allowed: frozenset[str] = _is(
        _doors,
        "host:port pairs on private networks that may be called all the same, such as a mail relay",
        "",
    )
    smtp_relay_host: str = _is(_words, "the mail server that districts without their own send through", "")
    smtp_relay_port: int = _is(_between(1, 65535), "its port", "587")
    smtp_relay_security: str = _is(
        _one_of("starttls", "tls", "none"), "how the connection to it is protected", "starttls"
    )
    smtp_relay_username: str = _is(_words, "the name to sign in to it", "")
    smtp_relay_password: str = _is(_words, "the password to sign in to it", "", secret=True)

    @property
    def s3_address(self) -> str:
        """Where the bucket is: a key follows after a slash. Empty while files lie in the instance folder."""
        if self.storage != "s3":
            return ""
        if self.s3_addressing == "path":
            return f"{self.s3_endpoint}/{self.s3_bucket}"
        return self.s3_endpoint.replace("://", f"://{self.s3_bucket}.", 1)

    def described(self) -> list[tuple[str, str, str]]:
        """Name, value and meaning of each setting; of a secret only whether it is set."""
        lines = []
        for one in fields(self):
            value = getattr(self, one.name)
            if one.metadata["secret"]:
                shown = "set" if value else "not set"
            elif isinstance(value, bool):
                shown = "yes" if value else "no"
            elif isinstance(value, frozenset | tuple):
                shown = ", ".join(sorted(map(_shown, value))) or "none"
            else:
                shown = str(value) or "not set"
            lines.append((PREFIX + one.name.upper(), shown, one.metadata["what"]))
        return lines

    def __repr__(self) -> str:
        return f"<Settings: {self.base_url}{', demo' if self.demo else ''}>"


def _shown(value: object) -> str:
    return "=".join(map(str, value)) if isinstance(value, tuple) else str(value)


_KNOWN = {one.name: one for one in fields(Settings)}


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process, or SettingsRefused with one sentence for each that cannot be used."""
    refused: list[str] = []
    given: dict[str, str] = {}
    sources: dict[str, str] = {}

    def take(name: str, value: str, shown: str) -> None:
        if name in _KNOWN:
            given[name], sources[name] = value, shown
        else:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = (
                f" Did you mean {near[0] if shown.islower() else PREFIX + near[0].upper()}?" if near else ""
            )
            refused.append(f"{shown} is not a setting of FrontOffice.{hint}")

    instance = Path(environ.get(PREFIX + "INSTANCE") or "instance").absolute()
    for file_name in ("config.toml", "running.toml"):
        for name, value in _of_file(instance / file_name, refused).items():
            take(name, value, name)
    if environ.get("REDIS_URL"):
        take("redis_url", environ["REDIS_URL"], "REDIS_URL")
    for key, value in environ.items():
        if key.startswith(PREFIX):
            take(key.removeprefix(PREFIX).lower(), value, key)
    given["instance"] = str(instance)

    values: dict[str, object] = {}
    for name, one in _KNOWN.items():
        text = given.get(name, one.metadata["default"])
        if text is None and name == "base_url" and values["demo"]:
            text = f"http://127.0.0.1:{values['port']}"
        if text is None:
            refused.append(f"{PREFIX}{name.upper()} is missing: {one.metadata['what']}.")
            continue
        try:
            values[name] = one.metadata["read"](text)
        except ValueError as error:
            # the value itself is never repeated: it may be a secret
            refused.append(f"{sources.get(name, PREFIX + name.upper())} cannot be used: {error}.")
            values[name] = one.metadata["default"]
    refused += _not_enough_for_s3(values)
    if refused:
        raise SettingsRefused(refused)
    return Settings(**values)  # type: ignore[arg-type]


def _not_enough_for_s3(values: Mapping[str, object]) -> Iterable[str]:
    if values.get("storage") != "s3":
        return
    for name in ("s3_endpoint", "s3_bucket", "s3_region", "s3_key_id", "s3_secret"):
        if not values.get(name):
            yield f"{PREFIX}{name.upper()} is missing: {_KNOWN[name].metadata['what']}."
    parts = urlsplit(str(values["s3_endpoint"] or ""))
    if parts.scheme == "http" and parts.netloc not in cast(frozenset[str], values["egress_private_allowed"]):
        yield (
            f"{PREFIX}S3_ENDPOINT cannot be used: plain http:// is for a private network alone; name its "
            f"host:port in {PREFIX}EGRESS_PRIVATE_ALLOWED, or give an https:// address."
        )


def _of_file(path: Path, refused: list[str]) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        refused.append(f"{path} cannot be read: {error.strerror}.")
        return {}
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        refused.append(f"{path} is not written as TOML: {error}.")
        return {}
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            continue  # a table such as [laptop] is for who starts the servers, not for the app
        found[name] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


_settings: Settings | None = None


def get_settings() -> Settings:
    """Read once a process."""
    global _settings
    if _settings is None:
        _settings = read_settings()
    return _settings


def use_settings(settings: Settings | None) -> None:
    """Tests and create_app(settings) say which; None forgets, so that they are read anew."""
    global _settings
    _settings = settings
