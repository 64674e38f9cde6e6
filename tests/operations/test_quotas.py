"""What a district may use: counted as it happens, refused in a sentence, and never at the price of a mail."""

import dataclasses
import io
import re
import smtplib
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from app.auth.actions import inviting
from app.auth.actions.refused import Refused
from app.auth.models.one_time_link import OneTimeLink
from app.core import across_districts, clock, quotas
from app.core.actor import OPERATOR, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.files import DistrictFull
from app.core.quotas import LINKS, MAILS_IN, MAILS_OUT, STORED, Usage
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district, current_district_id
from app.helpdesk.actions import attaching, clearing
from app.helpdesk.actions.attaching import Upload
from app.helpdesk.models.attachment import Attachment
from app.helpdesk.models.inbound_email import InboundEmail
from app.notices.actions import delivery
from app.notices.models.message import Message, State
from jobs.mail_door import deliver
from jobs.maildir import hand_in
from jobs.watch import look
from tests.helpdesk.desk import ask, ticket_of
from tests.helpdesk.test_attachments import picture
from tests.jobs.test_mail_door import client as at_the_door
from tests.jobs.test_mail_door import open_at
from tests.notices.letters import a_reply
from tests.page_client import PageClient
from tests.test_cli import run
from tests.world import World

__all__ = ["open_at"]

RAW = b"From: bell@maple.example\r\nTo: help@maple.example\r\n\r\nIt is dark.\r\n"
MEGABYTE = 1024 * 1024


def allow(app: Flask, slug: str, name: str, most: int) -> None:
    ended = run(app, "quota", slug, name, str(most))
    assert ended.exit_code == 0, ended.output


@pytest.fixture
def maple(app: Flask, world: World, tmp_path: Path) -> Iterator[None]:
    use_settings(dataclasses.replace(get_settings(), instance=tmp_path))
    with app.app_context(), as_district(world.maple.id):
        yield


class TestCounting:
    def test_stored_bytes_follow_their_rows(self, app: Flask, client: PageClient, world: World) -> None:
        form = client.sign_in(world.bell).get("/maple/requests/new")
        client.submit(
            form, title="It is dark", text="x", files=[(io.BytesIO(b"x" * 1000), "a.txt")], status=303
        )
        with app.app_context():
            deliver(None, "bell@maple.example", ["help@maple.example"], RAW)

        with app.app_context(), as_district(world.maple.id):
            size = db.session.scalar(select(Attachment.size))
            assert size == 1000
            assert quotas.used(STORED) == size + len(RAW)
            assert quotas.used(MAILS_IN) == 1
            assert quotas.recount() == 0
            email = db.session.scalars(select(InboundEmail)).one()
            email.hold("unknown_sender")
            email.received_at = clock.ago(days=31)
            db.session.commit()
            assert clearing.erase_old_mail() == 1
            db.session.commit()
            assert quotas.used(STORED) == size
        with app.app_context(), as_district(world.birch.id):
            assert quotas.used(STORED) == 0

    def test_a_photo_counts_with_its_thumbnail(self, maple: None, app: Flask, world: World) -> None:
        number = ask(app, world.bell)
        (file,) = attaching.keep([Upload("photo.jpg", "image/jpeg", picture())])
        attaching.attach([file], ticket_of(number).id)
        db.session.commit()
        lying = sum(
            path.stat().st_size for path in get_settings().instance.glob("files/**/*") if path.is_file()
        )

        assert file.thumbnail_size > 0
        assert quotas.used(STORED) == lying == file.size + file.thumbnail_size
        assert quotas.recount() == 0
        db.session.delete(file)
        db.session.commit()
        assert quotas.used(STORED) == 0

    def test_what_is_rolled_back_never_counted(self, maple: None, world: World) -> None:
        quotas.count(MAILS_OUT)
        db.session.commit()
        savepoint = db.session.begin_nested()
        quotas.count(MAILS_OUT)
        savepoint.rollback()
        quotas.count(MAILS_OUT)
        db.session.rollback()

        assert quotas.used(MAILS_OUT) == 1

    def test_adding_up_changes_no_sum_and_keeps_one_row_a_thing(self, app: Flask, world: World) -> None:
        long_ago = clock.now() - timedelta(days=3)
        for place in (world.maple, world.birch):
            with app.app_context(), as_district(place.id):
                for _ in range(5):
                    quotas.count(MAILS_OUT)
                    quotas.count(STORED, 100)
                with clock.frozen(long_ago):
                    quotas.count(MAILS_OUT)
                db.session.commit()

        with app.app_context():
            look(across_districts.session)

        with app.app_context(), as_district(world.maple.id):
            assert (quotas.used(MAILS_OUT), quotas.used(STORED)) == (5, 500)
            assert db.session.scalar(select(func.count()).select_from(Usage)) == 2

    def test_an_hour_begins_anew(self, maple: None) -> None:
        quotas.count(MAILS_OUT, 7)

        assert quotas.used(MAILS_OUT) == 7
        with clock.frozen(quotas.until_next_hour()):
            assert quotas.used(MAILS_OUT) == 0

    def test_a_wrong_count_is_mended_at_night(self, maple: None) -> None:
        quotas.count(STORED, 12345)

        assert quotas.recount() == -12345
        assert quotas.used(STORED) == 0

    def test_counting_looks_at_a_few_rows_of_its_own_and_scans_nothing(self, maple: None) -> None:
        asked = "select sum(amount) from usage where district_id = gen_random_uuid() and name = 'x'"
        db.session.execute(text("set local enable_seqscan = off"))
        plan = "\n".join(row[0] for row in db.session.execute(text(f"explain {asked} and period = 'epoch'")))

        assert "ix_usage_district_id_name_period" in plan


