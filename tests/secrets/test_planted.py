"""A hundred secrets are planted, everything is made to fail, and none of them is found anywhere in any spelling.

In every sealed column and through every form with a secret field, both read from the code; then in what a dump, a
backup, the log, Redis, the metrics, the mails to the operator, error pages and settings pages hold.
"""

import base64
import dataclasses
import html
import json
import logging
import subprocess
import zlib
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import PasswordField
from wtforms.fields.core import UnboundField

from app.core import across_districts
from app.core.crypto import sealed_columns
from app.core.db import db, uuid7
from app.core.doorbell import Doorbell
from app.core.logs import Line
from app.core.queue import Work, later
from app.core.settings import Settings, get_settings, use_settings
from app.core.tenancy import as_district
from app.notices.models.mail_setting import MailSetting
from app.web.fields import PlainPaper
from jobs import run_work
from jobs.watch import look, tell
from tests import needs
from tests.auth.second_factor import set_up
from tests.cluster import TestDatabase
from tests.house import things
from tests.house.doors import doors, guarded, keys_of
from tests.house.things import Things
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, Peer
from tests.jobs import trial
from tests.operations.test_logs import Lines, breaks, lines
from tests.page_client import PageClient
from tests.secrets.rows import make, models_with_secrets
from tests.world import PASSWORD, Place, World

__all__ = ["breaks", "lines"]

AT_LEAST = 100
ROSTER = {
    "address": "https://sis.maple.example/ims/oneroster/rostering/v1p2",
    "method": "oauth2",
    "client_id": "frontoffice",
    "token_address": "https://sis.maple.example/token",
}


class Garden:
    """What was planted, and the places where it is looked for."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}
        self.places: dict[str, bytes] = {}

    def plant(self, where: str) -> str:
        """A secret of its own, with letters that each spelling writes differently."""
        secret = f"zq{uuid7().hex[8:]}é+/&=? {len(self.planted)}"
        self.planted[secret] = where
        return secret

    def plant_as_it_is(self, where: str, secret: str) -> None:
        """One that we made ourselves and told once."""
        self.planted[secret] = where

    def look_in(self, place: str, told: bytes | str) -> None:
        self.places[place] = self.places.get(place, b"") + (told.encode() if isinstance(told, str) else told)

    def found(self) -> list[str]:
        return [
            f"{where}, as {spelling}, in {place}"
            for secret, where in self.planted.items()
            for spelling, needle in spellings(secret)
            for place, hay in self.places.items()
            if needle in hay
        ]


def spellings(secret: str) -> Iterator[tuple[str, bytes]]:
    plain = secret.encode()
    yield "itself", plain
    yield "its first half", plain[: max(len(plain) // 2, 12)]
    yield "hex", plain.hex().encode()
    yield "hex in capitals", plain.hex().upper().encode()
    yield "URL", quote(secret, safe="").encode()
    yield "form", quote_plus(secret).encode()
    yield "JSON", json.dumps(secret)[1:-1].encode()
    yield "HTML", html.escape(secret).encode()
    yield "Python", repr(secret)[1:-1].encode()
    for shift in range(3):
        # Whatever stands before it shifts the groups of three; the ends depend on the neighbours.
        coded = base64.b64encode(bytes(shift) + plain)
        yield f"base64 at {shift}", coded[4:-4]
        yield f"base64url at {shift}", coded[4:-4].translate(bytes.maketrans(b"+/", b"-_"))


def secret_fields() -> list[tuple[type[PlainPaper], str]]:
    """Each field of any paper into which a secret is typed."""

    def below(paper: type[PlainPaper]) -> Iterator[type[PlainPaper]]:
        for one in paper.__subclasses__():
            yield one
            yield from below(one)

    return [
        (paper, name)
        for paper in below(PlainPaper)
        for name in dir(paper)
        if isinstance(field := getattr(paper, name), UnboundField)
        and issubclass(field.field_class, PasswordField)
    ]


class InWords(Lines):
    """The same, as it is written for people."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Line("tests", as_json=False))


@pytest.fixture
def garden() -> Garden:
    return Garden()


