"""A deployment on one machine, its hosts told apart by folder and port, set up as docs/deployment.md says.

What an operator would type is typed here, and what an operator would copy is read from deploy/.
"""

import base64
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller
from psycopg import sql
from werkzeug import Client
from werkzeug.exceptions import NotFound
from werkzeug.middleware.http_proxy import ProxyMiddleware

from app.laptop.children import Child
from app.laptop.postgres import Cluster, binaries_for, keeper_of_the_data, within_reach
from app.laptop.redis_server import answers, find_redis
from tests import needs, pooler, storage_server
from tests.integrations.mail_server import Peer
from tests.loopback import free_port
from tests.page_client import Page, PageClient
from tests.storage_server import StorageServer

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DATABASE = "frontoffice"
SITE = "https://desk.example.org"
HOST = "127.0.0.1"


def wait_until(true: Callable[[], object], what: str, seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"After {seconds:.0f} seconds still not: {what}"
        time.sleep(0.1)


@dataclass
class Hosts:
    """Every address and password of it, and the processes by name."""

    folder: Path
    database: Mapping[str, str]
    web_database: Mapping[str, str]
    redis_url: str
    storage: StorageServer
    relay: Peer
    relay_port: int
    smtp_port: int
    web_ports: tuple[int, int]
    running: dict[str, Child] = field(default_factory=dict)

    def settings(self, host: str) -> dict[str, str]:
        """deploy/frontoffice.env.example, filled in for one of the hosts."""
        example = read_environment(DEPLOY / "frontoffice.env.example")
        is_web = host in {"web-a", "web-b"}
        filled = {
            "FRONTOFFICE_BASE_URL": SITE,
            "FRONTOFFICE_INSTANCE": str(self.folder / host),
            "FRONTOFFICE_MASTER_KEYS": self.database["master_keys"],
            "FRONTOFFICE_COOKIE_SECRET": self.database["cookie_secret"],
            "FRONTOFFICE_DATABASE_URL": self.web_database["url"] if is_web else self.database["app"],
            "FRONTOFFICE_DATABASE_POOLED": self.web_database["pooled"] if is_web else "no",
            "FRONTOFFICE_DATABASE_ACROSS_URL": "" if is_web or "worker" in host else self.database["across"],
            "FRONTOFFICE_REDIS_URL": self.redis_url,
            "FRONTOFFICE_SMTP_RELAY_HOST": HOST,
            "FRONTOFFICE_SMTP_RELAY_PORT": str(self.relay_port),
            "FRONTOFFICE_SMTP_RELAY_SECURITY": "none",
            "FRONTOFFICE_SMTP_RELAY_USERNAME": "",
            "FRONTOFFICE_SMTP_RELAY_PASSWORD": "",
            "FRONTOFFICE_SMTP_PORT": str(self.smtp_port),
            **self.storage.settings,
        }
        allowed = f"{self.storage.at},{HOST}:{self.relay_port}"
        filled["FRONTOFFICE_EGRESS_PRIVATE_ALLOWED"] = allowed
        missing = {name for name, value in (example | filled).items() if value == "" and name not in filled}
        assert not missing, f"The example leaves open what nothing fills in: {missing}"
        plain = {name: value for name, value in os.environ.items() if not is_ours(name)}
        return plain | example | filled

    def flask(self, *words: str, **more: str) -> str:
        """One of the operator's commands, on a host of their own; what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env=self.settings("operator") | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def start(self, name: str) -> None:
        """A process as its systemd unit starts it."""
        kind = re.sub(r"-[ab12]$", "", name)
        order = command_of(kind)
        env = self.settings(name)
        if kind == "web":
            env |= {"FRONTOFFICE_PORT": str(self.web_ports[name == "web-b"]), "WEB_CONCURRENCY": "2"}
        (self.folder / name).mkdir(exist_ok=True)
        child = Child(name, order, log=self.folder / f"{name}.log", env=env, cwd=str(ROOT))
        child.start()
        self.running[name] = child

    def kill(self, name: str) -> None:
        """As a power cut would: this process and all that it forked."""
        process = self.running.pop(name).process
        assert process is not None
        os.killpg(process.pid, 9)
        process.wait()

    def end_all(self) -> None:
        for child in self.running.values():  # all are told before any is waited for
            if child.process is not None:
                child.process.terminate()
        for child in reversed(self.running.values()):
            child.end()

    def asked(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says to role across."""
        with psycopg.connect(self.database["across"].replace("+psycopg", ""), autocommit=True) as connection:
            return connection.execute(question, values).fetchall()

    def words_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


class Visitor(PageClient):
    """A browser at the site. The proxy between sends it to one of the web servers, and to the other when told."""

    def __init__(self, ports: tuple[int, int], web: int) -> None:
        self.web = web
        self._ports = ports
        self._proxy = ProxyMiddleware(NotFound(), {}, timeout=20)
        self.browser = Client(self._pass_on)  # type: ignore[assignment]
        self._csrf = {}

    def _pass_on(self, environ: dict[str, Any], start: Any) -> Any:
        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if status.startswith("502"):  # the proxy's own words, and no page of ours
                headers = [("Content-Type", "text/plain")]
            return start(status, headers, *rest)

        server = {
            "target": f"http://{HOST}:{self._ports[self.web]}/",
            "host": None,  # as the browser named it
            "headers": {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"},
            "remove_prefix": False,
            "ssl_context": None,
        }
        return self._proxy.proxy_to(server, environ["PATH_INFO"], "/")(environ, begin)

    def _ask(self, method: str, path: str, htmx: bool, status: int | None, kwargs: dict[str, Any]) -> Page:
        headers = {"Origin": SITE, **kwargs.pop("headers", {})}
        return super()._ask(method, path, htmx, status, {**kwargs, "headers": headers, "base_url": SITE})


def is_ours(name: str) -> bool:
    return name.startswith(("FRONTOFFICE_", "AWS_")) or name in {"REDIS_URL", "DATABASE_URL"}


def read_environment(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def command_of(kind: str) -> list[str]:
    """What a unit starts, with this Python in the place of its own."""
    unit = (
        DEPLOY
        / "systemd"
        / (f"frontoffice-{kind}@.service" if kind == "worker" else f"frontoffice-{kind}.service")
    )
    found = re.search(r"^ExecStart=/opt/frontoffice/\.venv/bin/python (.+)$", unit.read_text(), re.MULTILINE)
    assert found is not None, unit
    return [sys.executable, *found[1].split()]


def statements(path: Path) -> list[str]:
    """As psql reads a file: one statement at a time."""
    text = re.sub(r"--.*", "", path.read_text())
    return [one.strip() for one in text.split(";") if one.strip()]


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, int, dict[str, str]]]:
    """A server that asks for passwords, laid out by an administrator who is no superuser."""
    keeper, port = keeper_of_the_data(), free_port()
    superuser = secrets.token_urlsafe(18)
    found = within_reach(binaries_for(None, None), keeper, folder / "shelf")
    sockets = folder / "postgres-run"
    keeper.owns(sockets)
    cluster = Cluster(found, folder / "postgres", sockets, keeper, password=superuser)
    cluster.make(sync=False)
    server = cluster.server(folder / "postgres.log", listen_addresses=HOST, port=str(port))
    server.start()

    def connect(user: str, password: str, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=HOST, port=port, user=user, password=password, dbname=database, autocommit=True
        )

    def is_up() -> bool:
        try:
            connect("postgres", superuser).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        wait_until(is_up, "PostgreSQL answers")
        passwords = {role: secrets.token_urlsafe(18) for role in ("dba", "owner", "app", "across")}
        with connect("postgres", superuser) as first:
            first.execute(
                sql.SQL("create role dba login createrole createdb password {}").format(passwords["dba"])
            )
        with connect("dba", passwords["dba"]) as dba:
            for statement in statements(DEPLOY / "postgresql" / "roles.sql"):
                dba.execute(statement.encode())
            for role in ("owner", "app", "across"):
                dba.execute(
                    sql.SQL("alter role {} password {}").format(sql.Identifier(role), passwords[role])
                )
        with connect("dba", passwords["dba"], DATABASE) as dba:
            for statement in statements(DEPLOY / "postgresql" / "schema.sql"):
                dba.execute(statement.encode())
        yield HOST, port, passwords
    finally:
        server.end()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    program = find_redis()
    if program is None:
        needs.missing("REDIS", "No Redis on this machine: apt-get install redis-server.")
    port, password = free_port(), secrets.token_urlsafe(18)
    options = ("--port", str(port), "--bind", HOST, "--requirepass", password, "--dir", str(folder))
    server = Child(
        "redis", [str(program), *options, "--save", "", "--appendonly", "yes"], log=folder / "redis.log"
    )
    server.start()
    try:
        url = f"redis://:{password}@{HOST}:{port}/0"
        assert answers(url), server.last_lines()
        yield url
    finally:
        server.end()


@contextmanager
def relay() -> Iterator[tuple[Peer, int]]:
    """The mail server through which answers leave."""
    peer, port = Peer(), free_port()
    controller = Controller(peer, hostname=HOST, port=port)
    controller.start()
    try:
        yield peer, port
    finally:
        controller.stop()


@contextmanager
def hosts(folder: Path) -> Iterator[Hosts]:
    """Everything but our own processes. pgbouncer stands before the web hosts where there is one."""
    with ExitStack() as stack:
        host, port, passwords = stack.enter_context(postgres(folder))

        def url(role: str, at: int = port) -> str:
            return f"postgresql://{role}:{passwords[role]}@{host}:{at}/{DATABASE}"

        pooled = pooler.find()
        if pooled is None and needs.is_required("PGBOUNCER"):
            needs.pooler()
        web = {"url": url("app"), "pooled": "no"}
        if pooled is not None:
            at = stack.enter_context(
                pooler.running(
                    pooled,
                    folder,
                    database=DATABASE,
                    host=host,
                    port=port,
                    passwords={"app": passwords["app"]},
                    server_tls_sslmode="disable",
                )
            )
            web = {"url": url("app", at), "pooled": "yes"}
        peer, relay_port = stack.enter_context(relay())
        made = Hosts(
            folder=folder,
            database={
                "owner": url("owner"),
                "app": url("app"),
                "across": url("across"),
                "master_keys": f"first:{base64.b64encode(secrets.token_bytes(32)).decode()}",
                "cookie_secret": secrets.token_urlsafe(32),
            },
            web_database=web,
            redis_url=stack.enter_context(redis(folder)),
            storage=stack.enter_context(storage_server.running(free_port(), folder / "s3.log")),
            relay=peer,
            relay_port=relay_port,
            smtp_port=free_port(),
            web_ports=(free_port(), free_port()),
        )
        try:
            yield made
        finally:
            made.end_all()
