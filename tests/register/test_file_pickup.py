"""A file that lies ready is fetched at night, and goes the way of an upload: nothing counts that nobody vouched for."""

import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock, services
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.quotas import STORED, used
from app.core.services import ATTENDANCE_FILE
from app.core.settings import Settings, use_settings
from app.core.tenancy import as_district
from app.register.actions import connecting, importing
from app.register.actions.connecting import Particulars
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.import_school import ImportSchool
from app.register.models.register_connection import FILE, RegisterConnection
from app.register.models.register_import import RegisterImport
from app.roster.actions.refused import Refused
from tests import cluster
from tests.register import registers, systems
from tests.register.files import a_file, a_set
from tests.register.test_imports import marks, notes, set_aside
from tests.roster import families
from tests.world import World

MON, TUE, FRI = (date(2026, 9, 7) + timedelta(days=at) for at in (0, 1, 11))
PASSWORD = "a-password-of-maple"


class Place(ThreadingHTTPServer):
    """One file behind a password. `status`: what it answers instead, if that is not 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.file, self.status, self.cut = b"", 200, False
        self.asked: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/exports/attendance.zip"


class _Answering(BaseHTTPRequestHandler):
    server: Place

    def do_GET(self) -> None:
        place = self.server
        place.asked.append(self.headers.get("Authorization", ""))
        place.meanwhile()
        basic = f"Basic {base64.b64encode(f'sis:{PASSWORD}'.encode()).decode()}"
        known = self.headers.get("Authorization") in (basic, f"Bearer {PASSWORD}")
        status = place.status if known else 401
        self.send_response(status)
        self.send_header("Content-Length", str(len(place.file)))
        if 300 <= status < 400:
            self.send_header("Location", "https://birch.example/attendance.zip")
        self.end_headers()
        self.wfile.write(place.file[: len(place.file) // 2] if place.cut else place.file)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def place(app: Flask, world: World, settings: Settings) -> Iterator[Place]:
    noon = datetime(2026, 9, 21, 17, tzinfo=UTC)
    place = Place()
    thread = threading.Thread(target=place.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(noon):
        use_settings(replace(settings, egress_private_allowed=frozenset({f"127.0.0.1:{place.server_port}"})))
        for at in range(1, 6):
            families.student("Mia", f"Reyes {at}", number=f"100{at}", school=world.maple.schools["North"])
        registers.calendar(world.maple.schools["North"], weeks=3)
        registers.code("U", "absent", "unexcused")
        systems.a_year()
        connect(place)
        yield place
    place.shutdown()
    place.server_close()
    thread.join()


def connect(place: Place, **more: Any) -> None:
    told = {"address": place.address, "user": "sis", "covers": ""}
    own = {name: more.pop(name) for name in list(more) if name in told}
    systems.connect(FILE, ATTENDANCE_FILE, {**told, **own}, PASSWORD, **more)


def a_window(*rows: Any) -> bytes:
    return a_set(first=MON, last=FRI, marks=rows)


def done(**more: Any) -> RegisterImport:
    run = systems.read(FILE, **more)
    assert run.state == "done", (run.sentence, notes(run))
    return run


def failed() -> str:
    before, stored = marks(), used(STORED)
    run = systems.read(FILE)
    assert run.state == "failed"
    assert run.sentence
    assert (marks(), used(STORED)) == (before, stored)
    return run.sentence


def test_no_transaction_is_open_while_the_place_answers(place: Place, database: cluster.TestDatabase) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"))
    idle = "select count(*) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()"
    found: list[int] = []

    def count() -> None:
        with database.connect() as connection:
            found.extend(int(str(row[0])) for row in connection.execute(idle))

    place.meanwhile = count
    done()

    assert found == [0]


def test_a_file_that_lies_ready_becomes_the_register(place: Place) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"), ("9999", "North", MON, "", "U"))

    run = done()

    assert marks() == {("1001", MON, "DAY"): "U"}
    assert list(set_aside(run).values()) == ["unknown_student"]
    assert used(STORED) == 0


def test_a_night_applies_by_itself_what_is_usual_and_a_manifest_says_the_days(place: Place) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"))

    run = done(by_itself=True)

    assert (run.first_day, run.last_day) == (MON, FRI)
    assert marks() == {("1001", MON, "DAY"): "U"}


def test_without_a_manifest_it_is_of_the_days_that_were_said(place: Place) -> None:
    place.file = a_file("marks", [("1001", "North", MON, "", "U")])
    assert done().first_day == date(2026, 8, 24)

    connect(place, covers="year")
    place.file = a_file("marks", [("1001", "North", MON, "", "U"), ("1002", "North", TUE, "", "U")])
    run = done()

    assert (run.first_day, run.is_whole) == (date(2026, 8, 24), True)


def test_the_same_file_again_is_no_work(place: Place) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"))
    done()

    run = done()

    assert "applied before" in notes(run)
    assert run.read_in_all == 0


def test_half_a_file_waits_for_somebody(place: Place) -> None:
    rows = [
        (f"100{at}", "North", MON + timedelta(days=day), "", "U") for at in range(1, 6) for day in range(5)
    ]
    place.file = a_window(*rows)
    done()
    place.file = a_window(*rows[:12])

    run = systems.read(FILE, by_itself=True)

    assert run.state == "ready"
    assert [one.asks for one in ImportSchool.of(run.id)] == ["absences"]
    assert len(marks()) == 25


def test_columns_that_nobody_knows_wait_for_somebody(place: Place) -> None:
    place.file = a_file("marks", [("1001", "North", MON, "", "U")], head="a,b,c,d,e,f,g,h")

    run = systems.read(FILE, by_itself=True)

    assert run.state == "columns"


def test_a_file_that_breaks_off_is_fetched_again_and_never_half_read(place: Place) -> None:
    place.file, place.cut = a_window(("1001", "North", MON, "", "U")), True

    assert "asked 8 times in a row" in failed()

    place.cut = False
    done()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(302, "not followed"), (404, "no file at the address"), (403, "does not accept"), (418, "error 418")],
)
def test_what_somebody_must_see_to_is_said(place: Place, status: int, sentence: str) -> None:
    place.status = status

    assert sentence in failed()


def test_a_page_of_html_is_no_file(place: Place) -> None:
    place.file = b"<html><body>Sign in</body></html>"

    assert "a page and no file" in failed()


def test_a_token_goes_without_a_name(place: Place) -> None:
    connect(place, user="")
    place.file = a_window(("1001", "North", MON, "", "U"))

    done()

    assert place.asked[-1] == f"Bearer {PASSWORD}"


def test_cancelled_while_it_is_fetched_it_leaves_no_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"))
    connection = RegisterConnection.of_kind(FILE)
    assert connection is not None
    run = importing.begin_asking(connection, by=SYSTEM)
    run_id = run.id
    importing.cancel(run)
    db.session.commit()

    assert systems.go_on(run_id).state == "cancelled"
    assert used(STORED) == 0
    assert not place.asked


def test_a_trial_names_the_files_that_are_there(place: Place) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"))

    assert connecting.try_out(FILE) == "There is a file, with marks.csv."

    place.status = 404
    with pytest.raises(Refused, match="no file at the address"):
        connecting.try_out(FILE)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://10.1.2.3/a.zip", "private"),
        ("http://files.maple.example/a.zip", "https alone"),
        ("ftp://files.maple.example/a.zip", "whole address"),
    ],
)
def test_an_address_that_is_never_called_is_refused_when_it_is_typed(
    place: Place, address: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        connecting.change(FILE, Particulars(settings={"address": address}, secret=PASSWORD), by=SYSTEM)


def test_birch_sees_neither_the_connection_nor_its_marks(place: Place, world: World) -> None:
    place.file = a_window(("1001", "North", MON, "", "U"))
    done()

    with as_district(world.birch.id):
        assert RegisterConnection.of_kind(FILE) is None
        assert not services.is_on(ATTENDANCE_FILE)
        assert db.session.scalar(select(func.count()).select_from(AttendanceMark)) == 0
