"""What each fault does to mail that comes in, to a request on the web, and to an answer that goes out.

Real parts fail: a mail server with scripted answers, a Redis and a PostgreSQL that are stopped, a disk that is full.
Each cell is what people read meanwhile; docs/faults.md is the matrix (GOLDEN=write renews it). After the fault
nothing is lost and nothing doubled.
"""

import asyncio
import contextlib
import dataclasses
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.core import egress, services
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.doorbell import Doorbell
from app.core.services import DISTRICT_RELAY
from app.core.settings import Settings, get_settings, use_settings
from app.core.tenancy import as_district
from app.laptop.redis_server import answers as redis_answers
from app.laptop.redis_server import find_redis, redis_server, url_of
from app.notices.models.mail_setting import MailSetting
from app.notices.models.message import STOPPED_WHILE_SENDING
from tests import needs
from tests.cluster import TestDatabase
from tests.faults.front_office import LATER, FrontOffice
from tests.helpdesk.desk import ask
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, PASSWORD, USER, Peer
from tests.world import World

MATRIX = Path(__file__).parents[2] / "docs" / "faults.md"
IN, ASKED, OUT = "Mail comes in", "A request on the web", "An answer goes out"
WAYS = {IN: FrontOffice.mail_comes_in, ASKED: FrontOffice.somebody_asks, OUT: FrontOffice.desk_answers}

Fault = Callable[[FrontOffice], AbstractContextManager[None]]
BELL = "bell@maple.example"


@contextmanager
def answers(office: FrontOffice, **script: object) -> Iterator[None]:
    """The mail server answers so, and takes everything afterwards."""
    before = {name: getattr(office.peer, name) for name in script}
    for name, value in script.items():
        setattr(office.peer, name, value)
    yield
    for name, value in before.items():
        setattr(office.peer, name, value)


def busy(office: FrontOffice) -> AbstractContextManager[None]:
    return answers(office, answers_rcpt={BELL: "451 4.7.1 Come back later"})


def refused(office: FrontOffice) -> AbstractContextManager[None]:
    return answers(office, answers_data="554 5.7.1 Looks like spam")


def unknown_recipient(office: FrontOffice) -> AbstractContextManager[None]:
    return answers(office, answers_rcpt={BELL: "550 5.1.1 No such user"})


def silent(office: FrontOffice) -> AbstractContextManager[None]:
    return answers(office, hangs_up_after_data=True)


@contextmanager
def no_postgresql(office: FrontOffice) -> Iterator[None]:
    office.stop_postgresql()
    try:
        yield
    finally:
        office.start_postgresql()


@contextmanager
def no_redis(office: FrontOffice) -> Iterator[None]:
    """A Redis that was there, and is stopped."""
    # Not in the test's own folder: the path of a socket must be short.
    program, folder = find_redis(), Path(tempfile.mkdtemp(prefix="fo-redis-"))
    if program is None:
        needs.missing("REDIS", "No Redis on this machine: apt-get install redis-server.")
    server = redis_server(program, folder, folder, folder / "log", keep=False)
    server.start()
    office.app.extensions["doorbell"] = bell = Doorbell(url_of(folder))
    try:
        assert redis_answers(url_of(folder)), server.last_lines()
        assert bell.answers()
        server.end()
        yield
    finally:
        server.end()
        del office.app.extensions["doorbell"]
        shutil.rmtree(folder)


@contextmanager
def full_disk(office: FrontOffice) -> Iterator[None]:
    """A file system of 256 KB under everything that the instance keeps, and it is full."""
    place = office.folder / "instance"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        needs.missing("TMPFS", "A file system cannot be mounted here: run these tests as root.")
    try:
        filler = place / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        yield
        filler.unlink()
        office.work(LATER)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


FAULTS: dict[str, Fault] = {
    "Nothing": lambda _: nullcontext(),
    "The mail server says “later” (4xx)": busy,
    "The mail server refuses the mail (5xx)": refused,
    "The mail server refuses one recipient": unknown_recipient,
    "The mail server falls silent after the mail": silent,
    "Redis is down": no_redis,
    "PostgreSQL is down": no_postgresql,
    "The disk is full": full_disk,
}
#: Where a person must decide, since no machine can know better.
LEFT_TO_A_PERSON = {
    "The mail server refuses the mail (5xx)",
    "The mail server refuses one recipient",
    "The mail server falls silent after the mail",
}


