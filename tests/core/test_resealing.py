"""A district's key is rotated while it works: nothing is lost, all is sealed anew, and it goes on after a stop."""

import dataclasses
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.core import across_districts, clock, crypto, resealing
from app.core.audit import AuditPersonal
from app.core.crypto import CannotOpen
from app.core.db import db
from app.core.directory import District, forget_directory
from app.core.queue import Work
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.notices.models.mail_setting import MailSetting
from app.portal.actions import signing_in
from app.portal.models.operator import Operator
from app.roster.models.person import Person
from jobs import run_work
from tests.page_client import PageClient
from tests.world import World

ROWS = 60


def fill(app: Flask, world: World, rows: int = ROWS) -> None:
    """Sealed values beside the audit log: one for each name and address that is written."""
    with app.app_context(), as_district(world.maple.id):
        for n in range(rows):
            db.session.add(Person(given_name="Ann", family_name=f"No {n}", email=f"n{n}@maple.example"))
        setting = db.session.scalar(select(MailSetting)) or MailSetting()
        setting.password = "correct horse"
        db.session.add(setting)
        db.session.commit()


def begun(app: Flask, world: World) -> bool:
    with app.app_context(), as_district(world.maple.id):
        return resealing.begin()


def batch(app: Flask, world: World, at_most: int = 500) -> int:
    with app.app_context(), as_district(world.maple.id), across_districts.session() as across:
        return resealing.a_batch(across, at_most)


def left(app: Flask, world: World) -> int:
    with app.app_context(), as_district(world.maple.id):
        return resealing.left(db.session())


def everything_opens(app: Flask, world: World) -> int:
    opened = 0
    with app.app_context(), as_district(world.maple.id):
        for model in (AuditPersonal, MailSetting):
            for row in db.session.scalars(select(model)):
                for attribute in crypto.sealed_columns(model).values():
                    opened += getattr(row, attribute.name) is not None
    return opened


def starts(app: Flask, world: World) -> set[str]:
    """How the ciphertexts of Maple begin."""
    found: set[str] = set()
    with app.app_context(), as_district(world.maple.id), across_districts.session() as across:
        for one in resealing.every_sealed_column():
            values = across.scalars(
                select(one.table.c[one.column]).where(
                    one.table.c.district_id == world.maple.id, one.table.c[one.column].is_not(None)
                )
            )
            found |= {value.rsplit(".", 2)[0] for value in values}
    return found


def test_everything_is_sealed_anew_and_opens(app: Flask, world: World) -> None:
    fill(app, world)
    before = everything_opens(app, world)
    assert starts(app, world) == {"v1"}

    assert begun(app, world)
    assert everything_opens(app, world) == before
    while batch(app, world):
        pass

    (start,) = starts(app, world)
    assert start.startswith("v2.")
    assert left(app, world) == 0
    assert everything_opens(app, world) == before


def test_birch_keeps_its_key(app: Flask, world: World) -> None:
    begun(app, world)

    with app.app_context():
        assert crypto.ring_of(world.birch.id) == ()
        assert len(crypto.ring_of(world.maple.id)) == 1


def test_stopped_in_the_middle_it_goes_on_and_makes_no_second_key(app: Flask, world: World) -> None:
    fill(app, world)
    begun(app, world)
    batch(app, world, 7)
    with (  # noqa: PT012
        pytest.raises(RuntimeError),
        app.app_context(),
        as_district(world.maple.id),
        across_districts.session() as across,
    ):
        resealing.a_batch(across, 7)
        raise RuntimeError("The machine is switched off.")
    some = left(app, world)
    assert some > 0

    assert not begun(app, world)
    assert left(app, world) == some
    while batch(app, world, 7):
        pass

    assert left(app, world) == 0
    assert len(starts(app, world)) == 1


def test_writers_go_on_and_lose_nothing(app: Flask, world: World) -> None:
    fill(app, world)
    stop, faults, written = threading.Event(), [], [0]

    def write(number: int) -> None:
        n = 0
        while not stop.is_set():
            try:
                with app.app_context(), as_district(world.maple.id):
                    person = Person(given_name="Writer", family_name=f"{number}.{n}")
                    person.email = f"w{number}.{n}@maple.example"
                    db.session.add(person)
                    setting = db.session.scalar(select(MailSetting).with_for_update())
                    assert setting is not None
                    assert (setting.password or "").startswith("correct horse")
                    setting.password = f"correct horse {number} {n}"
                    db.session.commit()
                    written[0] += 1
            except Exception as error:
                faults.append(error)
            n += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            assert begun(app, world)
            # A writer that read the ring just before may seal under the older key still: what is left is found.
            while left(app, world):
                batch(app, world, 11)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    while left(app, world):
        batch(app, world)

    assert faults == []
    assert written[0] > 10
    assert len(starts(app, world)) == 1
    with app.app_context(), as_district(world.maple.id):
        beside = db.session.scalar(select(func.count(AuditPersonal.id)))
    assert everything_opens(app, world) == (beside or 0) + 1


