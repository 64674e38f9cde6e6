"""From a file of the school system to a letter, and back when an excuse comes: as the staff and the night do it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.tenancy import as_district
from app.notices.actions import approving, checks, senders, templating
from app.notices.actions.senders import Sender
from app.notices.models.notice import Notice, State
from app.notices.models.notice_text import NoticeText
from app.register.models.attendance_mark import AttendanceMark
from app.roster.models.student import Student
from app.truancy.actions import telling
from app.truancy.models.case_duty import OPEN, WITHDRAWN, CaseDuty
from app.truancy.models.firing import Firing
from tests.register import registers
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.reviews import in_use, reviewed, school_year

RULE = "us-ca.truant.1"
NOON = datetime(2026, 9, 21, 17, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=at) for at in (0, 1, 2)]


@pytest.fixture
def ready(app, world):
    """A student whose mother may be written to, signed-off codes, a rule in use, an approved text."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(NOON):
        north = world.maple.schools["North"]
        student = families.student("Ana", "Salas", number="1001", school=north)
        student.born = date(2017, 3, 1)
        families.lives_at(families.guardian(student, "Eva", "Salas"), "12 Maple Street")
        registers.calendar(north, weeks=3)
        registers.code("U", "absent", "unexcused")
        registers.code("E", "absent", "excused")
        registers.enrolled(student.id, north)
        school_year()
        in_use(world, RULE)
        template = templating.begin(RULE)
        templating.approve(NoticeText.newest(template.id, "en"), reads_it=True, by=world.adams.account())
        senders.say_sender(
            None, Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
        )
        db.session.commit()


def night(world, app, *codes: str) -> None:
    """The register as the school system tells it, and what the night makes of it."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM), clock.frozen(NOON):
        taken_in(
            a_window(*[("1001", "North", day, "DAY", code) for day, code in zip(DAYS, codes, strict=True)])
        )
        reviewed()


def told(world, app) -> tuple[list[str], list[str], list[str]]:
    """The states of firings, duties (notices alone) and notices."""
    with app.app_context(), as_district(world.maple.id):
        duties = select(CaseDuty.state).where(CaseDuty.do == "notice")
        return (
            list(db.session.scalars(select(Firing.state))),
            list(db.session.scalars(duties)),
            [str(one) for one in db.session.scalars(select(Notice.state))],
        )


def test_three_absences_become_one_letter_and_an_excuse_stops_it(app, client, world, ready):
    night(world, app, "U", "U", "U")
    assert told(world, app) == (["standing"], [OPEN], [])

    with clock.frozen(NOON):
        clark = client.sign_in(world.clark)
        assert "Ana Salas" in clark.get("/maple/attendance/work").text
        with app.app_context(), as_district(world.maple.id):
            duty = db.session.scalars(select(CaseDuty.id).where(CaseDuty.do == "notice")).one()
        page = clark.get(f"/maple/attendance/duties/{duty}/notice")
        clark.follow(clark.submit(page, "/notice", days="3", unexcused="3"))
    with app.app_context(), as_district(world.maple.id), clock.frozen(NOON):
        (notice,) = db.session.scalars(select(Notice)).all()
        assert notice.state == State.WAITING
        approving.approve(notice, caution_read=False, by=world.adams.account())
        db.session.commit()

    # The same register again: nothing new, nobody is written to twice.
    night(world, app, "U", "U", "U")
    assert told(world, app) == (["standing"], [OPEN], [str(State.APPROVED)])

    night(world, app, "U", "E", "U")
    assert told(world, app) == (["retracted"], [WITHDRAWN], [str(State.CANCELLED)])

    night(world, app, "U", "U", "U")
    firings, duties, notices = told(world, app)
    assert (firings, duties) == (["standing"], [OPEN])
    assert len(notices) == 1


def test_nothing_leaves_on_marks_that_changed_before_a_review_came_by(app, client, world, ready):
    night(world, app, "U", "U", "U")
    with app.app_context(), as_district(world.maple.id), clock.frozen(NOON):
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")).one()
        telling.tell(duty, {"days": "3", "unexcused": "3"}, "letter", by=world.clark.account())
        db.session.commit()
        changed = db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == DAYS[1])).one()
        changed.code = "E"
        db.session.commit()

        (notice,) = db.session.scalars(select(Notice)).all()
        assert not checks.ask(notice).may_leave
        assert checks.ask(notice).gone


def test_the_stranger_sees_nothing_of_it(app, client, world, ready):
    night(world, app, "U", "U", "U")

    with app.app_context(), as_district(world.birch.id):
        for model in (Firing, CaseDuty, Notice, Student):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0
