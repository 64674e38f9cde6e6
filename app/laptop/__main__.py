"""`python -m app.laptop` runs everything until Ctrl-C; `python -m app.laptop demo-reset` makes the demo as new."""

import http.client
import os
import shutil
import socket
import sys
import time
from pathlib import Path

from app.core.settings import SettingsRefused, read_settings
from app.laptop.children import Child, Supervisor, say_to
from app.laptop.instance import AlreadyRunning, Instance
from app.laptop.postgres import NoPostgres
from app.laptop.servers import Database, drop_database, start_postgres, start_redis
from app.laptop.welcome import welcome

CHECKOUT = Path(__file__).parent.parent.parent
DEMO = {"maple", "birch"}


class CannotStart(Exception):
    """The sentence says what to do."""


def main() -> None:
    os.umask(0o077)
    os.chdir(CHECKOUT)
    say = say_to(sys.stdout)
    supervisor = Supervisor(say)
    supervisor.heed_signals()
    order = sys.argv[1:]
    try:
        if order == []:
            run(supervisor)
        elif order == ["demo-reset"]:
            reset(supervisor)
        else:
            sys.exit("Say `make run` or `make demo-reset`.")
    except (AlreadyRunning, CannotStart, NoPostgres, SettingsRefused) as refused:
        sys.exit(str(refused))
    finally:
        supervisor.end_all()


def run(supervisor: Supervisor) -> None:
    began = time.monotonic()
    instance = _instance()
    port, smtp_port = _port("FRONTOFFICE_PORT", 8000), _port("FRONTOFFICE_SMTP_PORT", 2525)
    _is_free(port, "FRONTOFFICE_PORT")
    _is_free(smtp_port, "FRONTOFFICE_SMTP_PORT")
    try:
        _servers(instance, supervisor, port, smtp_port)
        if supervisor.asked_to_end:
            return
        _start_the_web(instance, supervisor, port)
        if not supervisor.asked_to_end:
            seconds = time.monotonic() - began
            _start_the_night_staff(instance, supervisor)
            supervisor.say(welcome(port, smtp_port, instance.folder, seconds))
        supervisor.watch()
        supervisor.say("Ending …")
        supervisor.end_all()
    finally:
        instance.forget_running()


def reset(supervisor: Supervisor) -> None:
    """The demo's data go, and its keys, files and mail; then it is made anew."""
    instance = _instance()
    if str(instance.config().get("demo", "no")) != "yes":
        raise CannotStart(
            f'{instance.folder} is no demo (its config.toml does not say demo = "yes"): nothing was reset.'
        )
    try:
        database = start_postgres(instance, supervisor)
        real = database.slugs() - DEMO
        if os.environ.get("DATABASE_URL") and real:
            raise CannotStart(
                f"The database that DATABASE_URL names holds {', '.join(sorted(real))}: nothing was reset."
            )
        drop_database(database)
        for name in ("files", "mail", "maildir-in", "redis"):
            shutil.rmtree(instance.folder / name, ignore_errors=True)
        database.lay_out()
        _write_running(instance, database, None, 8000, 2525)
        _prepare(instance, supervisor)
        supervisor.say("The demo is as new. Start it with: make run")
    finally:
        instance.forget_running()


def _instance() -> Instance:
    instance = Instance(Path(os.environ.get("FRONTOFFICE_INSTANCE") or "instance").absolute())
    os.environ["FRONTOFFICE_INSTANCE"] = str(instance.folder)
    instance.lock()
    instance.config()
    return instance


def _servers(instance: Instance, supervisor: Supervisor, port: int, smtp_port: int) -> None:
    # a setting that cannot be used is told before anything starts, and once, not by five processes
    read_settings({"FRONTOFFICE_DATABASE_URL": "postgresql://known/later", **os.environ})
    database = start_postgres(instance, supervisor)
    redis_url = start_redis(instance, supervisor)
    _write_running(instance, database, redis_url, port, smtp_port)
    if not database.is_as_new_as_the_code():
        _prepare(instance, supervisor)


def _write_running(
    instance: Instance, database: Database, redis_url: str | None, port: int, smtp_port: int
) -> None:
    instance.write_running(
        {
            "port": port,
            "smtp_port": smtp_port,
            "database_url": database.url("app"),
            "database_owner_url": database.url("owner"),
            "database_across_url": database.url("across"),
            "redis_url": redis_url or "",
            "log": "words",
        }
    )


def _prepare(instance: Instance, supervisor: Supervisor) -> None:
    supervisor.say("Preparing the database and the demo …")
    preparing = Child(
        "prepare", [sys.executable, "-m", "app.laptop.prepare"], log=instance.logs / "prepare.log"
    )
    preparing.start()
    while not preparing.ended():
        if supervisor.asked_to_end:
            preparing.end()
            return
        time.sleep(0.05)
    if preparing.process is not None and preparing.process.returncode:
        raise CannotStart(f"The database could not be prepared.\n{preparing.last_lines(30)}")


def _process(instance: Instance, supervisor: Supervisor, name: str, *order: str) -> Child:
    log = instance.logs / f"{name.replace(' ', '-')}.log"
    # One arena for all threads: what a picture took goes back, and a small machine stays small.
    env = {**os.environ, "MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
    return supervisor.start(Child(name, [sys.executable, "-m", *order], log=log, env=env))


def _start_the_web(instance: Instance, supervisor: Supervisor, port: int) -> None:
    """The application is read once and then forked."""
    web = _process(
        instance,
        supervisor,
        "web",
        *(
            "gunicorn",
            "--config",
            "python:app.web.serving",
            "wsgi:app",
            "--preload",
            "--bind",
            f"127.0.0.1:{port}",
            "--worker-class",
            "gthread",
        ),
        *("--workers", os.environ.get("WEB_CONCURRENCY", "2"), "--threads", "4", "--no-control-socket"),
        # No access log: addresses hold what was searched for, and links that open an account.
        *("--graceful-timeout", "10", "--timeout", "60"),
    )
    _wait_for_the_first_page(supervisor, web, port)


def _start_the_night_staff(instance: Instance, supervisor: Supervisor) -> None:
    """After the first page, for which they would only compete; who takes work in is started last, ended first."""
    _process(instance, supervisor, "worker", "jobs.worker")
    _process(instance, supervisor, "timetable", "jobs.schedule")
    _process(instance, supervisor, "mail door", "jobs.mail_door")


def _wait_for_the_first_page(supervisor: Supervisor, web: Child, port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not supervisor.asked_to_end:
        try:
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", "/healthz")
            if asked.getresponse().status == 200:
                return
        except OSError:
            pass
        if web.ended():
            raise CannotStart(f"The web server did not start.\n{web.last_lines(30)}")
        if time.monotonic() > until:
            raise CannotStart(
                f"The web server did not answer within {seconds:.0f} seconds.\n{web.last_lines(30)}"
            )
        time.sleep(0.1)


def _port(name: str, usual: int) -> int:
    given = os.environ.get(name) or str(usual)
    if not given.isdigit() or not 1 <= int(given) <= 65535:
        raise CannotStart(f"{name} must be a port number from 1 to 65535.")
    return int(given)


def _is_free(port: int, name: str) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotStart(
                f"Port {port} is not for ordinary programs. Choose one above 1023: {name}={port + 8000}"
            ) from None
        except OSError:
            raise CannotStart(
                f"Port {port} is taken by another program. Choose another: {name}={port + 1} make run"
            ) from None


if __name__ == "__main__":
    main()
