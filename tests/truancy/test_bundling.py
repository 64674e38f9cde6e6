"""Two rules, one event: one notice tells what several rules owe a family about the same absences."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.notices.actions import approving, passing_on, recalling, senders, telling, templating, withdrawing
from app.notices.actions.recalling import Happened
from app.notices.actions.senders import Sender
from app.notices.models.incident import ADDRESS
from app.notices.models.notice import EMAIL, LETTER, SMS, Notice, NoticeRecipient, State
from app.notices.models.notice_text import NoticeText
from app.roster.models.student import Student
from app.truancy.actions import bundling, owing, settling
from app.truancy.actions.telling import tell
from app.truancy.law.packs import pack, places
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import DONE, OPEN, WITHDRAWN, CaseDuty
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.firing import RETRACTED, STANDING, Firing
from app.truancy.models.notice_trail import duties_of, trails
from app.truancy.models.on_record import on_record
from app.truancy.models.student_to_review import StudentToReview
from tests.register import registers
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.reviews import in_use, reviewed, school_year

TRIGGER = date(2026, 9, 18)
NOON = datetime(2026, 9, 21, 17, tzinfo=UTC)
DAYS = ("2026-09-14", "2026-09-16", "2026-09-18")
#: A law that asks for contents, and laws that ask for none: by any way, certified where it fails, in writing.
TEXAS, JERSEY, GEORGIA, OHIO = "us-tx.warning", "us-nj.each", "us-ga.five", "us-oh.excessive.month"
CALIFORNIA, PENNSYLVANIA = "us-ca.truant.1", "us-pa.truant"
NUMBERS = {"days": "3", "unexcused": "3"}


@pytest.fixture(autouse=True)
def _noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def here(app, world):
    """Ana, her mother at home, and texts of Texas and New Jersey."""
    with app.app_context(), as_district(world.maple.id):
        student = families.student("Ana", "Salas", number="S-1", school=world.maple.schools["North"])
        mother = families.guardian(student, "Eva", "Salas")
        families.lives_at(mother, "12 Maple Street")
        senders.set_up(envelope="us-10", cut_off=time(15, 0), practises=False)
        sender = Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
        senders.say_sender(None, sender)
        for rule in (TEXAS, JERSEY):
            has_a_text(world, rule)
        db.session.commit()
        yield SimpleNamespace(student=student.id, mother=mother.id, by=world.clark.account())


def has_a_text(world, rule) -> None:
    adams, template = world.adams.account(), templating.begin(rule)
    text = NoticeText.newest(template.id, "en")
    if text.why_not():
        passages = {item: f"This is {item}." for item, _ in templating.wanted_of(rule).contents}
        draft = templating.Draft("en", text.heading, text.body, passages, line=text.line)
        text = templating.write(template, draft, by=adams)
    templating.approve(text, reads_it=True, by=adams)


def owed(student: UUID, rule: str, days=DAYS, *, to="parent", ordinal=1, **more) -> CaseDuty:
    """A line of the morning list, and the firing behind it."""
    db.session.add(
        Firing(
            student_id=student,
            rule_id=rule,
            rule_version="0" * 64,
            window_name="2026-27",
            ordinal=ordinal,
            trigger_day=TRIGGER,
            marks=[[day, "DAY", "U", None] for day in days],
            evidence_sha256="0" * 64,
            total=str(len(days)),
            duties=[],
            blocked=[],
            excluded=[],
            known_at=NOON,
        )
    )
    duty = CaseDuty(
        case_id=AttendanceCase.of(student, TRIGGER).id,
        student_id=student,
        rule_id=rule,
        window="2026-27",
        ordinal=ordinal,
        trigger=TRIGGER,
        do="notice",
        to=to,
        **more,
    )
    db.session.add(duty)
    db.session.commit()
    return duty


def seen() -> None:
    """A review came by, and found everything as it was."""
    db.session.execute(delete(StudentToReview))
    db.session.commit()


def write(here, duty, first=LETTER) -> list[Notice]:
    """Its notices."""
    seen()
    notices = tell(duty, NUMBERS, first, by=here.by).notices
    seen()
    return notices


def both(here, first=LETTER) -> SimpleNamespace:
    """Texas' notice, that tells what New Jersey's rule owes, too."""
    texas, jersey = owed(here.student, TEXAS), owed(here.student, JERSEY, DAYS[:2])
    (notice,) = write(here, texas, first)
    db.session.commit()
    return SimpleNamespace(texas=texas, jersey=jersey, notice=notice)


def retract(duty, *, again=False) -> None:
    """The register takes its firing back, and what rests on it is looked at."""
    seen()
    firing = owing.firing_of(duty)
    firing.state, firing.retracted_at = (STANDING, None) if again else (RETRACTED, clock.now())
    db.session.flush()
    withdrawing.look_again_of([duty.student_id])
    db.session.commit()
    db.session.expire_all()


def left(world, notice) -> None:
    approving.approve(notice, caution_read=False, by=world.adams.account())
    notice.leave()
    db.session.commit()


def notices() -> list[Notice]:
    db.session.expire_all()
    return list(db.session.scalars(select(Notice).order_by(Notice.id)))


# --- which ------------------------------------------------------------------------------------------------------


def test_of_all_laws_one_notice_tells_another_only_if_it_says_all_of_it_by_a_way_that_is_allowed(here, world):
    asked = {
        rule.id: (set(duty.contents) - {"language_of_parent"}, duty.to)
        for place in places()
        for rule in pack(place)
        for duty in rule.duties
        if duty.do == "notice" and rule.until is None
    }
    duties = {rule: owed(here.student, rule, to=to) for rule, (_, to) in asked.items()}
    for rule in asked.keys() - {TEXAS, JERSEY}:
        has_a_text(world, rule)
    db.session.commit()

    for one, other in permutations(asked, 2):
        (found,) = [it for it in bundling.beside(duties[one]) if it.duty.id == duties[other].id]
        says_it = asked[other][0] <= asked[one][0] and asked[other][1] == asked[one][1]
        ways = set(owing.permitted(one)) & set(owing.permitted(other))
        assert set(found.ways) == (ways if says_it else set()), (one, other)
        assert bool(found.why) == (set(found.ways) != set(owing.permitted(one))), (one, other)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"rule": CALIFORNIA}, "does not say that the pupil is a truant; the parent's duty to compel"),
        ({"rule": JERSEY, "to": "each_parent"}, "it is owed to each parent, and this notice to a parent."),
        ({"rule": JERSEY, "days": ("2026-09-11", *DAYS)}, "it counts absences that this notice does not"),
        ({"rule": JERSEY, "for_person": True}, "a person decides about it by itself."),
        (
            {"rule": JERSEY, "blocked": [["not_delivered", ""]]},
            "The notice before this one was not delivered",
        ),
    ],
)
def test_where_two_letters_are_needed_it_is_said_why_and_two_are_written(here, world, other, why):
    has_a_text(world, other["rule"])
    texas = owed(here.student, TEXAS)
    second = owed(here.student, other.pop("rule"), **other)

    (beside,) = bundling.beside(texas)
    assert (beside.ways, why in beside.why) == ((), True), beside.why
    write(here, texas)
    assert (second.state, notices()[0].along) == (OPEN, ())
    write(here, second)
    assert len(notices()) == 2


def test_what_the_law_wants_in_writing_is_told_along_by_email_and_then_never_by_text(here):
    texas, ohio = owed(here.student, TEXAS), owed(here.student, OHIO)
    (beside,) = bundling.beside(texas)
    assert (beside.ways, "asks for it in writing" in beside.why) == ((EMAIL, LETTER), True)

    assert bundling.told_along(texas, SMS) == []
    (notice,) = write(here, texas, EMAIL)
    assert (notice.along, notice.ways) == ((ohio.id,), [EMAIL, LETTER])


def test_by_text_message_it_is_not_told_along(here):
    texas, ohio = owed(here.student, TEXAS), owed(here.student, OHIO)
    (notice,) = write(here, texas, SMS)

    assert (notice.along, notice.ways[0], ohio.state) == ((), SMS, OPEN)


def test_where_one_law_asks_for_certified_mail_the_letter_after_a_failure_goes_so(here):
    texas, georgia = owed(here.student, TEXAS), owed(here.student, GEORGIA)
    (notice,) = write(here, texas)

    assert (notice.along, notice.certified, notice.is_required) == ((georgia.id,), True, True)


def test_what_rests_on_other_absences_is_another_event(here):
    texas = owed(here.student, TEXAS)
    owed(here.student, JERSEY, ("2026-09-02",))

    assert bundling.beside(texas) == []


def test_what_counts_more_and_says_it_all_tells_the_smaller_one(here, world):
    texas, jersey = owed(here.student, TEXAS), owed(here.student, JERSEY)
    (beside,) = bundling.beside(jersey)

    assert (beside.duty.id, beside.ways, beside.tells_this) == (texas.id, (), True)


def test_what_has_a_notice_already_is_not_told_again(here):
    texas, jersey = owed(here.student, TEXAS), owed(here.student, JERSEY)
    write(here, jersey)
    (notice,) = write(here, texas)

    assert (bundling.beside(texas), notice.along, jersey.state) == ([], (), OPEN)


# --- never across -----------------------------------------------------------------------------------------------


def test_a_brothers_letter_tells_nothing_of_ana(here, world):
    brother = families.student("Ben", "Salas", number="S-2", school=world.maple.schools["North"])
    families.lives_at(families.guardian(brother, "Eva", "Salas"), "12 Maple Street")
    texas, his = owed(here.student, TEXAS), owed(brother.id, JERSEY)
    (notice,) = write(here, texas)
    assert (notice.along, his.state) == ((), OPEN)

    db.session.add(NoticeRecipient.of(notice, here.mother, along=his.id))
    with pytest.raises(IntegrityError, match="owed about another student"):
        db.session.flush()
    db.session.rollback()


def test_each_home_is_told_everything_and_once(here):
    father = families.guardian(db.session.get_one(Student, here.student), "Rui", "Salas")
    families.lives_at(father, "3 Birch Road")
    texas, jersey = owed(here.student, TEXAS), owed(here.student, JERSEY)
    told = write(here, texas)

    assert sorted((one.guardian_ids, one.along) for one in told) == sorted(
        ((id,), (jersey.id,)) for id in (here.mother, father.id)
    )
    assert jersey.state == DONE


# --- what is done by it -----------------------------------------------------------------------------------------


def test_one_notice_is_written_and_the_other_line_is_done_by_it(here):
    told = both(here)

    assert notices() == [told.notice]
    assert (told.notice.along, told.jersey.state, told.texas.state) == ((told.jersey.id,), DONE, OPEN)
    entry = db.session.scalars(select(CaseEntry)).one()
    assert entry.duty_id == told.jersey.id
    assert entry.note == f"Told by the notice of “Warning to the parent”, {told.notice.code}."
    assert told.jersey.settled_by_id == here.by.id


def test_asked_for_by_itself_afterwards_it_is_the_same_notice(here):
    told = both(here)
    assert write(here, told.jersey) == [told.notice]
    assert len(notices()) == 1

    settling.undo(told.jersey.batch_id, by=here.by)
    assert told.jersey.state == OPEN
    assert write(here, told.jersey) == [told.notice]
    assert len(notices()) == 1


def test_the_database_lets_no_second_notice_count_for_what_is_told_along(here):
    told = both(here)
    (other,) = tell(
        owed(here.student, TEXAS, ("2026-09-02",), ordinal=2), NUMBERS, LETTER, by=here.by
    ).notices

    db.session.add(NoticeRecipient.of(other, here.mother, along=told.jersey.id))
    with pytest.raises(IntegrityError, match="one_that_counts"):
        db.session.flush()
    db.session.rollback()


# --- when one of them falls -------------------------------------------------------------------------------------


def test_a_notice_that_left_stands_while_one_of_them_does(here, world):
    told = both(here)
    left(world, told.notice)

    retract(told.texas)
    assert (told.notice.state, told.jersey.state) == (State.SENT, DONE)
    firing = owing.firing_of(told.jersey)
    (trail,) = trails(firing, duties_of(firing))
    assert trail.together[-1] == (
        "“Warning to the parent” does not hold any more; the notice stands for “Each unexcused absence”."
    )

    retract(told.jersey)
    assert told.notice.state == State.WITHDRAWN
    assert told.jersey.state == WITHDRAWN


@pytest.mark.parametrize("has_left", [False, True])
def test_where_what_is_told_along_falls_the_notice_stands(here, world, has_left):
    told = both(here)
    if has_left:
        left(world, told.notice)

    retract(told.jersey)
    assert told.notice.state == (State.SENT if has_left else State.WAITING)


def test_before_it_left_nothing_leaves_in_the_words_of_a_rule_that_fell(here):
    told = both(here)
    retract(told.texas)

    assert (told.notice.state, told.notice.along) == (State.CANCELLED, ())
    assert (told.jersey.state, told.jersey.settled_by_id) == (OPEN, None)
    assert "is to be told by itself" in told.jersey.trouble

    (its_own,) = write(here, told.jersey)
    assert (its_own.state, its_own.grounds_id) == (State.WAITING, told.jersey.id)

    # And where the first stands again, it tells no more of what has a notice by now.
    retract(told.texas, again=True)
    (first,) = write(here, told.texas)
    assert (first.id, first.state, first.along) == (told.notice.id, State.WAITING, ())
    assert its_own.state == State.WAITING


def test_where_all_fall_and_stand_again_it_is_the_same_notice_for_all(here):
    told = both(here)
    for duty in (told.jersey, told.texas):
        retract(duty)
    assert (told.notice.state, told.jersey.state) == (State.CANCELLED, WITHDRAWN)

    for duty in (told.jersey, told.texas):
        retract(duty, again=True)
    told.jersey.state = OPEN
    db.session.commit()
    assert write(here, told.texas) == [told.notice]
    assert (told.notice.state, told.notice.along, told.jersey.state) == (
        State.WAITING,
        (told.jersey.id,),
        DONE,
    )


def test_from_the_register_an_excuse_takes_one_rule_back_and_leaves_the_other(here, world):
    north, student = world.maple.schools["North"], db.session.get_one(Student, here.student)
    student.born = date(2017, 3, 1)
    registers.calendar(north, weeks=3)
    registers.code("U", "absent", "unexcused")
    registers.code("E", "absent", "excused")
    registers.enrolled(here.student, north)
    school_year()
    in_use(world, TEXAS, JERSEY)
    db.session.commit()

    with acting_as(SYSTEM):
        the_register_says("U", "U", "U")
        notices_owed = list(db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")))
        (texas,) = [one for one in notices_owed if one.rule_id == TEXAS]
        (notice,) = tell(texas, {}, LETTER, by=world.clark.account()).notices
        left(world, notice)
        others = [one for one in notices_owed if one.rule_id == JERSEY]
        assert [one.state for one in others] == [DONE] * 3
        assert set(notice.along) == {one.id for one in others}

        the_register_says("U", "E", "U")
        assert {one.rule_id: one.stands for one in Firing.of_student(here.student)}[TEXAS] is False
        assert notices()[0].state == State.SENT

        the_register_says("E", "E", "E")
        assert notices()[0].state == State.WITHDRAWN


def the_register_says(*codes) -> None:
    days = [FIRST + timedelta(days=at) for at in range(len(codes))]
    marks = [("S-1", "North", day, "DAY", code) for day, code in zip(days, codes, strict=True)]
    taken_in(a_window(*marks))
    reviewed()


# --- when it is stopped, or does not arrive ---------------------------------------------------------------------


def test_cancelled_by_a_person_each_is_to_be_told_by_itself(here, world):
    told = both(here)
    withdrawing.cancel(told.notice, "Wrong numbers.", by=world.adams.account())

    assert (told.jersey.state, "Wrong numbers." in told.jersey.trouble) == (OPEN, True)
    (its_own,) = write(here, told.jersey)
    assert (its_own.id != told.notice.id, its_own.state) == (True, State.WAITING)


def test_what_goes_on_by_another_way_tells_all_of_it_again(here, world):
    families.email(_mother(here), "eva@example.com")
    told = both(here, EMAIL)
    approving.approve(told.notice, caution_read=False, by=world.adams.account())
    passing_on.fail(told.notice, "It came back.")
    db.session.commit()

    first, letter = notices()
    assert (first.state, letter.channel, letter.along) == (State.UNDELIVERED, LETTER, (told.jersey.id,))
    assert told.jersey.state == DONE


def test_what_goes_on_in_a_text_that_was_written_anew_tells_nothing_else(here, world):
    families.email(_mother(here), "eva@example.com")
    told = both(here, EMAIL)
    approving.approve(told.notice, caution_read=False, by=world.adams.account())
    old = told.notice.text
    draft = templating.Draft("en", old.heading, old.body + "\n\nCall us.", dict(old.passages), line=old.line)
    new = templating.write(old.template, draft, by=world.adams.account())
    templating.approve(new, reads_it=True, by=world.adams.account())
    passing_on.fail(told.notice, "It came back.")
    db.session.commit()

    _, letter = notices()
    assert (letter.along, told.jersey.state) == ((), OPEN)


def test_what_reached_nobody_opens_all_of_it(here, world):
    told = both(here)
    left(world, told.notice)
    settling.finish([told.texas.id], by=here.by, batch=uuid7())
    seen()
    (home,) = telling.homes(told.notice.student, [LETTER], {})
    told.notice.address = home.address
    passing_on.fail(told.notice, "It came back.")
    db.session.commit()

    assert [one.state for one in (told.texas, told.jersey)] == [OPEN, OPEN]
    assert all("No other way is left" in one.trouble for one in (told.texas, told.jersey))


def test_what_did_not_arrive_while_its_rule_fell_is_told_by_itself(here, world):
    told = both(here)
    left(world, told.notice)
    retract(told.texas)
    passing_on.fail(told.notice, "It came back.")
    db.session.commit()

    assert len(notices()) == 1
    assert (told.jersey.state, "It came back." in told.jersey.trouble) == (OPEN, True)


def test_what_reached_the_wrong_person_is_open_in_each_line(here, world):
    told = both(here)
    left(world, told.notice)
    said = Happened(key=uuid7(), cause=ADDRESS, reached="A neighbor", noticed_at=clock.now(), disclosed=())
    recalling.record(told.notice, said, by=here.by)
    db.session.commit()

    assert (told.jersey.state, told.jersey.trouble) == (OPEN, recalling.TELL_THEM)
    assert told.texas.trouble == recalling.TELL_THEM


def _mother(here):
    ((_, mother),) = families.guardianships(db.session.get_one(Student, here.student))
    return mother


def test_on_record_it_is_one_notice_that_says_what_it_tells(here, world):
    told = both(here)
    left(world, told.notice)
    (trail,) = on_record(told.texas.case).left

    assert trail.together == (
        "Written in the words of “Warning to the parent”; with it this notice tells “Each unexcused absence”.",
    )


# --- on the pages -----------------------------------------------------------------------------------------------


def test_the_clerk_reads_before_what_is_told_and_afterwards_finds_it_everywhere(here, world, client):
    texas, jersey = owed(here.student, TEXAS), owed(here.student, JERSEY, DAYS[:2])
    owed(here.student, CALIFORNIA)
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/attendance/duties/{texas.id}/notice")
    assert "Each unexcused absence: this notice tells that, too" in " ".join(page.text.split())
    assert "it needs a notice of its own: the text of this notice does not say" in page.text

    smaller = clark.get(f"/maple/attendance/duties/{jersey.id}/notice").text
    assert "Its notice would tell this one, too: write that one instead" in " ".join(smaller.split())

    case = clark.follow(clark.submit(page, "/notice", days="3", unexcused="3", why_other="By the roll."))
    assert "They tell as well: Each unexcused absence." in case.text
    (notice,) = notices()
    assert f"Told by the notice of “Warning to the parent”, {notice.code}." in case.text

    written = clark.get(f"/maple/notices/{notice.id}")
    assert "One notice for several rules that count the same absences" in written.text
    assert f"/maple/attendance/duties/{jersey.id}/evidence" in {one.get("href") for one in written.all("a")}
    for duty in (texas, jersey):
        evidence = clark.get(f"/maple/attendance/firings/{owing.firing_of(duty).id}").text
        assert notice.code in evidence
        assert "with it this notice tells “Each unexcused absence”." in evidence