@pytest.fixture
def operators_mail(app: Flask) -> Iterator[Peer]:
    peer = Peer()
    server = mail_server.start(peer)
    use_settings(
        dataclasses.replace(
            get_settings(),
            smtp_relay_host=HOST,
            smtp_relay_port=server.port,
            smtp_relay_security="none",
            operator_contact="night@prairie.example",
            egress_private_allowed=frozenset({f"{HOST}:{server.port}"}),
        )
    )
    yield peer
    server.stop(no_assert=True)


def plant_in_every_column(app: Flask, world: World, garden: Garden) -> None:
    """Several rows of each model: what is written, what is written again, and what is taken away."""
    for model in models_with_secrets():
        for attribute in sealed_columns(model).values():
            where = f"{model.__tablename__}.{attribute.column}"
            for place in (world.maple, world.birch):
                made = sum(plant_one(app, place, model, attribute, garden, where) for _ in range(6))
                assert made >= 1, where


def plant_one(app: Flask, place: Place, model: Any, attribute: Any, garden: Garden, where: str) -> bool:
    """One row with a secret, and another secret in its place; False where a district has no room for one more."""
    with app.app_context(), as_district(place.id):
        try:
            row = make(model, **{attribute.name: garden.plant(where)})
        except IntegrityError:
            db.session.rollback()
            # A district has one, with several secrets: the ones after the first are written into it.
            row = db.session.scalars(select(model).limit(1)).one()
            if not str(getattr(row, attribute.name)).startswith("a value"):
                return False
            setattr(row, attribute.name, garden.plant(where))
        db.session.commit()
        if model.__tablename__ != "audit_personal":
            setattr(row, attribute.name, garden.plant(f"{where}, written again"))
            db.session.commit()
        return True


def plant_through_every_form(app: Flask, world: World, garden: Garden, there: Things) -> list[str]:
    """Each door through which something is sent gets each secret field there is, from an admin and from nobody."""
    names = sorted({name for _, name in secret_fields()})
    admin, nobody, sent = PageClient(app).sign_in(world.adams), PageClient(app), []
    for door in [one for one in doors(app) if one.method == "POST"]:
        if door.endpoint == "auth.sign_out_create":
            continue
        keys: dict[str, Any] = dict.fromkeys(door.parameters, "google") if door.guard.is_open else {}
        if door.guard.is_operators:
            keys = {"district_id": uuid7(), "id": uuid7()} if door.parameters else {}
        elif not door.guard.is_open:
            keys = keys_of(door, there.north)
        path = door.path(app, "maple", keys)
        if door.endpoint.startswith("portal."):
            path = path.removeprefix("/maple")
        for client in (nobody, admin):
            fields = {name: garden.plant(f"{name} at {door}") for name in names}
            answer = client.browser.post(
                path, data={**fields, "csrf_token": client.csrf_token("/maple/x") or ""}
            )
            garden.look_in("answers to forms", answer.get_data())
        sent.append(str(door))
    return sent


def keep_what_was_written(app: Flask, world: World, garden: Garden) -> None:
    """Settings are saved with their secrets; and once more when the session has ended meanwhile."""
    admin = PageClient(app).sign_in(world.adams)
    pages = {
        "/maple/mail-settings": (
            "/mail-settings",
            "password",
            {"driver": "smtp", "host": "smtp.maple.example"},
        ),
        "/maple/admin/services/google_sign_in": ("/registration", "client_secret", {"client_id": "abc"}),
        "/maple/admin/services/oneroster": ("/oneroster/connection", "secret", ROSTER),
    }
    for path, (action, field, more) in pages.items():
        page = admin.get(path, status=200)
        answer = admin.submit(page, action, **{field: garden.plant(f"{field} saved at {path}")}, **more)
        garden.look_in("answers to forms", answer.data)
        assert answer.status == 303, (path, answer)
        garden.look_in("settings pages", admin.get(path).data)
        stale = admin.get(path)
        left = PageClient(app)
        fields = {field: garden.plant(f"{field} after the session at {path}")}
        form = stale.form(action)
        answer = left.submit(stale, action, **fields, **more)
        assert form.get("action")
        assert "nothing you wrote is lost" in answer.text, path
        garden.look_in("answers to forms", answer.data)


