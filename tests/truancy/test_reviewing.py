"""Rules are put to the register in the database, and what follows is written down: once, whatever happens.

Transfers, two enrollments, excuses that come later, marks that come back, unknown codes, closed days, late registers.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random

import psycopg
import pytest
from sqlalchemy import delete, func, select, text, update

from app.core import clock
from app.core.db import db
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.school_day import SchoolDay
from app.roster.models.student import Student
from app.truancy.actions import recording, reviewing, telling
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.firing import Firing
from app.truancy.models.firing_change import FiringChange
from app.truancy.models.review import DONE, Review
from app.truancy.models.review_range import ReviewRange
from app.truancy.models.student_flag import StudentFlag
from app.truancy.models.student_to_review import StudentToReview
from tests.register import registers
from tests.roster import families
from tests.truancy.reviews import advance, firings, found, in_use, register_is_in, reviewed, school_year

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TRUANT = "us-pa.truant"
STANDS = [(TRUANT, "2026-09-09", "standing")]
GONE = [(TRUANT, "2026-09-09", "retracted")]


@pytest.fixture(autouse=True)
def _november():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def maple(app, world):
    with app.app_context(), as_district(world.maple.id):
        school_year()
        in_use(world, TRUANT)
        registers.code("U", "absent", "unexcused")
        registers.code("E", "absent", "excused")
        registers.code("C", "not_expected")
        yield world.maple


@pytest.fixture
def north(maple):
    return a_school(maple.schools["North"])


@pytest.fixture
def cedar(maple):
    return a_school(maple.schools["Cedar"])


def a_school(school):
    """Open for ten weeks, its register in to the last day."""
    days = registers.calendar(school, weeks=10)
    register_is_in(school, days[-1])
    return school


@pytest.fixture
def mia(north):
    mia = families.student("Mia", "Reyes", number="1001", school=north, grade="06").id
    registers.enrolled(mia, north)
    return mia


#: Monday, Tuesday, Wednesday of the first week.
DAYS = [registers.FIRST + timedelta(days=at) for at in range(3)]


def absent(student, school, days=DAYS, code="U", **more):
    return [registers.mark(student, school, day, code, **more) for day in days]


def change(student, day, **values):
    which = (AttendanceMark.student_id == student) & (AttendanceMark.day == day)
    db.session.execute(update(AttendanceMark).where(which).values(**values))


def test_three_absences_fire_with_their_day_their_marks_and_their_hash(mia, north):
    absent(mia, north)

    review = reviewed()

    (one,) = Firing.of_student(mia)
    assert (one.rule_id, one.trigger_day, one.total, one.state) == (TRUANT, DAYS[2], "3", "standing")
    assert one.marks == [[str(day), "DAY", "U", None] for day in DAYS]
    assert [(do, to) for do, to, *_ in one.duties] == [("notice", "each_parent")]
    assert one.known_at == NOW
    assert (found(review), Review.find(review.id).state) == (1, DONE)


def test_the_same_input_twice_writes_nothing(mia, north, world):
    absent(mia, north)
    reviewed()
    before = Firing.of_student(mia)[0].evidence_sha256

    assert reviewed() is None
    again = reviewing.review_everybody(by=world.adams.account())
    db.session.commit()
    advance(again.id)

    assert (found(again), firings(mia)) == (0, STANDS)
    assert Firing.of_student(mia)[0].evidence_sha256 == before
    assert db.session.scalar(select(func.count()).select_from(FiringChange)) == 0


def test_any_order_of_rows_gives_the_same_hash(mia, north):
    noah = families.student("Noah", "Reyes", number="1002", school=north, grade="06").id
    registers.enrolled(noah, north)
    absent(mia, north)
    absent(noah, north, Random(4).sample(DAYS, 3))

    reviewed()

    (of_mia,), (of_noah,) = Firing.of_student(mia), Firing.of_student(noah)
    assert of_mia.evidence_sha256 == of_noah.evidence_sha256


def test_excused_later_it_is_retracted_and_stays_with_both_hashes(mia, north):
    absent(mia, north)
    reviewed()
    (one,) = Firing.of_student(mia)
    id, sha256 = one.id, one.evidence_sha256
    assert telling.why_not(id) == ""

    change(mia, DAYS[0], code="E")
    reviewed()

    assert firings(mia) == GONE
    assert Firing.find(id).retracted_at == NOW
    (told,) = FiringChange.of_firing(id)
    assert (told.outcome, told.sha256_before) == ("retracted", sha256)
    assert not Firing.is_standing(id)
    assert telling.why_not(id).startswith("The absences that this notice rests on do not hold any more")


def test_marked_again_it_is_reinstated_and_no_second_firing(mia, north):
    absent(mia, north)
    reviewed()
    change(mia, DAYS[0], code="E")
    reviewed()

    change(mia, DAYS[0], code="U")
    review = reviewed()

    assert (firings(mia), found(review)) == (STANDS, 0)
    (one,) = Firing.of_student(mia)
    assert [told.outcome for told in FiringChange.of_firing(one.id)] == ["retracted", "reinstated"]
    assert Firing.is_standing(one.id)


def test_an_excuse_that_another_absence_makes_up_for_leaves_it_standing_on_other_marks(mia, north):
    absent(mia, north, [*DAYS, DAYS[0] + timedelta(days=7)])
    reviewed()
    (one,) = Firing.of_student(mia)
    id, before = one.id, one.evidence_sha256

    change(mia, DAYS[0], code="E")
    reviewed()

    db.session.expire_all()
    (one,) = Firing.of_student(mia)
    assert (one.id, one.state, str(one.trigger_day)) == (id, "standing", "2026-09-14")
    (told,) = FiringChange.of_firing(id)
    assert (told.outcome, told.sha256_before, told.sha256_after) == (
        "upheld_new_evidence",
        before,
        one.evidence_sha256,
    )


def test_a_mark_that_is_deleted_takes_its_firing_along(mia, north):
    absent(mia, north)
    reviewed()

    db.session.execute(delete(AttendanceMark).where(AttendanceMark.day == DAYS[1]))
    reviewed()

    assert firings(mia) == GONE


def test_a_code_that_nobody_signed_off_counts_nothing_until_somebody_does(mia, north):
    code = registers.code("X", "absent", "unexcused", signed=False)
    absent(mia, north, DAYS[:2])
    absent(mia, north, DAYS[2:], "X")
    reviewed()
    assert firings() == []

    code.signed_off_by, code.signed_off_at = "Clark Clerk", NOW
    reviewed()

    assert firings(mia) == STANDS


def test_a_code_that_nobody_knows_counts_nothing(mia, north):
    absent(mia, north, DAYS[:2])
    absent(mia, north, DAYS[2:], "?")

    reviewed()

    assert firings() == []


def test_what_a_school_says_of_a_code_goes_before_what_the_district_says(mia, north):
    registers.code("U", "absent", "excused", school_id=north)
    absent(mia, north)

    reviewed()

    assert firings() == []


def test_a_code_has_its_meaning_for_its_days(mia, north):
    db.session.execute(update(AttendanceCode).where(AttendanceCode.code == "U").values(valid_to=DAYS[1]))
    absent(mia, north)

    reviewed()

    assert firings() == []


def test_nothing_after_the_last_day_of_the_register_counts_before_it_is_in(mia, north):
    register_is_in(north, DAYS[1])
    absent(mia, north)
    reviewed()
    assert firings() == []

    register_is_in(north, DAYS[2])
    reviewed()

    assert firings(mia) == STANDS


def test_a_day_that_was_closed_after_all_takes_its_marks_away(mia, north):
    absent(mia, north)
    reviewed()

    db.session.execute(update(SchoolDay).where(SchoolDay.day == DAYS[1]).values(is_school_day=False))
    reviewed()

    assert firings(mia) == GONE


def test_after_a_transfer_the_marks_follow_the_student(mia, north, cedar):
    (stay,) = db.session.execute(text("update school_enrollments set exit = '2026-09-08' returning 1"))
    assert stay
    registers.enrolled(mia, cedar, entry=DAYS[2])
    absent(mia, north, DAYS[:2])
    absent(mia, cedar, DAYS[2:])

    reviewed()

    assert firings(mia) == STANDS


def test_after_a_transfer_a_late_register_of_the_old_school_is_waited_for(mia, north, cedar):
    db.session.execute(text("update school_enrollments set exit = '2026-09-08'"))
    registers.enrolled(mia, cedar, entry=DAYS[2])
    absent(mia, north, DAYS[:2])
    absent(mia, cedar, DAYS[2:])
    register_is_in(north, DAYS[0])

    reviewed()

    assert firings() == []


def test_of_two_enrollments_at_a_time_the_primary_one_counts(mia, north, cedar):
    registers.enrolled(mia, cedar, is_primary=False)
    absent(mia, north)
    absent(mia, cedar, [DAYS[0] + timedelta(days=7)], slot="AM")

    reviewed()

    (one,) = Firing.of_student(mia)
    assert one.total == "3"


def test_a_birth_date_that_nobody_knows_blocks_and_does_not_drop(mia, north, world):
    in_use(world, "us-ca.truant.1")
    absent(mia, north)

    reviewed()

    one = next(one for one in Firing.of_student(mia) if one.rule_id == "us-ca.truant.1")
    assert one.blocked == [["age_not_known", ""]]


def test_once_it_is_written_down_the_rule_knows_whether_it_is_for_them(mia, north, world):
    in_use(world, "us-ca.truant.1")
    absent(mia, north)
    reviewed()

    for born, blocked in ((date(2017, 3, 1), []), (date(2001, 3, 1), None)):
        db.session.execute(update(Student).where(Student.id == mia).values(born=born))
        reviewed()
        standing = [one for one in Firing.of_student(mia) if one.rule_id == "us-ca.truant.1" and one.stands]
        assert [one.blocked for one in standing] == ([] if blocked is None else [blocked])


def test_a_share_that_begins_to_speak_on_a_day_without_a_mark_fires_when_the_register_reaches_it(
    mia, north, world
):
    in_use(world, "us-fed.chronic")
    register_is_in(north, date(2026, 9, 17))
    absent(mia, north, DAYS[:1])
    reviewed()
    assert firings() == []

    register_is_in(north, date(2026, 9, 18))
    reviewed()

    assert firings(mia) == [("us-fed.chronic", "2026-09-18", "standing")]


def test_a_rule_that_is_switched_on_is_put_to_everybody(mia, north, world):
    absent(mia, north)
    reviewed()

    in_use(world, "us-fl.month5")
    absent(mia, north, [DAYS[2] + timedelta(days=at) for at in (1, 2)])
    reviewed()

    assert [rule for rule, _, _ in firings(mia)] == ["us-fl.month5", TRUANT]


def test_only_whoever_was_touched_is_looked_at(mia, north):
    noah = families.student("Noah", "Reyes", number="1002", school=north).id
    registers.enrolled(noah, north)
    absent(mia, north)
    reviewed()

    absent(noah, north, DAYS[:1])
    review = reviewed()

    assert [one.students for one in ReviewRange.of_review(review.id)] == [1]


def test_whose_grade_changes_is_looked_at(mia, north):
    reviewed()

    db.session.execute(update(Student).where(Student.id == mia).values(grade="07"))

    assert StudentToReview.count() == 1


def test_a_range_that_died_is_gone_on_with_and_writes_nothing_twice(mia, north, monkeypatch):
    monkeypatch.setattr(reviewing, "A_BATCH", 1)
    noah = families.student("Noah", "Reyes", number="1002", school=north).id
    registers.enrolled(noah, north)
    absent(mia, north)
    absent(noah, north)
    db.session.commit()
    review = reviewing.review_what_waits()
    db.session.commit()
    (one,) = ReviewRange.of_review(review.id)
    reviewing._take(ReviewRange.locked(one.id), of_everybody=True)
    db.session.rollback()
    db.session.commit()

    advance(review.id)
    advance(review.id)

    assert firings() == STANDS * 2
    db.session.expire_all()
    assert (Review.find(review.id).state, found(review)) == (DONE, 2)


def test_ranges_share_all_students_between_them(mia, north, monkeypatch):
    monkeypatch.setattr(reviewing, "A_RANGE", 2)
    others = [families.student("Pupil", str(at), number=f"2{at}", school=north).id for at in range(4)]
    for one in (mia, *others):
        registers.enrolled(one, north) if one != mia else None
        absent(one, north)
    db.session.commit()
    review = reviewing.review_what_waits()
    db.session.commit()

    assert len(ReviewRange.of_review(review.id)) == 3
    advance(review.id)
    assert firings() == STANDS * 5
    assert StudentToReview.count() == 0


def test_a_night_of_few_is_shared_between_workers(mia, north, monkeypatch):
    monkeypatch.setattr(reviewing, "WORTH_SHARING", 1)
    others = [families.student("Pupil", str(at), number=f"2{at}", school=north).id for at in range(3)]
    for one in (mia, *others):
        registers.enrolled(one, north) if one != mia else None
    reviewed()
    for one in (mia, *others):
        absent(one, north)

    review = reviewed()

    assert [one.students for one in ReviewRange.of_review(review.id)] == [1, 1, 1, 1, 0]
    assert firings() == STANDS * 4


def test_a_review_of_everybody_comes_by_whoever_waits_and_whoever_does_not(mia, north, world):
    noah = families.student("Noah", "Reyes", number="1002", school=north).id
    registers.enrolled(noah, north)
    absent(mia, north)
    reviewed()
    absent(noah, north)
    db.session.commit()

    review = reviewing.review_everybody(by=world.adams.account())
    db.session.commit()
    assert [StudentToReview.waits(one) for one in (mia, noah)] == [True, True]
    advance(review.id)

    assert [StudentToReview.waits(one) for one in (mia, noah)] == [False, False]
    assert firings() == STANDS * 2


@pytest.mark.parametrize("everybody", [True, False])
def test_a_change_that_a_review_cannot_see_yet_has_the_student_waiting_for_the_next(
    mia, north, world, everybody
):
    reviewed()
    absent(mia, north, DAYS[:1])
    db.session.commit()
    importing = psycopg.connect(get_settings().database_owner_url.replace("postgresql+psycopg", "postgresql"))
    with importing:
        importing.execute(
            "insert into attendance_marks (district_id, student_id, school_id, day, code) "
            "select district_id, student_id, school_id, day + at, code from attendance_marks, generate_series(1, 2) at"
        )
        review = reviewing.review_everybody(by=world.adams.account()) if everybody else reviewed()
        db.session.commit()
        advance(review.id)
        assert firings() == []

    reviewed()

    assert firings(mia) == STANDS


def test_what_two_find_at_the_same_moment_is_written_once(mia, north, monkeypatch):
    absent(mia, north)
    reviewed()
    before = Firing.of_student(mia)[0].id

    # As whoever read before the other had committed.
    monkeypatch.setattr(recording, "_known", lambda students: {})
    reviewing.look_at([mia])

    assert [one.id for one in Firing.of_student(mia)] == [before]


def test_cases_follow_what_stands_and_what_stands_no_more(mia, north):
    absent(mia, north)
    reviewed()
    (duty,) = db.session.scalars(select(CaseDuty).where(CaseDuty.student_id == mia))
    assert (duty.rule_id, duty.do, duty.to, duty.state) == (TRUANT, "notice", "each_parent", "open")

    change(mia, DAYS[0], code="E")
    reviewed()

    db.session.expire_all()
    assert duty.state == "withdrawn"


def test_a_flag_makes_it_a_matter_for_a_person(mia, north, world):
    in_use(world, "us-tx.refer")
    ten = [day for day in registers_days() if day <= date(2026, 9, 18)]
    absent(mia, north, ten)
    reviewed()
    assert Firing.of_student(mia)[0].excluded == []

    flag = StudentFlag(student_id=mia, name="homeless", first=DAYS[0], entered_by_id=world.adams.account().id)
    db.session.add(flag)
    reviewed()

    db.session.expire_all()
    one = next(one for one in Firing.of_student(mia) if one.rule_id == "us-tx.refer")
    assert (one.state, one.excluded) == ("standing", ["homeless"])
    assert [do for do, *_ in one.duties] == ["offer_counseling"]


def registers_days():
    return [registers.FIRST + timedelta(days=week * 7 + at) for week in range(10) for at in range(5)]


def test_one_student_is_looked_at_at_once(mia, north):
    absent(mia, north)

    reviewing.look_at([mia])

    assert firings(mia) == STANDS
    assert StudentToReview.count() == 0


def test_another_district_sees_nothing_of_it(mia, north, app, world):
    absent(mia, north)
    reviewed()

    with app.app_context(), as_district(world.birch.id):
        assert db.session.scalar(select(func.count()).select_from(Firing)) == 0
        assert reviewing.review_what_waits() is None
