"""The watch: everything is measured, every rule raises and clears its alarm, and the operator hears once."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update

from app.core import across_districts, alarms, clock, measures, readings
from app.core.alarms import RULES, Alarm
from app.core.db import db
from app.core.measures import every_measure
from app.core.queue import Work, later
from app.core.readings import Found, Heartbeat, Reading
from app.core.settings import get_settings, use_settings
from app.core.tenancy import as_district
from app.core.timetable import Timetable
from app.helpdesk.models.inbound_email import InboundEmail
from app.integrations.mailbox.parse import parse
from app.notices.models.message import Message
from jobs import watch
from jobs.watch import ONE_AT_A_TIME, keep_watch, look, tell
from tests.integrations import mail_server
from tests.integrations.mail_server import HOST, Peer
from tests.jobs.conftest import wait_until
from tests.page_client import PageClient
from tests.world import World

OPERATOR = "night@prairie.example"


@pytest.fixture
def here(app: Flask, world: World) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def relay(here: None) -> Iterator[Peer]:
    """The operator's own relay, and somebody who reads."""
    peer = Peer()
    server = mail_server.start(peer)
    use_settings(
        dataclasses.replace(
            get_settings(),
            smtp_relay_host=HOST,
            smtp_relay_port=server.port,
            smtp_relay_security="none",
            operator_contact=OPERATOR,
            egress_private_allowed=frozenset({f"{HOST}:{server.port}"}),
        )
    )
    yield peer
    server.stop(no_assert=True)


def watched() -> None:
    look(across_districts.session)


def read(name: str) -> dict[str, float]:
    with across_districts.session() as across:
        return {one.about: one.value for one in readings.kept(across) if one.name == name}


def on() -> list[tuple[str, str]]:
    with across_districts.session() as across:
        return [(alarm.rule, alarm.about) for alarm in alarms.raised(across)]


def evaluated(**known: list[Found]) -> list[tuple[str, str, str]]:
    with across_districts.session() as across:
        return [(event.value, rule, about) for event, rule, about in alarms.evaluate(across, known)]


def told() -> None:
    assert tell(across_districts.session)


def a_message(world: World, **more: Any) -> UUID:
    with as_district(world.maple.id):
        message = Message(
            kind="mail_test", to_address=world.bell.email, subject="Walter Nolan", text="Walter Nolan", **more
        )
        db.session.add(message)
        db.session.commit()
        return message.id


