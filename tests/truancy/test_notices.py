"""The notice that a line of the morning list owes: written with what the law asks, stopped with what it rests on."""

from datetime import date, time

import pytest
from sqlalchemy import select

from app.core import grounds
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.notices.actions import approving, passing_on, senders, templating, withdrawing
from app.notices.actions.refused import Refused
from app.notices.actions.senders import Sender
from app.notices.models.notice import Notice, State
from app.notices.models.notice_text import NoticeText
from app.roster.models.student import Student
from app.truancy.actions import following, owing, settling, telling
from app.truancy.actions.following import Asked
from app.truancy.models.case_duty import CaseDuty
from tests.roster import families

RULE = "us-ca.truant.1"


def asked(student_id) -> Asked:
    return Asked(
        student_id=student_id,
        rule_id=RULE,
        window="2026-27",
        ordinal=1,
        trigger=date(2026, 9, 18),
        do="notice",
        to="parent",
        due=None,
        blocked=[],
        for_person=False,
    )


@pytest.fixture
def owed(app, world):
    """A duty to tell Ana's mother, and the student: their ids."""
    with app.app_context(), as_district(world.maple.id):
        student = families.student("Ana", "Salas", number="S-1", school=world.maple.schools["North"])
        families.lives_at(families.guardian(student, "Eva", "Salas"), "12 Maple Street")
        following.follow([student.id], [asked(student.id)])
        template = templating.begin(RULE)
        templating.approve(NoticeText.newest(template.id, "en"), reads_it=True, by=world.adams.account())
        senders.say_sender(
            None, Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
        )
        db.session.commit()
        return db.session.scalars(select(CaseDuty.id)).one(), student.id


def written(client, world, owed) -> None:
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/attendance/duties/{owed[0]}/notice")
    answer = clark.submit(page, "/notice", days="9", unexcused="4")

    assert "Notices written: 1." in clark.follow(answer).text


def test_it_says_what_the_law_asks_for(app, world, client, owed):
    written(client, world, owed)

    with app.app_context(), as_district(world.maple.id):
        (notice,) = db.session.scalars(select(Notice)).all()
        said = str(notice.words)
        assert notice.state == State.WAITING
        assert "By state law, Ana Salas is now called a truant." in said
        assert "You have the right to meet with school staff." in said


def test_an_excuse_that_comes_late_stops_it(app, world, client, owed):
    written(client, world, owed)

    with app.app_context(), as_district(world.maple.id):
        (notice,) = db.session.scalars(select(Notice)).all()
        approving.approve(notice, caution_read=False, by=world.adams.account())
        following.follow([owed[1]], [])
        db.session.flush()
        assert withdrawing.look_again("case duty", owed[0]) == 1
        assert notice.state == State.CANCELLED
        assert "an excuse came" in notice.reason


def test_a_line_that_owes_nothing_says_so(app, world, client, owed):
    with app.app_context(), as_district(world.maple.id):
        db.session.get(CaseDuty, owed[0]).do = "conference"
        db.session.commit()
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/attendance/duties/{owed[0]}/notice")

    assert (
        "owes the family no notice" in clark.submit(page, "/notice", status=422, days="9", unexcused="4").text
    )


def test_numbers_that_are_missing_are_asked_for(world, client, owed):
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/attendance/duties/{owed[0]}/notice")

    assert (
        "Write how many have no excuse."
        in clark.submit(page, "/notice", status=422, days="9", unexcused="").text
    )


def duty(owed) -> CaseDuty:
    db.session.expire_all()
    return db.session.get_one(CaseDuty, owed[0])


def test_what_reached_nobody_stands_on_the_morning_list_again(app, world, client, owed):
    written(client, world, owed)
    with app.app_context(), as_district(world.maple.id):
        settling.finish([owed[0]], by=world.clark.account(), batch=uuid7())
        db.session.commit()
        assert duty(owed).state == "done"
        grounds.trouble("case duty", owed[0], "It came back. No other way is left.")
        db.session.commit()
        assert (duty(owed).state, duty(owed).settled_by_id) == ("open", None)
    clark = client.sign_in(world.clark)
    assert "It came back. No other way is left." in clark.get("/maple/attendance/work").text

    with app.app_context(), as_district(world.maple.id):
        settling.dismiss([owed[0]], "Told at the door.", by=world.clark.account(), batch=uuid7())
        grounds.trouble("case duty", owed[0], "It came back.")
        db.session.commit()
        assert (duty(owed).state, duty(owed).trouble) == ("dismissed", "")


def test_the_law_decides_by_which_ways_it_may_be_told(app, world, owed):
    assert owing.permitted("us-ca.truant.1") == ("sms", "email", "letter")
    assert owing.permitted("us-pa.truant") == ("email", "letter")
    with app.app_context(), as_district(world.maple.id):
        one = duty(owed)
        one.rule_id = "us-pa.truant"
        with pytest.raises(Refused, match="asks for this notice in writing"):
            telling.tell(one, {"days": "9", "unexcused": "4"}, "sms", by=world.clark.account())


def test_after_a_way_that_failed_the_letter_of_such_a_rule_goes_certified(app, world, owed):
    with app.app_context(), as_district(world.maple.id):
        one = duty(owed)
        one.rule_id = "us-ga.five"
        template = templating.begin("us-ga.five")
        templating.approve(NoticeText.newest(template.id, "en"), reads_it=True, by=world.adams.account())
        senders.set_up(envelope="us-10", cut_off=time(15), practises=False)
        ((_, eva),) = families.guardianships(db.session.get_one(Student, owed[1]))
        families.email(eva, "eva@example.com")
        db.session.commit()
        (email,) = telling.tell(
            one, {"days": "9", "unexcused": "4"}, "email", by=world.clark.account()
        ).notices
        approving.approve(email, caution_read=False, by=world.adams.account())
        passing_on.fail(email, "It came back.")
        db.session.commit()

        letter = db.session.scalars(select(Notice).where(Notice.channel == "letter")).one()
        assert (letter.state, letter.is_required, letter.goes_certified) == (State.APPROVED, True, True)
        assert not email.goes_certified
