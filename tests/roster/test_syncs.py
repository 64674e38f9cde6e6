"""A sync from its source to the people: what answers badly harms nobody, and what breaks off goes on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.core import clock, spool
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.feed import LeftOut, Remark, Rule, Unreadable, WholeRead
from app.core.fetching import NotNow
from app.core.queue import Work
from app.core.quotas import STORED, used
from app.core.services import GOOGLE_SIGN_IN, turn
from app.core.tenancy import as_district
from app.notices.models.message import Message
from app.roster.actions import connecting, fetching, importing
from app.roster.actions.connecting import Particulars
from app.roster.actions.refused import Refused
from app.roster.models.fetched_page import FetchedPage
from app.roster.models.import_note import ImportNote
from app.roster.models.import_row import ImportRow
from app.roster.models.person import Person
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from jobs import perform
from tests.roster.sources import KIND, MadeUp, asked, connected, person, school
from tests.world import World

MIDNIGHT = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)  # at Maple, in the middle of the continent


@pytest.fixture
def maple(app: Flask, world: World) -> Iterator[World]:
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield world


def log_of(run: RosterImport) -> str:
    return " ".join(note.sentence for note in ImportNote.of(run.id))


def pages_kept() -> int:
    return db.session.scalar(select(func.count()).select_from(FetchedPage)) or 0


def verdicts(run: RosterImport) -> dict[str, int]:
    return {verdict: count for (what, verdict), count in ImportRow.counts(run.id).items() if what == "staff"}


def applied(run: RosterImport, *, removals: bool = True) -> RosterImport:
    run_id = run.id
    importing.approve(run, removals=removals)
    db.session.commit()
    importing.advance(run_id)
    found = RosterImport.find(run_id)
    assert found is not None
    return found


def again(run_id: Any) -> RosterImport:
    importing.advance(run_id)
    found = RosterImport.locked(run_id)
    assert found is not None
    db.session.commit()
    return found


def tonight(hour: int = 1) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


# --- what is answered becomes people ------------------------------------------------------------------------


def test_what_is_answered_is_looked_at_and_applied(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)], [person(2), person(3)]]))

    run = asked()
    assert (run.state, verdicts(run)) == ("ready", {"new": 3})
    assert run.pages_fetched == 2
    assert pages_kept() == 2
    done = applied(run)

    assert done.state == "done"
    somebody = Person.with_address("u2@maple.example")
    assert somebody is not None
    assert somebody.school is not None
    assert somebody.school.name == "Beech School"
    assert pages_kept() == 0
    assert used(STORED) == 0


def test_a_dead_worker_costs_the_page_that_it_was_at(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)], [person(2)], KeyboardInterrupt(), [person(3)]])
    connected(monkeypatch, source)

    with pytest.raises(KeyboardInterrupt):
        asked()
    db.session.rollback()
    run = RosterImport.under_way()
    assert run is not None
    assert (run.state, run.pages_fetched) == ("fetching", 2)
    run = again(run.id)

    assert source.asked_from == [0, 1, 2, 2]
    assert (run.state, verdicts(run)) == ("ready", {"new": 3})


def test_time_is_up_between_two_pages(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)], [person(2)]])
    connected(monkeypatch, source)
    monkeypatch.setattr(importing, "A_WHILE", -1.0)

    run = asked()
    assert (run.state, run.pages_fetched) == ("fetching", 1)
    bells = db.session.scalars(select(Work).where(Work.job == "jobs.roster.advance")).all()
    assert len(bells) == 2  # its beginning and its going on
    run = again(run.id)

    assert run.state == "reading"
    assert source.asked_from == [0, 1]


def test_it_is_cancelled_between_two_pages(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)], [person(2)]])
    connected(monkeypatch, source)
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    run = asked()

    importing.cancel(run)
    run = again(run.id)

    assert run.state == "cancelled"
    assert source.asked_from == [0]
    assert pages_kept() == 0


def test_what_is_answered_after_it_was_cancelled_is_not_kept(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)], [person(2)], [person(3)]])
    connected(monkeypatch, source)
    source.meanwhile[1] = lambda: importing.cancel(RosterImport.under_way())

    run = asked()

    assert run.state == "cancelled"
    assert source.asked_from == [0, 1]
    assert pages_kept() == 0


def test_items_come_back_from_text_as_they_were() -> None:
    left = LeftOut(file="users", line=7, key="u7", rule=Rule.NO_NAME, email="é@maple.example")
    items = [school(), person(1), left, Remark("Two pages."), WholeRead(False)]

    assert list(spool.read_back(spool.written(items))) == items


# --- what answers badly --------------------------------------------------------------------------------------


def test_an_answer_without_people_is_no_proof_that_all_have_left(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]))
    applied(asked())
    for _ in range(3):
        connected(monkeypatch, MadeUp([[school()]]))
        run = asked()
        assert run.state == "failed"

    assert "nobody on the staff" in (run.sentence or "")
    assert Person.with_address("u1@maple.example").active
    connection = RosterConnection.of_kind(KIND)
    assert connection.failure == run.sentence
    assert connection.worked_at is not None


def test_a_refusal_in_the_middle_takes_nothing_over(maple: World, monkeypatch: Any) -> None:
    sentence = "The key is not accepted any more."
    connected(monkeypatch, MadeUp([[school(), person(1)], Unreadable(sentence), []]))

    run = asked()

    assert (run.state, run.sentence) == ("failed", sentence)
    assert pages_kept() == 0
    assert Person.with_address("u1@maple.example") is None


def test_a_busy_source_is_asked_again_when_it_said(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)], NotNow("It is busy.", 600.0), [person(2)]])
    connected(monkeypatch, source)

    with clock.frozen(tonight()):
        run = asked()

    assert (run.state, run.pauses) == ("fetching", 1)
    due = db.session.scalars(select(Work.due_at).order_by(Work.due_at.desc())).first()
    assert due == tonight() + timedelta(minutes=10)
    assert "It is busy. It is asked again in 10 minutes." in log_of(run)
    run = again(run.id)
    assert (run.state, run.pauses) == ("ready", 0)
    assert source.asked_from == [0, 1, 1]


def test_a_source_that_never_answers_ends_it_with_a_sentence(maple: World, monkeypatch: Any) -> None:
    busy: list[Any] = [NotNow("It does not answer.") for _ in range(20)]
    connected(monkeypatch, MadeUp([[school(), person(1)], *busy, [person(2)]]))

    run = asked()
    for _ in range(fetching.MOST_PAUSES):
        assert run.state == "fetching"
        run = again(run.id)

    assert run.state == "failed"
    assert run.sentence == "It does not answer. It was asked 8 times in a row without an answer."


def test_answers_without_end_end(maple: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(fetching, "MOST_KEPT", 2000)
    connected(monkeypatch, MadeUp([[person(nth)] for nth in range(1, 50)]))

    run = asked()

    assert run.state == "failed"
    assert "far more than any roster" in (run.sentence or "")
    assert used(STORED) == 0


def test_a_full_district_gets_a_sentence(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]))
    monkeypatch.setattr(fetching.quotas, "is_reached", lambda quota: True)

    with pytest.raises(Refused, match="storage is full"):
        asked()


# --- off ------------------------------------------------------------------------------------------------------


def test_turned_off_it_stops_whatever_waits(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)], [person(2)]])
    connected(monkeypatch, source)
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    run = asked()

    turn(GOOGLE_SIGN_IN, False, SYSTEM)
    db.session.commit()
    run = again(run.id)

    assert source.asked_from == [0]
    assert (run.state, run.sentence) == ("failed", "Google sign-in is turned off, so this was stopped.")
    with pytest.raises(Refused, match="turned off"):
        connecting.sync(KIND, by=SYSTEM)


def test_turned_off_nothing_more_is_taken_over_either(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]))
    run = asked()
    assert run.state == "ready"
    importing.approve(run, removals=True)

    turn(GOOGLE_SIGN_IN, False, SYSTEM)
    db.session.commit()
    run = again(run.id)

    assert run.state == "failed"
    assert Person.with_address("u1@maple.example") is None


# --- twice absent ---------------------------------------------------------------------------------------------


def test_two_readings_within_a_short_while_are_one(maple: World, monkeypatch: Any) -> None:
    everybody = [school(), *map(person, range(1, 60))]
    without_one = [one for one in everybody if one.key != "u1"]

    def at(hours: int, items: list[Any]) -> RosterImport:
        with clock.frozen(tonight() + timedelta(hours=hours)):
            connected(monkeypatch, MadeUp([items]))
            run = asked()
            return applied(run, removals=True) if run.state == "ready" else run

    at(0, everybody)
    assert verdicts(at(24, without_one))["missing"] == 1
    soon = at(25, without_one)
    assert "missing" not in verdicts(soon)
    assert "less than 12 hours ago" in log_of(soon)
    assert Person.with_address("u1@maple.example").active
    assert verdicts(at(48, without_one))["vanished"] == 1
    db.session.expire_all()
    assert not Person.with_address("u1@maple.example").active


# --- at its hour ----------------------------------------------------------------------------------------------


def begun() -> int:
    return db.session.scalar(select(func.count()).select_from(RosterImport)) or 0


def test_it_is_asked_once_a_night_at_its_hour_there(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]), hour=1)
    begun_at = []
    for quarter in range(4 * 30):
        with clock.frozen(MIDNIGHT + timedelta(minutes=15 * quarter)):
            before = begun()
            connecting.sync_what_is_due(by=SYSTEM)
            db.session.commit()
            if begun() > before:
                begun_at.append(quarter / 4)
                run = RosterImport.under_way()
                importing.cancel(run)

    assert begun_at == [1.0, 25.0]


def test_without_an_hour_it_is_asked_by_hand_alone(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]))

    with clock.frozen(tonight()):
        connecting.sync_what_is_due(by=SYSTEM)

    assert begun() == 0


def test_an_unanswered_preview_makes_way_for_the_next_night(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]), hour=1)
    with clock.frozen(tonight()):
        first = asked()
    assert first.state == "ready"

    with clock.frozen(tonight() + timedelta(days=1)):
        connecting.sync_what_is_due(by=SYSTEM)

    second = RosterImport.under_way()
    assert second.id != first.id
    assert RosterImport.find(first.id).state == "cancelled"
    assert "takes its place" in log_of(first)


def test_what_stands_in_its_way_is_told_and_tried_again(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]), hour=1)
    monkeypatch.setattr(importing, "A_WHILE", -1.0)
    with clock.frozen(tonight()):
        run = asked()
        connecting.sync_what_is_due(by=SYSTEM)
        assert RosterConnection.of_kind(KIND).failure == importing.ONE_AT_A_TIME
        importing.cancel(run)
        connecting.sync_what_is_due(by=SYSTEM)

    assert RosterImport.under_way().state == "fetching"


def test_it_applies_itself_where_the_district_chose_so(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1), person(2)]]))

    run = asked(applies_itself=True)

    assert run.state == "done"
    assert "as the district chose" in log_of(run)
    assert Person.with_address("u2@maple.example") is not None


def test_it_asks_all_the_same_when_many_would_go(maple: World, monkeypatch: Any) -> None:
    with clock.frozen(tonight()):
        connected(monkeypatch, MadeUp([[school(), *map(person, range(1, 41))]]))
        asked(applies_itself=True)

    with clock.frozen(tonight() + timedelta(days=1)):
        connected(monkeypatch, MadeUp([[school(), *map(person, range(1, 21))]]))
        run = asked(applies_itself=True)

    assert (run.state, bool(run.guard)) == ("ready", True)


def test_an_hour_that_the_clocks_skip_strikes_when_they_have() -> None:
    with clock.frozen(datetime(2027, 3, 14, 12, 0, tzinfo=UTC)):
        assert clock.last_struck(2, "America/Chicago") == datetime(2027, 3, 14, 8, 0, tzinfo=UTC)


# --- the secret -----------------------------------------------------------------------------------------------


def test_the_secret_lies_sealed_and_is_told_nowhere(maple: World, monkeypatch: Any) -> None:
    connection = connected(monkeypatch, MadeUp([[school(), person(1)]]), secret_expires_on=date(2027, 6, 1))

    (kept,) = db.session.execute(text("select secret_sealed from roster_connections")).scalars()
    assert kept.startswith("v1.")
    assert "sesame" not in kept
    told = db.session.scalars(select(AuditEntry.changes).where(AuditEntry.which == connection.id)).all()
    assert told
    assert "sesame" not in str(told)


def test_a_secret_left_empty_stays(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]))

    connecting.change(KIND, Particulars(settings={"where": "there"}), by=SYSTEM)

    assert RosterConnection.of_kind(KIND).secret == "sesame"


def test_a_secret_is_sent_to_no_other_host_than_it_was_entered_for(maple: World, monkeypatch: Any) -> None:
    source = MadeUp([[school(), person(1)]])
    connected(monkeypatch, source)
    monkeypatch.setattr(MadeUp, "hosts", lambda self, settings: (f"{settings['where']}.example",))

    with pytest.raises(Refused, match="Enter the secret again"):
        connecting.change(KIND, Particulars(settings={"where": "elsewhere"}), by=SYSTEM)

    connecting.change(KIND, Particulars(settings={"where": "elsewhere"}, secret="other"), by=SYSTEM)
    assert RosterConnection.of_kind(KIND).secret == "other"


# --- what admins hear -----------------------------------------------------------------------------------------


def mails() -> list[str]:
    """What was written to the district's only admin by the jobs that are due."""
    for job in db.session.scalars(select(Work).where(Work.job == "jobs.roster.tell_of_sync")).all():
        perform(job.job, job.subject_id)
        db.session.delete(job)
    db.session.commit()
    return list(db.session.scalars(select(Message.subject).order_by(Message.id)))