class TestMeasures:
    def test_names_are_prometheus_names_and_no_two_are_alike(self, here: None) -> None:
        names = [measure.name for measure in every_measure()]

        assert len(names) == len(set(names))
        assert all(name.replace("_", "").isalpha() and name.islower() for name in names)

    def test_every_one_can_be_read(self, here: None, world: World) -> None:
        with across_districts.session() as across:
            known, unknown = readings.read_all(across, every_measure())

        assert unknown == []
        assert set(known) == {measure.name for measure in every_measure()}

    def test_mail_work_and_timetable_are_read_over_all_districts(self, here: None, world: World) -> None:
        a_message(world, made_at=clock.ago(minutes=20))
        a_message(world, state="failed", reason="No such address.")
        a_message(world, state="failed", made_at=clock.ago(days=3), id=UUID(int=7 << 76))
        with as_district(world.birch.id):
            db.session.add(
                InboundEmail(
                    mailbox="help@birch.example",
                    sha256="0" * 64,
                    storage_key="k",
                    size=5,
                    received_at=clock.ago(minutes=7),
                )
            )
            later("jobs.helpdesk.take_in", queue="intake", due=clock.ago(minutes=6))
            db.session.commit()

        watched()

        assert read("mail_unsent") == {"queued": 1, "sending": 0}
        assert read("mail_not_delivered") == {"failed": 1, "unsure": 0}
        assert read("mail_oldest_unsent_seconds")["maple"] == pytest.approx(1200, abs=60)
        assert read("mail_oldest_unfiled_seconds")["birch"] == pytest.approx(420, abs=60)
        assert read("work_oldest_seconds")["intake"] == pytest.approx(360, abs=60)
        assert read("work_waiting")["intake"] == 1
        assert read("districts") == {"open": 2}
        assert 0 < read("disk_free_ratio")[str(get_settings().instance)] <= 1
        assert read("heartbeat_age_seconds")["watch"] < 60
        assert sorted(on()) == [("mail-unfiled", "birch"), ("mail-unsent", "maple")]

    def test_one_that_fails_leaves_the_others_and_its_alarms(
        self, here: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(across: Any) -> list[Found]:
            across.execute(select(Reading.value / 0))
            raise ValueError("Nora Bell")

        evaluated(disk_free_ratio=[Found(0.05, "/files")])
        broken = dataclasses.replace(
            next(one for one in measures.MEASURES if one.name == "disk_free_ratio"), read=fails
        )
        rest = [one for one in measures.MEASURES if one.name != "disk_free_ratio"]
        monkeypatch.setattr(measures, "MEASURES", (broken, *rest))

        with clock.frozen(clock.now() + timedelta(minutes=10)):
            watched()

        assert "disk_free_ratio could not be read" in caplog.text
        assert "Nora" not in caplog.text
        assert ("disk-full", "/files") in on()
        assert read("districts") == {"open": 2}

    def test_secrets_and_redis_are_read(self, here: None, redis_url: str) -> None:
        day = clock.now().date() + timedelta(days=10)
        use_settings(
            dataclasses.replace(
                get_settings(), secrets_expire=(("relay-password", day),), redis_url=redis_url
            )
        )

        watched()

        assert read("secret_days_left") == {"relay-password": 10}
        assert read("redis_answers") == {"": 1}
        assert read("workers") == {"": 0}
        assert ("secret-expires", "relay-password") in on()

    def test_only_one_process_watches_at_a_time(self, here: None) -> None:
        with across_districts.session() as across:
            assert across.scalar(select(func.pg_try_advisory_xact_lock(ONE_AT_A_TIME)))
            watched()

        assert read("districts") == {}


class TestRules:
    def test_each_asks_something_that_is_measured(self, here: None) -> None:
        assert {rule.reading for rule in RULES} <= {measure.name for measure in every_measure()}

    def test_each_has_a_name_a_sentence_and_something_to_do(self) -> None:
        assert len({rule.name for rule in RULES}) == len(RULES)
        for rule in RULES:
            assert (rule.above is None) != (rule.below is None), rule.name
            assert rule.says("maple", 0.05).endswith("."), rule.name
            assert rule.to_do.endswith("."), rule.name

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
    def test_it_raises_once_it_lasts_and_clears_once_it_is_calm(self, here: None, rule: alarms.Rule) -> None:
        bad = rule.above + 1 if rule.above is not None else (rule.below or 0) - 0.01
        limit = rule.above if rule.above is not None else rule.below
        assert limit is not None
        began = clock.now()

        def at(minutes: float, value: float) -> list[tuple[str, str, str]]:
            with clock.frozen(began + timedelta(minutes=minutes)):
                return evaluated(**{rule.reading: [Found(value, "x")]})

        lasting = rule.lasting.total_seconds() / 60
        assert at(0, limit) == []
        first = at(1, bad)
        assert first == ([] if lasting else [("raised", rule.name, "x")])
        if lasting:
            assert at(lasting, bad) == []
            assert at(1 + lasting, bad) == [("raised", rule.name, "x")]
        assert at(2 + lasting, bad) == [], "it is raised once"
        assert at(3 + lasting, limit) == [], "not at the first good value"
        assert at(4 + lasting, bad) == []
        assert at(10 + lasting, limit) == [("over", rule.name, "x")]
        assert on() == []

    def test_what_was_over_before_it_lasted_is_forgotten(self, here: None) -> None:
        evaluated(redis_answers=[Found(0)])
        evaluated(redis_answers=[Found(1)])
        with clock.frozen(clock.now() + timedelta(minutes=6)):
            assert evaluated(redis_answers=[Found(0)]) == []

    def test_a_line_of_the_timetable_that_failed_twice(self, here: None, world: World) -> None:
        with across_districts.session() as across:
            across.execute(
                insert(Timetable).values(
                    name="Seal the audit log",
                    district_id=world.maple.id,
                    next_due_at=clock.now(),
                    failures=2,
                )
            )

        watched()

        assert on() == [("timetable-failed", "Seal the audit log")]

    def test_work_that_failed_for_good(self, here: None, world: World) -> None:
        with as_district(world.maple.id):
            work_id = later("jobs.helpdesk.take_in")
            db.session.commit()
            db.session.execute(update(Work).where(Work.id == work_id).values(failed_at=clock.now()))
            db.session.commit()

        watched()

        assert on() == [("work-failed", "maple")]

    def test_a_process_that_is_missing_and_one_that_was_taken_away(self, here: None) -> None:
        with across_districts.session() as across:
            across.execute(delete(Heartbeat))
            for process, days in (("mail door", 0.01), ("old thing", 8)):
                across.execute(insert(Heartbeat).values(process=process, at=clock.ago(days=days)))

        watched()

        assert on() == [("process-missing", "mail door")]


class TestTelling:
    def test_one_mail_when_raised_one_a_day_and_one_when_over(self, relay: Peer) -> None:
        began = clock.now()
        words: list[str] = []
        for hours in (0, 1, 5, 23, 24.5, 30, 48.9, 49.5):
            with clock.frozen(began + timedelta(hours=hours)):
                evaluated(disk_free_ratio=[Found(0.05, "/files")], work_failed=[Found(2, "maple")])
                told()
        with clock.frozen(began + timedelta(hours=50)):
            evaluated(disk_free_ratio=[Found(0.5, "/files")], work_failed=[])
            told()
            told()

        mails = [parse(raw) for _, _, raw in relay.got]
        words = [mail.subject for mail in mails]
        assert [to for _, to, _ in relay.got] == [[OPERATOR]] * 4
        assert words == [
            "[localhost] Alarms (2 new): disk-full, work-failed",
            "[localhost] Alarms (2 still on): disk-full, work-failed",
            "[localhost] Alarms (2 still on): disk-full, work-failed",
            "[localhost] Alarms (2 over): disk-full, work-failed",
        ]
        assert "Only 5 % of the disk of /files are free." in mails[0].text
        assert "Make room or enlarge it." in mails[0].text
        assert mails[0].is_automatic

    def test_what_could_not_be_told_is_told_later(
        self, relay: Peer, caplog: pytest.LogCaptureFixture
    ) -> None:
        relay.answers_data = "451 4.3.0 Later, Nora Bell"
        evaluated(work_failed=[Found(1, "maple")])

        assert not tell(across_districts.session)
        assert "could not be told" in caplog.text
        assert "Nora" not in caplog.text
        relay.answers_data = "250 2.0.0 Taken"
        relay.got.clear()
        told()
        told()

        assert len(relay.got) == 1

    def test_two_who_tell_at_once_tell_it_once(self, relay: Peer) -> None:
        evaluated(work_failed=[Found(1, "maple")])

        with across_districts.session() as one, across_districts.session() as other:
            first, second = alarms.take_news(one), alarms.take_news(other)

        assert (len(first), second) == (1, [])

    def test_without_a_relay_there_is_a_line_and_no_mail(
        self, here: None, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        a_message(world, made_at=clock.ago(minutes=20))

        watched()
        told()

        assert "alarm mail-unsent raised: maple" in caplog.text
        with across_districts.session() as across:
            assert across.scalars(select(Alarm.told_at)).all() == [None]

    def test_no_mail_names_a_person(self, relay: Peer, world: World) -> None:
        a_message(world, made_at=clock.ago(minutes=20))

        watched()
        told()

        ((_, _, raw),) = relay.got
        assert b"maple: mail has been waiting to leave for 20 minutes." in raw
        assert b"Nolan" not in raw
        assert b"bell" not in raw


class TestShown:
    def test_metrics_tell_the_readings_and_the_alarms(
        self, here: None, world: World, client: PageClient
    ) -> None:
        a_message(world, made_at=clock.ago(minutes=20))
        watched()

        said = client.browser.get("/metrics").text

        assert 'frontoffice_mail_unsent{state="queued"} 1.0' in said
        assert 'frontoffice_districts{state="open"} 2.0' in said
        assert 'frontoffice_mail_oldest_unsent_seconds{district="maple"} 12' in said
        assert 'frontoffice_alarms{rule="mail-unsent"} 1.0' in said
        assert 'frontoffice_alarms{rule="disk-full"} 0.0' in said
        assert "Nolan" not in said
        assert "bell@" not in said

    def test_old_readings_are_not_shown_as_new_ones(self, here: None, client: PageClient) -> None:
        watched()
        with across_districts.session() as across:
            across.execute(update(Reading).values(at=clock.ago(minutes=6)))

        said = client.browser.get("/metrics").text

        assert "frontoffice_readings_age_seconds 36" in said
        assert "frontoffice_districts" not in said

    def test_before_the_first_reading_their_age_is_endless(self, client: PageClient) -> None:
        assert "frontoffice_readings_age_seconds +Inf" in client.browser.get("/metrics").text

    def test_admins_see_what_concerns_their_district(self, app: Flask, world: World) -> None:
        with app.app_context():
            evaluated(
                mail_oldest_unsent_seconds=[Found(1200, "maple", world.maple.id)],
                work_failed=[Found(3, "maple", world.maple.id)],
                disk_free_ratio=[Found(0.01, "/files")],
            )

        maple = PageClient(app).sign_in(world.adams).get("/maple/admin", status=200)
        birch = PageClient(app).sign_in(world.avery).get("/birch/admin", status=200)

        assert "Mail has been waiting to leave for 20 minutes." in maple.text
        assert "failed for good" not in maple.text
        assert "/files" not in maple.text
        assert "waiting to leave" not in birch.text

    def test_there_are_never_more_series_than_a_thousand_a_measure(self, here: None) -> None:
        many = readings.Measure(
            "many", "Many.", lambda _: (Found(n, str(n)) for n in range(3000)), "district"
        )
        with across_districts.session() as across:
            known, _ = readings.read_all(across, [many])

        assert [found.value for found in known["many"]] == list(range(2999, 1999, -1))


def test_the_watch_goes_on_while_the_database_is_away(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch, "EVERY", 0.01)
    looks: list[int] = []

    def fails_first(across: Callable[..., Any]) -> None:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("about Nora Bell")
        look(across)

    monkeypatch.setattr(watch, "look", fails_first)
    stop = Event()
    with app.app_context():
        session = across_districts.session
        thread = threading.Thread(target=keep_watch, args=(app, stop, session))
        thread.start()
        wait_until(lambda: len(looks) > 2, 20)
        stop.set()
        thread.join()

    assert "A look was not finished: RuntimeError" in caplog.text
    assert "Nora" not in caplog.text