def test_what_is_written_while_it_is_sealed_anew_stands(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its being read and its being written, nobody writes it: they wait, and theirs is the last word."""
    fill(app, world, 1)
    begun(app, world)
    writers: list[threading.Thread] = []

    def write() -> None:
        with app.app_context(), as_district(world.maple.id):
            setting = db.session.scalars(select(MailSetting)).one()
            setting.password = "a newer one"
            db.session.commit()

    def seal(plaintext: str, **place: Any) -> str:
        if place["table"] == "mail_settings" and not writers:
            writers.append(threading.Thread(target=write))
            writers[0].start()
            writers[0].join(timeout=1)
        return crypto.seal(plaintext, **place)

    monkeypatch.setattr(resealing, "seal", seal)
    while batch(app, world):
        pass
    writers[0].join()

    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalars(select(MailSetting)).one().password == "a newer one"


def test_a_process_that_has_not_heard_of_the_newest_key_finds_it(app: Flask, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        card = crypto.district_by_id(world.maple.id)
        resealing.begin()
        place: dict[str, Any] = {"table": "people", "row_id": world.bell.person_id, "column": "secret"}
        sealed = crypto.seal("a secret", **place)
        app.extensions["directory"]["id", world.maple.id] = (float("inf"), card)

        assert crypto.unseal(sealed, **place) == "a secret"


def test_an_older_key_is_dropped_a_day_after_and_not_before(app: Flask, world: World) -> None:
    fill(app, world)
    begun(app, world)
    while batch(app, world):
        pass
    assert begun(app, world)

    def drop() -> bool:
        with app.app_context(), as_district(world.maple.id), across_districts.session() as across:
            return resealing.drop_older_keys(across)

    def keys() -> int:
        with app.app_context():
            forget_directory()
            return len(crypto.ring_of(world.maple.id))

    with clock.frozen(clock.now() + timedelta(days=2)):
        assert not drop()  # something still lies under it
    assert keys() == 2
    while batch(app, world):
        pass
    assert not drop()  # a day is not over
    assert keys() == 2
    with clock.frozen(clock.now() + timedelta(days=1, seconds=1)):
        assert drop()
    assert keys() == 1
    assert everything_opens(app, world) > ROWS


def test_a_key_of_the_ring_opens_in_its_own_district_alone(app: Flask, world: World) -> None:
    begun(app, world)
    with app.app_context():
        with across_districts.session() as across:
            maple, birch = across.get(District, world.maple.id), across.get(District, world.birch.id)
            assert maple is not None
            assert birch is not None
            birch.seal_keys = maple.seal_keys
        forget_directory()
        with pytest.raises(CannotOpen):
            crypto.ring_of(world.birch.id)


def test_without_the_data_key_nothing_of_it_opens(app: Flask, world: World) -> None:
    fill(app, world, 1)
    begun(app, world)
    while batch(app, world):
        pass
    with app.app_context(), across_districts.session() as across:
        across.execute(text("update districts set data_key = null"))
    with app.app_context():
        forget_directory()

    with pytest.raises(CannotOpen):
        everything_opens(app, world)


def test_the_jobs_bring_it_to_its_end(app: Flask, world: World) -> None:
    fill(app, world)
    begun(app, world)
    for _ in range(10):
        with app.app_context(), as_district(world.maple.id):
            due = select(Work).where(Work.job == "jobs.rotation.reseal", Work.due_at <= clock.now())
            waiting = [(str(one.district_id), str(one.id)) for one in db.session.scalars(due)]
        for district_id, work_id in waiting:
            with app.app_context():
                run_work(district_id, work_id)

    assert left(app, world) == 0
    with app.app_context(), as_district(world.maple.id):
        (dropping,) = db.session.scalars(select(Work).where(Work.job == "jobs.rotation.drop_older_keys"))
        assert dropping.due_at > clock.now() + timedelta(hours=23)


def test_an_admin_rotates_it_after_a_confirmation(app: Flask, world: World) -> None:
    admin = PageClient(app).sign_in(world.adams)
    assert "The district was set up" in admin.get("/maple/admin/key").text

    admin.submit(admin.get("/maple/admin/key"), "/key", status=303)

    assert "Today" in admin.get("/maple/admin/key").text
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        again = admin.submit(admin.get("/maple/admin/key"), "/key")
        assert again.location.startswith("/maple/profile/confirm")


def test_the_command_line_rotates_it(app: Flask, world: World) -> None:
    fill(app, world)

    told = app.test_cli_runner().invoke(args=["rotate-district-key", "maple"])

    assert "has a fresh key" in told.output
    assert left(app, world) == 0
    assert len(starts(app, world)) == 1


def test_master_keys_are_rotated_under_operators_too(app: Flask, world: World) -> None:
    with app.app_context():
        signing_in.invite("pat@operator.example", "Pat")
    old = get_settings()
    use_settings(dataclasses.replace(old, master_keys=(("newer", b"n" * 32), *old.master_keys)))

    app.test_cli_runner().invoke(args=["rotate-keys"])

    use_settings(dataclasses.replace(old, master_keys=(("newer", b"n" * 32),)))
    with app.app_context(), across_districts.session() as across:
        operator = across.scalars(select(Operator)).one()
        assert len(operator.secret) == 32