def test_admins_hear_once_that_a_nightly_sync_does_not_work(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([Unreadable("The key is refused.") for _ in range(5)]), hour=1)

    for night in range(3):
        with clock.frozen(tonight() + timedelta(days=night)):
            connecting.sync_what_is_due(by=SYSTEM)
            db.session.commit()
            again(RosterImport.under_way().id)

    assert mails() == ["The nightly sync of Made-up did not work"]
    assert "The key is refused." in db.session.scalars(select(Message.text)).one()


def test_admins_hear_once_that_a_nightly_sync_waits_for_them(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]), hour=1)

    for night in range(3):
        with clock.frozen(tonight() + timedelta(days=night)):
            connecting.sync_what_is_due(by=SYSTEM)
            db.session.commit()
            run = again(RosterImport.under_way().id)
            assert run.state == "ready"
            assert mails() == ["The nightly sync of Made-up waits for you"]


def test_nobody_is_written_to_about_what_they_asked_for_themselves(maple: World, monkeypatch: Any) -> None:
    connected(monkeypatch, MadeUp([[school(), person(1)]]))
    asked()

    assert mails() == []


def test_a_secret_that_ends_is_told_of_in_time_and_once_each(maple: World, monkeypatch: Any) -> None:
    last_day = date(2027, 3, 1)
    connected(monkeypatch, MadeUp([[school(), person(1)]]), secret_expires_on=last_day)
    told = {}
    for days in range(70, -5, -1):
        with clock.frozen(datetime(2027, 3, 1, 18, tzinfo=UTC) - timedelta(days=days)):
            before = len(mails())
            perform("jobs.admin.remind_of_secrets")
            if len(mails()) > before:
                told[days] = mails()[-1]

    assert told == {
        60: "The secret for Made-up ends in 60 days",
        30: "The secret for Made-up ends in 30 days",
        7: "The secret for Made-up ends in 7 days",
        0: "The secret for Made-up ends today",
    }


def test_a_new_secret_is_reminded_of_anew(maple: World, monkeypatch: Any) -> None:
    settings = {"where": "here"}
    with clock.frozen(tonight()):
        connected(monkeypatch, MadeUp([[school()]]), secret_expires_on=date(2026, 12, 1))
        perform("jobs.admin.remind_of_secrets")
        again_soon = Particulars(settings=settings, secret="sesame", secret_expires_on=date(2026, 12, 20))
        connecting.change(KIND, again_soon, by=SYSTEM)
        perform("jobs.admin.remind_of_secrets")

    assert mails() == ["The secret for Made-up ends in 5 days", "The secret for Made-up ends in 24 days"]
