"""What the processes write down, and that no person is in it."""

import dataclasses
import io
import json
import logging
import smtplib
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.auth.models.account import Account
from app.core import across_districts, logs
from app.core.db import db
from app.core.logs import Line, fault_of
from app.core.queue import TryAgain, Work, later
from app.core.services import OPERATOR_RELAY
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.integrations.mailbox.smtp import SmtpDoor
from app.notices.models.message import Message
from app.roster.models.person import Person
from jobs import run_work
from jobs.mail_door import deliver
from tests.auth.test_links import fill, reset_link
from tests.auth.test_sign_in import sign_in
from tests.helpdesk.desk import ask, written
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, Peer
from tests.jobs import trial
from tests.jobs.test_mail_door import client as at_the_door
from tests.jobs.test_mail_door import open_at
from tests.page_client import PageClient
from tests.world import PASSWORD, World

__all__ = ["open_at"]

TITLE = "The projector in 204 is dark"
TEXT = "Ask Walter Nolan from period 3, he saw it fall."
FILE = "walter-nolan.txt"


class Lines(logging.Handler):
    """What would be written to the end of the world, at every level, as JSON."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(Line("tests", as_json=True))
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def breaks(app: Flask) -> Iterator[None]:
    """A view that fails with everything in its mouth, answered as it is in production."""
    view = app.view_functions["helpdesk.tickets_show"]

    def broken(**_: Any) -> str:
        db.session.add(Account(email="bell@maple.example", name="Nora Bell", person_id=None))
        try:
            db.session.flush()
        except IntegrityError as error:
            raise ValueError(f"Nora Bell wrote: {TEXT}") from error
        return ""

    broken.guard = view.guard  # type: ignore[attr-defined]
    app.view_functions["helpdesk.tickets_show"] = broken
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield
    app.config["PROPAGATE_EXCEPTIONS"] = None
    app.view_functions["helpdesk.tickets_show"] = view


def run_everything(app: Flask) -> None:
    for _ in range(5):
        with app.app_context(), across_districts.session() as across:
            waiting = across.execute(select(Work.district_id, Work.id).where(Work.failed_at.is_(None))).all()
        for district_id, work_id in waiting:
            with app.app_context():
                run_work(str(district_id), str(work_id))


def test_no_person_is_in_any_line(
    app: Flask, client: PageClient, world: World, lines: Lines, breaks: None, open_at: Any
) -> None:
    peer = Peer(answers_rcpt={world.bell.email: f"550 5.1.1 {world.bell.email} is unknown, ask Nora Bell"})
    server = mail_server.start(peer)
    use_settings(
        dataclasses.replace(
            get_settings(),
            smtp_relay_host=HOST,
            smtp_relay_port=server.port,
            smtp_relay_security="none",
            egress_private_allowed=frozenset({f"{HOST}:{server.port}", f"{HOST}:1"}),
            demo=False,
        )
    )
    try:
        # signing in, with and without the right password, and by a link
        sign_in(client, "bell@maple.example", "seven wrong words of Nora")
        sign_in(client, "bell@maple.example")
        cookie = client.browser.get_cookie("fo_maple")
        link = reset_link(app, world.ortiz)
        fill(PageClient(app), link)
        PageClient(app).get("/maple/nobody/bell@maple.example?q=Nora+Bell")
        # a request with a file, searched for, answered
        form = client.get("/maple/requests/new", status=200)
        asked = client.submit(
            form, title=TITLE, text=TEXT, files=[(io.BytesIO(TEXT.encode()), FILE)], status=303
        )
        tess = PageClient(app).sign_in(world.tess)
        tess.get("/maple/tickets?q=Walter+Nolan", status=200)
        tess.post("/maple/tickets/1001/replies", {"text": "Dear Nora Bell"})
        # mail in: known, unknown, and nobody's
        with at_the_door(open_at()) as smtp:
            raw = f"From: Nora Bell <bell@maple.example>\r\nSubject: {TITLE}\r\n\r\n{TEXT}\r\n".encode()
            smtp.sendmail("bell@maple.example", ["help@maple.example"], raw)
            smtp.sendmail("walter.nolan@gmail.example", ["help@maple.example"], raw)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                smtp.sendmail("bell@maple.example", ["nora.bell@maple.example"], raw)
        # mail out, refused with the person's name; a server that is not there
        run_everything(app)
        with app.app_context(), pytest.raises(TryAgain):
            SmtpDoor(OPERATOR_RELAY, HOST, 1, "none").send(b"Nora", "a@b.example", ["c@d.example"])
        # a fault in a view and in a job
        assert tess.get("/maple/tickets/1001").status == 500
        with app.app_context(), as_district(world.maple.id):
            later("tests.jobs.trial.stumble", trial.SUBJECT)
            db.session.commit()
        run_everything(app)
    finally:
        server.stop(no_assert=True)

    assert asked.location
    with app.app_context(), as_district(world.maple.id):
        sent = db.session.scalars(select(Message)).all()
        assert {message.state for message in sent} >= {"failed"}
        ids = [message.message_id or "" for message in sent]
    said = "\n".join(lines.written)
    doors = {line.get("door") for line in lines.read()}
    assert {"auth.sign_in_create", "helpdesk.requests_create", "helpdesk.tickets_show"} <= doors, doors
    assert any(line.get("job") == "jobs.helpdesk.take_in" for line in lines.read())
    assert any(line.get("job") == "jobs.notices.deliver" for line in lines.read())
    assert "550 5.1.1" in said
    assert "ValueError" in said
    assert "IntegrityError" in said
    secrets = [
        "Nora",
        "Okafor",
        "Ortiz",
        "Nolan",
        "nolan",
        "bell@",
        "ortiz@",
        "@maple.example",
        "gmail.example",
        TITLE,
        "projector",
        "period 3",
        PASSWORD,
        "wrong words",
        link.rpartition("/")[2],
        cookie.value if cookie else "no cookie",
        trial.SECRET,
        str(world.maple.domain),
        *filter(None, ids),
    ]
    assert cookie is not None
    for secret in secrets:
        found = [line for line in lines.written if secret in line]
        assert not found, f"{secret!r} was written down: {found[0]}"


def test_a_request_line_has_the_door_and_not_the_address(
    client: PageClient, world: World, lines: Lines
) -> None:
    client.sign_in(world.tess).get("/maple/tickets?q=Nora", status=200)

    (line,) = [line for line in lines.read() if line.get("door") == "helpdesk.tickets_index"]
    assert (line["method"], line["status"], line["district"], line["level"]) == ("GET", 200, "maple", "info")
    assert line["ms"] >= 0
    assert len(line["request"]) == 16


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("0af76519-16cd-43dd-8448-eb211c80319c", True),
        ("nora.bell@maple.example", False),
        ("a" * 65, False),
        ("short", False),
        ("", False),
    ],
)
def test_a_request_keeps_the_number_that_a_proxy_gave_it_if_it_is_one(
    client: PageClient, given: str, kept: bool
) -> None:
    answer = client.browser.get("/healthz", headers={"X-Request-Id": given})

    number = answer.headers["X-Request-Id"]
    assert (number == given) is kept
    assert logs.REQUEST_ID.fullmatch(number)


def test_the_page_of_a_fault_shows_the_number_of_its_lines(
    client: PageClient, world: World, lines: Lines, breaks: None
) -> None:
    page = client.sign_in(world.tess).get("/maple/tickets/1")

    (fault,) = [line for line in lines.read() if line.get("fault") and line["level"] == "error"]
    assert page.status == 500
    assert fault["request"] in page.text
    assert fault["door"] == "helpdesk.tickets_show"
    assert fault["fault"][0]["type"] == "ValueError"
    assert fault["fault"][1]["type"] == "IntegrityError 23505 uq_accounts_district_id_email"
    assert any("test_logs.py" in place for place in fault["fault"][0]["at"])


def test_a_fault_is_types_and_places_without_values() -> None:
    try:
        try:
            {}["Nora Bell"]  # type: ignore[index]
        except KeyError as error:
            raise RuntimeError("about Nora Bell") from error
    except RuntimeError as caught:
        chain = fault_of(caught)

    assert [fault["type"] for fault in chain] == ["RuntimeError", "KeyError"]
    assert "test_a_fault_is_types_and_places_without_values" in chain[0]["at"][-1]
    assert "Nora" not in json.dumps(chain)


@pytest.mark.parametrize("as_json", [True, False])
def test_of_a_librarys_words_only_the_fixed_part_is_kept(as_json: bool) -> None:
    line = Line("web", as_json=as_json)

    def said(name: str, level: int, text: str, *values: object) -> str:
        return line.format(logging.LogRecord(name, level, "x.py", 1, text, values, None))

    assert "Nora" not in said("aiosmtpd", logging.INFO, "recip: %s", "Nora")
    assert "recip: %s" in said("aiosmtpd", logging.INFO, "recip: %s", "Nora")
    assert "Nora" not in said("asyncio", logging.ERROR, "Task of Nora was lost")
    assert "Nora" not in said("gunicorn.error", logging.WARNING, "Invalid request of %s", "Nora")
    assert "Nora" not in said("app", logging.ERROR, "Exception on %s", "/Nora")
    assert "127.0.0.1:80" in said("gunicorn.error", logging.INFO, "Listening at: %s", "127.0.0.1:80")


@pytest.mark.parametrize("as_json", [True, False])
def test_one_event_is_one_line(as_json: bool) -> None:
    record = logging.LogRecord("frontoffice.web", logging.INFO, "x.py", 1, "one\ntwo\x1b[0m", (), None)

    assert "\n" not in Line("web", as_json=as_json).format(record)
    assert "\x1b" not in Line("web", as_json=as_json).format(record)


def test_a_line_that_cannot_be_written_is_not_printed_with_its_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quill = logs.Quill(io.StringIO())
    quill.setFormatter(Line("web", as_json=True))

    quill.handle(logging.LogRecord("frontoffice", logging.INFO, "x.py", 1, "%d of it", ("Nora",), None))

    assert "could not be written" in capsys.readouterr().err
    assert "Nora" not in capsys.readouterr().err


def test_what_nobody_caught_is_written_without_its_words(app: Flask) -> None:
    code = (
        "import threading; from app.core import logs, settings; "
        "settings.use_settings(type('S', (), {'log': 'json'})()); logs.set_up('worker')\n"
        "def fall(): raise ValueError('Nora Bell')\n"
        "thread = threading.Thread(target=fall); thread.start(); thread.join()\n"
        "fall()\n"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "Nora" not in ended.stderr
    written = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["fault"][0]["type"] for line in written] == ["ValueError", "ValueError"]


def test_requests_at_the_same_time_do_not_share_a_number() -> None:
    seen: list[str] = []

    def one() -> None:
        with logs.about_request(None) as number:
            seen.append(number)
            assert logs.request_id() == number

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 5
    assert logs.request_id() == ""


def test_a_statement_that_failed_does_not_quote_what_was_written(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        db.session.add(Person(id=world.bell.person_id, given_name="Nora", family_name="Bell"))
        with pytest.raises(IntegrityError) as caught:
            db.session.flush()

    assert "Nora" not in str(caught.value).replace(str(caught.value.orig), "")
    assert isinstance(world.bell.person_id, UUID)


def test_a_request_is_followed_into_its_mail(
    app: Flask, client: PageClient, world: World, lines: Lines
) -> None:
    number = ask(app, world.bell)
    client.sign_in(world.tess).post(
        f"/maple/tickets/{number}/replies", {"text": "Is the cable in?"}, status=303
    )
    run_everything(app)

    (asked,) = [line for line in lines.read() if line.get("door") == "helpdesk.replies_create"]
    (sent,) = [line for line in lines.read() if line.get("job") == "jobs.notices.deliver"]
    assert sent["request"] == asked["request"]


def test_a_mail_is_followed_from_the_door_to_its_receipt(app: Flask, world: World, lines: Lines) -> None:
    for nth in (1, 2):
        raw = written(world.bell.email, f"Number {nth}", message_id=f"<{nth}@maple.example>")
        with app.app_context():
            deliver(None, world.bell.email, [world.maple.desk], raw)
    run_everything(app)

    done = [line for line in lines.read() if line.get("job")]
    assert {line["job"] for line in done} == {
        "jobs.helpdesk.take_in",
        "jobs.helpdesk.acknowledge",
        "jobs.notices.deliver",
    }
    assert sorted(Counter(line["request"] for line in done).values()) == [3, 3]


def test_work_that_no_request_made_necessary_has_no_number(app: Flask, world: World, lines: Lines) -> None:
    with app.app_context(), as_district(world.maple.id):
        later("tests.jobs.trial.leave_a_mark", trial.SUBJECT)
        db.session.commit()
    with logs.about_request(None):
        run_everything(app)

    (done,) = [line for line in lines.read() if line.get("job")]
    assert "request" not in done


def test_nothing_but_a_number_can_be_carried(app: Flask, world: World) -> None:
    with (
        app.app_context(),
        as_district(world.maple.id),
        logs.because_of_request("nora.bell@maple.example"),
        pytest.raises(IntegrityError, match="ck_work_request"),
    ):
        later("tests.jobs.trial.leave_a_mark", trial.SUBJECT)