class TestRoomRemembered:
    """Where there is much room the database is not asked each time."""

    @pytest.fixture
    def asked(self, maple: None) -> Iterator[list[str]]:
        """The questions that were put to the table of what was used."""
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "sum(usage.amount)" in statement:
                asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        yield asked
        event.remove(db.engine, "before_cursor_execute", note)

    def test_with_much_room_it_is_asked_once(self, asked: list[str]) -> None:
        for _ in range(20):
            quotas.refuse_if_reached(MAILS_IN, STORED)
            quotas.count(MAILS_IN)
            quotas.count(STORED, 1000)

        assert len(asked) == 1

    def test_the_nearer_the_end_the_oftener_and_not_one_too_many(
        self, app: Flask, maple: None, asked: list[str]
    ) -> None:
        allow(app, "maple", "mails-out-an-hour", 100)
        sent = 0
        while not quotas.is_reached(MAILS_OUT):
            quotas.count(MAILS_OUT)
            sent += 1

        assert sent == 100
        assert len(asked) < 50

    def test_what_others_use_is_seen_within_seconds(
        self, asked: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert not quotas.is_reached(MAILS_OUT)
        # As another process does: this one does not remember it.
        row = {"period": MAILS_OUT.period(), "district": current_district_id()}
        db.session.execute(
            text(
                "insert into usage values (gen_random_uuid(), :district, 'mails-out-an-hour', :period, 2000)"
            ),
            row,
        )
        now = time.monotonic()

        monkeypatch.setattr(time, "monotonic", lambda: now + 3)

        assert quotas.is_reached(MAILS_OUT)

    def test_ten_processes_that_know_nothing_of_each_other_use_no_more_than_there_is(self) -> None:
        left = 1000
        rooms = [quotas.Room(time.monotonic(), left) for _ in range(10)]
        for room in rooms:
            while room.is_enough_for(MAILS_OUT):
                room.used_since += 1

        assert 0 < sum(room.used_since for room in rooms) <= left

    def test_what_is_granted_holds_at_once(self, app: Flask, maple: None) -> None:
        quotas.count(MAILS_OUT, 3)
        assert not quotas.is_reached(MAILS_OUT)
        db.session.commit()

        allow(app, "maple", "mails-out-an-hour", 3)

        assert quotas.is_reached(MAILS_OUT)


class TestStorageIsFull:
    def test_a_file_is_refused_in_a_sentence_and_the_words_stay(
        self, app: Flask, client: PageClient, world: World
    ) -> None:
        allow(app, "maple", "stored-megabytes", 1)
        with app.app_context(), as_district(world.maple.id):
            quotas.count(STORED, MEGABYTE)
            db.session.commit()
        form = client.sign_in(world.bell).get("/maple/requests/new")

        page = client.submit(
            form, title="It is dark", text="Since Monday", files=[(io.BytesIO(b"x"), "a.txt")], status=422
        )

        assert "storage is full" in page.text
        assert "nothing you typed is lost" in page.text
        assert "Since Monday" in page.html
        again = client.submit(
            client.get("/maple/requests/new"), title="It is dark", text="Since Monday", status=303
        )
        assert again.location
        with app.app_context(), as_district(world.birch.id):
            quotas.refuse_if_reached(STORED)

    def test_mail_is_put_off_at_the_door(self, app: Flask, world: World, open_at: Any) -> None:
        allow(app, "maple", "stored-megabytes", 1)
        with app.app_context(), as_district(world.maple.id):
            quotas.count(STORED, MEGABYTE)
            db.session.commit()

        with at_the_door(open_at()) as smtp, pytest.raises(smtplib.SMTPDataError) as put_off:
            smtp.sendmail("bell@maple.example", ["help@maple.example"], RAW)

        assert 400 <= put_off.value.smtp_code < 500

    def test_the_operator_is_not_held_back(self, maple: None) -> None:
        quotas.count(STORED, 10**15)
        with pytest.raises(DistrictFull):
            quotas.refuse_if_reached(STORED)

        with acting_as(OPERATOR):
            quotas.refuse_if_reached(STORED)

    def test_whoever_stores_a_file_asks_first(self) -> None:
        house = Path(quotas.__file__).parents[1]
        stores = [path for path in house.glob("*/actions/*.py") if "storage.put(" in path.read_text()]

        assert len(stores) > 1
        for path in stores:
            asks = re.search(r"quotas\.(?:refuse_if|is)_reached\([^)]*quotas\.STORED\)", path.read_text())
            assert asks, path.name


class TestMailIn:
    def test_what_is_over_is_put_off_at_the_door_and_comes_in_the_next_hour(
        self, app: Flask, world: World, open_at: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        allow(app, "maple", "mails-in-an-hour", 2)
        mails = [RAW + str(n).encode() for n in range(3)]
        with at_the_door(open_at()) as smtp:
            for raw in mails[:2]:
                smtp.sendmail("bell@maple.example", ["help@maple.example"], raw)
            with pytest.raises(smtplib.SMTPDataError) as put_off:
                smtp.sendmail("bell@maple.example", ["help@maple.example"], mails[2])
            smtp.sendmail("quincy@birch.example", ["help@birch.example"], mails[2])

        assert put_off.value.smtp_code == 452
        assert b"try again later" in put_off.value.smtp_error
        assert "put off" in caplog.text
        with app.app_context(), clock.frozen(quotas.until_next_hour()):
            deliver(None, "bell@maple.example", ["help@maple.example"], mails[2])
        with app.app_context(), as_district(world.maple.id):
            assert db.session.scalar(select(func.count()).select_from(InboundEmail)) == 3

    def test_a_file_in_the_maildir_stays_where_it_is(self, app: Flask, world: World, tmp_path: Path) -> None:
        allow(app, "maple", "mails-in-an-hour", 1)
        folder = tmp_path / "help@maple.example" / "new"
        folder.mkdir(parents=True)
        for name in ("one", "two"):
            (folder / name).write_bytes(RAW + name.encode())
        with app.app_context():
            hand_in(folder / "one", MEGABYTE, deliver)
            with pytest.raises(quotas.QuotaReached):
                hand_in(folder / "two", MEGABYTE, deliver)

        assert [path.name for path in folder.iterdir()] == ["two"]


class TestMailOut:
    def test_what_is_over_waits_with_a_reason_and_loses_no_attempt(
        self, app: Flask, maple: None, world: World
    ) -> None:
        allow(app, "maple", "mails-out-an-hour", 1)
        first, second = a_reply(world), a_reply(world)
        db.session.commit()

        for message in (first, second):
            delivery.deliver(message.id)

        db.session.expire_all()
        waits = db.session.get_one(Message, second.id)
        assert db.session.get_one(Message, first.id).state == State.SENT
        assert (waits.state, waits.attempts, waits.next_try_at) == (
            State.QUEUED,
            0,
            quotas.until_next_hour(),
        )
        assert "as many emails as it may in an hour" in waits.reason
        with clock.frozen(quotas.until_next_hour()):
            delivery.deliver(second.id)
        db.session.expire_all()
        assert db.session.get_one(Message, second.id).state == State.SENT


class TestLinks:
    def test_an_invitation_over_the_quota_is_refused_in_a_sentence(self, maple: None, app: Flask) -> None:
        allow(app, "maple", "links-an-hour", 1)
        for number in range(2):
            if number == 1:
                with pytest.raises(Refused, match="next hour"):
                    inviting.invite(email="b@maple.example", name="B", roles=[], by=OPERATOR)
            else:
                inviting.invite(email="a@maple.example", name="A", roles=[], by=OPERATOR)

        assert quotas.used(LINKS) == 1

    def test_a_reset_over_the_quota_looks_like_any_other(
        self, app: Flask, client: PageClient, world: World
    ) -> None:
        allow(app, "maple", "links-an-hour", 1)
        answers = []
        for email in ("bell@maple.example", "ortiz@maple.example", "nobody@maple.example"):
            form = client.get("/maple/resets")
            answers.append(client.submit(form, email=email))

        assert len({(page.status, page.location if page.status == 303 else "") for page in answers}) == 1
        with app.app_context(), as_district(world.maple.id):
            assert db.session.scalar(select(func.count()).select_from(OneTimeLink)) == 1


class TestCommand:
    def test_it_shows_what_is_used_and_grants_an_exception(self, app: Flask, world: World) -> None:
        ask(app, world.bell)
        shown = run(app, "quota", "maple", "mails-out-an-hour", "5000")

        assert shown.exit_code == 0, shown.output
        assert "0 of       5000 (usually 2000)  emails sent within an hour" in shown.output
        assert "of     100000  megabytes" in shown.output
        with app.app_context(), as_district(world.maple.id):
            assert quotas.most(MAILS_OUT) == 5000
            assert db.session.scalar(
                select(func.count()).select_from(AuditEntry).where(AuditEntry.what == "district_quotas")
            )
        with app.app_context(), as_district(world.birch.id):
            assert quotas.most(MAILS_OUT) == 2000
        assert "usually" not in run(app, "quota", "maple", "mails-out-an-hour", "--default").output

    @pytest.mark.parametrize(
        "words",
        [
            ["oak"],
            ["maple", "mails-out-an-hour"],
            ["maple", "mails-out-an-hour", "0"],
            ["maple", "mails-out-an-hour", "5", "--default"],
            ["maple", "coffee", "5"],
        ],
    )
    def test_what_makes_no_sense_is_refused(self, app: Flask, world: World, words: list[str]) -> None:
        assert run(app, "quota", *words).exit_code != 0


def test_a_share_that_is_nearly_used_up_is_told(app: Flask, world: World) -> None:
    allow(app, "maple", "stored-megabytes", 1)
    with app.app_context(), as_district(world.maple.id):
        quotas.count(STORED, int(MEGABYTE * 0.95))
        quotas.count(MAILS_OUT, 2000)
        db.session.commit()
    with app.app_context():
        look(across_districts.session)

    page = PageClient(app).sign_in(world.adams).get("/maple/admin")

    assert "95 % of this district’s storage is used." in page.text