def make_everything_fail(app: Flask, world: World, garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view, a job, a statement and a flush, each with secrets in its mouth."""
    held = {
        name: garden.plant(f"held by {name}") for name in ("the view", "the job", "the flush", "the text")
    }
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(trial, "SECRET", held["the job"])
    tess = PageClient(app).sign_in(world.tess)
    view = app.view_functions["helpdesk.tickets_show"]

    def broken(**_: Any) -> str:
        try:
            make(MailSetting, password=held["the flush"])
        except IntegrityError as error:
            raise ValueError(held["the view"]) from error
        return held["the text"]

    broken.guard = view.guard  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "helpdesk.tickets_show", broken)
    for htmx in (False, True):
        answer = tess.get("/maple/tickets/1001", htmx=htmx)
        assert answer.status == 500
        garden.look_in("error pages", answer.data)
    with app.app_context(), as_district(world.maple.id):
        for name in ("stumble", "refuse", "ask_again"):
            later(f"tests.jobs.trial.{name}", trial.SUBJECT)
        db.session.commit()
    for path in ("/maple/nobody", f"/maple/resets/{quote(garden.plant('a link'), safe='')}"):
        garden.look_in("error pages", PageClient(app).browser.get(path).get_data())


def use_what_we_made_ourselves(app: Flask, world: World, garden: Garden) -> None:
    """Sessions, the secret of an app, recovery codes, the paper for the safe."""
    bell = PageClient(app).sign_in(world.bell)
    cookie = bell.browser.get_cookie("fo_maple")
    assert cookie is not None
    garden.plant_as_it_is("a session", cookie.value)
    secret, codes = set_up(bell)
    garden.plant_as_it_is("the secret of an app", secret.replace(" ", ""))
    for code in codes:
        garden.plant_as_it_is("a recovery code", code)
    admin = PageClient(app).sign_in(world.adams)
    paper = admin.submit(admin.get("/maple/admin/sealed-account"), "/sealed-account", name="Safe")
    garden.plant_as_it_is("the code in the safe", paper.one(class_="secret").text)
    garden.plant_as_it_is("a password of the cast", PASSWORD)


def do_all_work(app: Flask) -> None:
    for _ in range(3):
        with app.app_context(), across_districts.session() as across:
            waiting = across.execute(select(Work.district_id, Work.id).where(Work.failed_at.is_(None))).all()
        for district_id, work_id in waiting:
            with app.app_context():
                run_work(str(district_id), str(work_id))


def collect(
    app: Flask, garden: Garden, database: TestDatabase, redis_url: str, peer: Peer, lines: Lines, folder: Path
) -> None:
    program = next(iter(Path("/usr/lib/postgresql").glob("*/bin/pg_dump")), None)
    if program is None:
        needs.missing("POSTGRES", "pg_dump is missing: apt-get install postgresql-client.")
    dump = subprocess.run(
        [program, "-h", database.cluster.sockets, "-U", "postgres", database.database],
        capture_output=True,
        check=True,
    )
    assert b"COPY public.mail_settings" in dump.stdout
    garden.look_in("pg_dump", dump.stdout)
    done = app.test_cli_runner().invoke(args=["backup", "--to", str(folder)])
    assert done.exit_code == 0, done.output
    garden.look_in("what commands say", done.output)
    for command in (["check"], ["audit", "verify", "maple"], ["rotate-district-key", "maple"]):
        garden.look_in("what commands say", app.test_cli_runner().invoke(args=command).output)
    for path in folder.rglob("*"):
        if path.is_file():
            garden.look_in("backups", path.read_bytes())
    with Redis.from_url(redis_url) as redis:
        keys = list(redis.scan_iter())
        assert any(key.startswith(b"rq:job:") for key in keys)
        for key in keys:
            garden.look_in("Redis", key + unpacked(redis, key))
    metrics = PageClient(app).browser.get("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert metrics.status_code == 200
    garden.look_in("metrics", metrics.get_data())
    with app.app_context():
        look(across_districts.session)
        tell(across_districts.session)
    assert peer.got
    for _, _, mail in peer.got:
        garden.look_in("mails", mail + readable(mail))
    garden.look_in("the log as JSON", "\n".join(lines.written))


def readable(mail: bytes) -> bytes:
    """Its text parts, as somebody reads them: a transfer encoding would hide what is in them."""
    parts = [part for part in message_from_bytes(mail).walk() if not part.is_multipart()]
    return b"\n".join(bytes(part.get_payload(decode=True) or b"") for part in parts)


def unpacked(redis: Any, key: bytes) -> bytes:
    """Whatever lies there; rq packs what a job is given."""
    kind = redis.type(key)
    if kind == b"hash":
        values = [value for pair in redis.hgetall(key).items() for value in pair]
    elif kind == b"list":
        values = redis.lrange(key, 0, -1)
    elif kind in (b"set", b"zset"):
        values = redis.smembers(key) if kind == b"set" else redis.zrange(key, 0, -1)
    else:
        values = [redis.get(key)]
    told = b"\n".join(value for value in values if value)
    for value in values:
        try:
            told += zlib.decompress(value)
        except (zlib.error, TypeError):
            continue
    return told


def read_all_pages(app: Flask, world: World, garden: Garden, there: Things) -> int:
    """Every page that an admin can open."""
    seen = 0
    admin = PageClient(app).sign_in(world.adams)
    for door in [one for one in guarded(app) if one.method == "GET"]:
        answer = admin.browser.get(door.path(app, "maple", keys_of(door, there.north)))
        garden.look_in("settings pages", answer.get_data())
        seen += answer.status_code == 200
    return seen


def _is_for_the_admin(found: str) -> bool:
    """The numbers of colleagues to which texts go in practice: an admin wrote them down, and sees them on that page."""
    return found.startswith("text_settings.staff_numbers_sealed") and found.endswith(
        ("in settings pages", "in answers to forms")
    )


@pytest.mark.slow
def test_none_is_found(
    app: Flask,
    world: World,
    garden: Garden,
    database: TestDatabase,
    redis_url: str,
    operators_mail: Peer,
    lines: Lines,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_words = InWords()
    logging.getLogger().addHandler(in_words)
    app.extensions["doorbell"] = Doorbell(redis_url)
    try:
        plant_in_every_column(app, world, garden)
        use_what_we_made_ourselves(app, world, garden)
        keep_what_was_written(app, world, garden)
        there = things.make(app, world)
        sent = plant_through_every_form(app, world, garden, there)
        make_everything_fail(app, world, garden, monkeypatch)
        assert read_all_pages(app, world, garden, there) > 15
        do_all_work(app)
        with app.app_context(), as_district(world.maple.id):
            later("tests.jobs.trial.stumble", trial.SUBJECT)
            db.session.commit()
        collect(app, garden, database, redis_url, operators_mail, lines, tmp_path / "backups")
    finally:
        del app.extensions["doorbell"]
        logging.getLogger().removeHandler(in_words)
    garden.look_in("the log in words", "\n".join(in_words.written))

    assert b"ValueError" in garden.places["the log as JSON"]
    assert b"IntegrityError" in garden.places["the log in words"]
    assert len(garden.planted) >= AT_LEAST
    assert len(sent) > 60
    assert set(garden.places) == {
        "answers to forms",
        "settings pages",
        "error pages",
        "pg_dump",
        "backups",
        "what commands say",
        "Redis",
        "metrics",
        "mails",
        "the log as JSON",
        "the log in words",
    }
    assert [one for one in garden.found() if not _is_for_the_admin(one)] == []


def test_the_looking_itself_finds_what_is_there() -> None:
    """Else an empty list would say nothing."""
    for spelled in ("plain", "base64", "hex", "url", "json", "html"):
        garden = Garden()
        secret = garden.plant("here")
        written = {
            "plain": secret.encode(),
            "base64": base64.b64encode(b"password=" + secret.encode() + b";"),
            "hex": secret.encode().hex().encode(),
            "url": quote(secret, safe="").encode(),
            "json": json.dumps({"password": secret}).encode(),
            "html": html.escape(secret).encode(),
        }[spelled]
        garden.look_in("a place", b"before " + written + b" after")

        assert garden.found(), spelled


def test_every_secret_field_is_known_as_one() -> None:
    """A field called so is a password field: no browser shows it, and no answer has it in it."""
    wrong = []

    def below(paper: type[PlainPaper]) -> Iterator[type[PlainPaper]]:
        for one in paper.__subclasses__():
            yield one
            yield from below(one)

    for paper in below(PlainPaper):
        for name in dir(paper):
            field = getattr(paper, name)
            if isinstance(field, UnboundField) and any(word in name for word in ("secret", "password")):
                is_date = "expires" in name
                if not is_date and not issubclass(field.field_class, PasswordField):
                    wrong.append(f"{paper.__name__}.{name}")

    assert wrong == []