@pytest.fixture
def office(
    app: Flask,
    settings: Settings,
    world: World,
    database: TestDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FrontOffice]:
    """Maple's, with a mail server of its own: STARTTLS, a password, and nothing without them."""
    peer = Peer()
    server_side, client_side = mail_server.certificate(tmp_path)
    monkeypatch.setattr(egress, "_trusted", lambda: client_side)
    server = mail_server.start(
        peer,
        tls_context=server_side,
        require_starttls=True,
        authenticator=mail_server.check_password,
        auth_required=True,
    )
    (tmp_path / "instance").mkdir()
    nearby = frozenset({f"{HOST}:{server.port}"})
    use_settings(
        dataclasses.replace(get_settings(), egress_private_allowed=nearby, instance=tmp_path / "instance")
    )
    with app.app_context(), as_district(world.maple.id):
        db.session.add(
            MailSetting(
                driver="smtp",
                host=HOST,
                port=server.port,
                security="starttls",
                username=USER,
                password=PASSWORD,
            )
        )
        services.turn(DISTRICT_RELAY, True, SYSTEM, HOST)
        db.session.commit()
    office = FrontOffice(app, world, peer, database, tmp_path)
    yield office
    office.close()
    server.stop(no_assert=True)
    use_settings(settings)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_and_nothing_is_lost_or_doubled(office: FrontOffice, fault: str, way: str) -> None:
    go = WAYS[way]

    with FAULTS[fault](office):
        told = go(office)
        if fault != "PostgreSQL is down":
            office.work()
            if way == OUT:
                told += f" The mail log says: {office.mail_log()}"

        if fault == "The disk is full":
            # Within, for what was kept must be read from this very disk.
            (office.folder / "instance" / "filler").unlink()
            the_fault_is_over(office, go)
            assert office.counted() == once(way)
            (office.folder / "instance" / "filler").touch()
    if fault != "The disk is full":
        if way == OUT and fault in LEFT_TO_A_PERSON:
            arrived = office.counted()["answers that arrived"]
            office.work(LATER)
            assert office.counted()["answers that arrived"] == arrived, "it went again by itself"
            if fault != "The mail server falls silent after the mail":
                office.peer.got.clear()
                office.send_again()
        the_fault_is_over(office, go)
        assert office.counted() == once(way)

    assert told == in_the_matrix(fault, way, told)


def test_postgresql_stops_while_a_mail_is_on_the_wire(
    office: FrontOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail server has it, and nobody could write that down: it does not go again by itself."""
    take = office.peer.handle_DATA

    async def take_and_lose_the_database(*mail: Any) -> str:
        answer = await take(*mail)
        await asyncio.to_thread(office.stop_postgresql)
        return answer

    office.desk_answers()
    monkeypatch.setattr(office.peer, "handle_DATA", take_and_lose_the_database)
    with contextlib.suppress(SQLAlchemyError):
        office.work()
    office.start_postgresql()
    monkeypatch.setattr(office.peer, "handle_DATA", take)
    for _ in range(3):
        office.work(LATER)

    assert office.counted()["answers that arrived"] == 1
    assert office.mail_log() == STOPPED_WHILE_SENDING


def test_one_refused_recipient_holds_back_no_other(office: FrontOffice) -> None:
    office.peer.answers_rcpt = {BELL: "550 5.1.1 No such user"}
    other = ask(office.app, office.world.ortiz, "The bell rings twice")

    office.desk_answers()
    refused_answer = office.answers_on_the_way()
    sheet = office.technician.get(f"/maple/tickets/{other}", status=200)
    office.technician.submit(sheet, f"/tickets/{other}/replies", text="It is on its way.")
    office.work()
    office.work(LATER)

    assert [recipients for _, recipients, _ in office.peer.got] == [[office.world.ortiz.email]]
    assert office.reason_of(refused_answer) == "The mail server refused the recipient's address (550 5.1.1)."


def the_fault_is_over(office: FrontOffice, go: Callable[[FrontOffice], str]) -> None:
    """Whoever sent something sends it once more, not knowing whether it counted; workers do what is due."""
    go(office)
    office.work()
    office.work(LATER)


def once(way: str) -> dict[str, int]:
    return {
        "by mail": int(way == IN),
        "by form": int(way == ASKED),
        "mails": int(way == IN),
        "answers that arrived": int(way == OUT),
    }


HEAD = """# When something fails

What people read while a neighbour of the product fails, as the tests saw it (`tests/faults`). After the fault
everything was there once: servers and people had sent it again, not knowing whether it had counted.

What a mail server refused for good, or what it took and then fell silent over, does not go again by itself: it stays in
the mail log with “Send again”, for a person to decide. A PostgreSQL that stops while a mail is on the wire leaves that
mail there too. “Her mail server” keeps the mail after a 4xx and sends it again, as all of them do.

"""


def in_the_matrix(fault: str, way: str, told: str) -> str:
    """What docs/faults.md says; with GOLDEN=write it says `told` from now on."""
    rows = {name: dict.fromkeys(WAYS, "") for name in FAULTS}
    lines = MATRIX.read_text(encoding="utf-8").splitlines() if MATRIX.exists() else []
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in rows:
            rows[cells[0]] = dict(zip(WAYS, cells[1:], strict=True))
    if os.environ.get("GOLDEN") == "write":
        rows[fault][way] = told
        table = [
            ["The fault", *WAYS],
            ["---"] * 4,
            *([name, *cells.values()] for name, cells in rows.items()),
        ]
        MATRIX.write_text(HEAD + "".join(f"| {' | '.join(row)} |\n" for row in table), encoding="utf-8")
    return rows[fault][way]
