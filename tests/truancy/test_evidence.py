"""What is behind a firing, on one page: marks, rule, count, notices, and whether the register agrees."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, select

from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.family.actions.linking import About, link_for
from app.family.models.family_answer import RECEIPT, FamilyAnswer
from app.family.models.tagline import TAGLINES
from app.family.models.words_approval import WordsApproval
from app.notices.actions import approving, choosing_english, collating, senders, templating, withdrawing
from app.notices.actions.senders import Sender
from app.notices.models.left_out_guardian import LeftOutGuardian
from app.notices.models.notice import Notice
from app.notices.models.notice_text import NoticeText
from app.notices.models.print_batch import PrintBatch
from app.register.models.attendance_code import AttendanceCode
from app.register.models.attendance_mark import AttendanceMark
from app.register.models.register_import import RegisterImport
from app.roster.models.contact import Contact
from app.roster.models.guardian import Guardian
from app.truancy.actions import checking, settling, telling
from app.truancy.law.overlay import text_sha256
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.evidence_import import EvidenceImport, MarkOrigin
from app.truancy.models.firing import Firing
from app.truancy.models.firing_change import FiringChange
from app.truancy.models.rule_activation import RuleActivation, versions_of
from app.truancy.models.student_flag import StudentFlag
from jobs import register as register_jobs
from tests.register import registers
from tests.register.registers import FIRST
from tests.register.test_imports import a_window, taken_in
from tests.roster import families
from tests.truancy.reviews import in_use, reviewed, school_year

RULE = "us-ca.truant.1"
NOON = datetime(2026, 9, 21, 17, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=at) for at in (0, 1, 2)]


@pytest.fixture(autouse=True)
def _noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def fired(app, world):
    """Ana, who missed three days by an import, her mother and her father, who may not be written to."""
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        north = world.maple.schools["North"]
        student = families.student("Ana", "Salas", number="1001", school=north)
        student.born = date(2017, 3, 1)
        mother = families.guardian(student, "Eva", "Salas", language="es")
        families.lives_at(mother, "12 Maple Street")
        families.guardian(student, "Rui", "Salas", relation="Father", rights={"education_rights": False})
        registers.calendar(north, weeks=3)
        registers.code("U", "absent", "unexcused", description="Cut")
        registers.code("E", "absent", "excused", description="Sick")
        registers.enrolled(student.id, north)
        school_year()
        in_use(world, RULE)
        version = versions_of(RULE)[-1]
        db.session.add(
            CounselConfirmation(
                rule_id=RULE,
                digest=text_sha256(version),
                counsel="Iris Okoye",
                confirmed_on=date(2026, 8, 1),
                recorded_by_id=world.adams.id,
            )
        )
        db.session.commit()
        ana, eva = student.id, mother.id
        told(*"UUU")
        return SimpleNamespace(
            student=ana,
            mother=eva,
            id=db.session.scalars(select(Firing.id)).one(),
            page=f"/maple/attendance/firings/{db.session.scalars(select(Firing.id)).one()}",
        )


@pytest.fixture
def here(app, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        yield fired


def told(*codes):
    """The register as the school system tells it, and what the night makes of it."""
    taken_in(a_window(*[("1001", "North", day, "DAY", code) for day, code in zip(DAYS, codes, strict=True)]))
    reviewed()


def written(world, *, approve: bool = True) -> Notice:
    """The notice that it owes, in Spanish and English, approved."""
    template = templating.begin(RULE)
    adams = world.adams.account()
    english, spanish = NoticeText.newest(template.id, "en"), NoticeText.newest(template.id, "es")
    templating.approve(english, reads_it=True, by=adams)
    templating.approve(spanish, reads_it=True, by=world.cora.account())
    senders.set_up(envelope="us-10", cut_off=time(15, 0), practises=False)
    senders.say_sender(None, Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312"))
    duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")).one()
    (notice,) = telling.tell(duty, {}, "letter", by=adams).notices
    if approve:
        approving.approve(notice, caution_read=False, by=adams)
    return notice


def written_in_english(world) -> Notice:
    """The same to a mother who reads Vietnamese: Clark chose that it goes in English, with lines before it."""
    db.session.scalars(select(Guardian).where(Guardian.language == "es")).one().language = "vi"
    WordsApproval.give(TAGLINES["vi"], "Linh Tran", by=world.adams.account())
    notice = written(world, approve=False)
    choosing_english.choose(notice, by=world.clark.account())
    approving.approve(notice, caution_read=False, by=world.adams.account())
    return notice


def posted(world) -> None:
    """Its batch was printed and taken to the post."""
    with clock.frozen(NOON + timedelta(days=1)):
        assert collating.collate() == 1
        collating.post(db.session.scalars(select(PrintBatch)).one(), by=world.adams.account())
    db.session.commit()


def leads_to(page, href) -> bool:
    return href in {one.get("href") for one in page.all("a")}


def read(client, who, fired) -> str:
    told_there: str = client.sign_in(who).get(fired.page).text
    return told_there


def test_the_committees_that_were_told_stand_on_it(client, world, app, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        case = db.session.scalars(select(CaseDuty)).first().case
        told_then = {"on": DAYS[2], "name": "ard", "told": "Dana Whitlock", "means": "meeting"}
        settling.enter(case, "committee_told", by=world.cora.account(), batch=uuid7(), **told_then)
        db.session.commit()

    assert "ARD or IEP committee, Dana Whitlock, in a meeting" in read(client, world.cora, fired)


# --- what is on it ----------------------------------------------------------------------------------------------


def test_each_mark_is_told_with_its_meaning_its_school_and_the_import_it_came_from(client, world, fired):
    page = client.sign_in(world.clark).get(fired.page)
    rows = [row.text for row in page.all("tr")][1:]

    assert len(rows) == 3
    assert all("Cut" in row and "Absent, unexcused" in row and "North" in row for row in rows)
    assert all("Import of" in row for row in rows)
    assert ["Met the threshold" in row for row in rows] == [False, False, True]


def after_a_month():
    """What the night staff does once the record of an import has had its time."""
    with clock.frozen(NOON + timedelta(days=40)):
        register_jobs.forget_old_imports()
        db.session.commit()


def test_after_a_month_it_still_says_which_import_it_was_and_no_more_of_it_is_kept(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        run = db.session.scalars(select(RegisterImport)).one()
        run.made_by_id, sha256 = world.adams.id, run.sha256
        db.session.commit()
        before = read(client, world.clark, fired)
        after_a_month()
        assert not db.session.scalars(select(RegisterImport)).all()
        assert db.session.scalar(select(func.count()).select_from(MarkOrigin)) == 3

    page = read(client, world.clark, fired)

    for said in (before, page):
        assert f"uploaded by Ruth Adams, file {sha256[:12]}" in said
    assert "Absent, unexcused" in page


def test_of_an_import_on_which_nothing_stands_nothing_is_kept(app, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        db.session.execute(delete(FiringChange))
        db.session.execute(delete(Firing))
        db.session.commit()
        after_a_month()

        assert not db.session.scalars(select(EvidenceImport)).all()
        assert not db.session.scalar(select(func.count()).select_from(MarkOrigin))


def test_the_import_that_said_it_last_is_the_one_that_is_kept(app, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        told("U", "E", "U")
        told("U", "U", "U")
        runs = db.session.scalars(select(RegisterImport).order_by(RegisterImport.id)).all()
        first, last = runs[0].id, runs[-1].id
        after_a_month()

        came = {one.day: one.import_id for one in db.session.scalars(select(MarkOrigin))}
    assert came == {DAYS[0]: first, DAYS[1]: last, DAYS[2]: first}


def test_the_rule_is_told_with_its_law_its_version_and_who_confirmed_it(client, world, fired):
    page = read(client, world.clark, fired)

    assert "A pupil who is absent from school without valid excuse three full days" in page
    assert "EC 48260; EC 48260.5 (SB 691)" in page
    assert "Iris Okoye" in page
    assert versions_of(RULE)[-1].sha256[:16] in page


def test_a_rule_that_counsel_did_not_confirm_is_said_to_be_so(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id):
        db.session.delete(db.session.scalars(select(CounselConfirmation)).one())
        db.session.commit()

    assert "Not yet confirmed by your counsel" in read(client, world.clark, fired)


def test_the_version_under_which_it_fired_is_told_after_another_use_has_begun(here, world):
    from app.truancy.models.rule_behind import rule_behind

    firing = Firing.find(here.id)
    use = db.session.scalars(select(RuleActivation)).one()
    use.overlay = {"n": "2"}
    db.session.flush()
    known = rule_behind(firing)

    assert (known.rule.sha256, known.is_laid_over) == (firing.rule_version, False)

    stricter = use.practised()[-1]
    firing.rule_version = stricter.sha256
    assert (rule_behind(firing).rule.threshold.n, rule_behind(firing).is_laid_over) == (2, True)

    firing.rule_version = "0" * 64
    assert rule_behind(firing) is None


def test_the_notice_is_told_with_each_step_and_who_approved_each_language(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        notice = written(world)
        posted(world)
        link = link_for(notice.student, fired.mother, by=SYSTEM, about=About("notice", notice.id))
        link.opened_at = NOON + timedelta(days=2)
        receipt = FamilyAnswer(
            link_id=link.id, student_id=fired.student, guardian_id=fired.mother, kind=RECEIPT, settled_at=NOON
        )
        db.session.add(receipt)
        db.session.commit()
        code = notice.code

    page = read(client, world.clark, fired)
    for said in (
        "Letter to Eva Salas",
        code,
        "Spanish",
        "Translation approved by",
        world.cora.name,
        f"Approved by {world.adams.name}",
        "Printed in the batch of 2026-09-21, envelope 1",
        f"Posted by {world.adams.name}",
        "The link to the family page was opened",
        "Eva Salas, on the family page: Read it",
    ):
        assert said in page, said


def test_it_says_who_chose_that_a_notice_goes_in_english_and_that_lines_stand_before_it(
    app, client, world, fired
):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        written_in_english(world)
        db.session.commit()
    page = read(client, world.clark, fired)

    assert "English, with lines in Vietnamese" in page
    assert (
        f"No translation into Vietnamese was approved. {world.clark.name} chose that it goes in English"
        in page
    )


def test_who_was_left_out_stays_with_the_reason_of_that_day(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        written(world)
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")).one()
        telling.tell(duty, {"days": "3", "unexcused": "3"}, "letter", by=world.clark.account())
        db.session.commit()
        assert db.session.scalar(select(func.count()).select_from(LeftOutGuardian)) == 1

    assert "Rui Salas holds no education rights for Ana Salas." in read(client, world.clark, fired)


# --- the check --------------------------------------------------------------------------------------------------


def test_it_agrees_with_the_register_while_nothing_changed(client, world, fired):
    page = read(client, world.clark, fired)

    assert "This agrees with what is in the register now." in page


def test_an_excuse_that_no_review_has_seen_is_found_and_named(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id):
        db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == DAYS[1])).one().code = "E"
        db.session.commit()

    page = read(client, world.clark, fired)
    assert "This does not agree with what is in the register now." in page
    assert f"The mark of {DAYS[1]} was U, and is E now." in page
    assert "Now E: absent, excused" in page
    with app.app_context(), as_district(world.maple.id):
        assert Firing.find(fired.id).stands  # looking writes nothing


def because(fired):
    db.session.flush()
    return checking.check(Firing.find(fired.id)).because


def test_a_mark_that_is_gone_is_named(here):
    db.session.delete(db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == DAYS[0])).one())

    assert f"The mark of {DAYS[0]} is no longer in the register" in because(here)[0]


def test_a_code_that_means_something_else_is_named(here):
    db.session.scalars(select(AttendanceCode).where(AttendanceCode.code == "U")).one().excuse = "excused"

    assert because(here) == (checking.OTHER_MEANING,)


def test_a_rule_that_is_another_now_is_named(here):
    use = db.session.scalars(select(RuleActivation)).one()
    use.overlay = {"n": "2"}
    assert checking.OTHER_VERSION in because(here)

    use.first_day = DAYS[2] + timedelta(days=1)
    assert checking.NOT_IN_USE in because(here)


def test_one_that_was_taken_back_has_its_page_with_both_hashes(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        written(world)
        posted(world)
        told(*"UEU")
        withdrawing.look_at_all()
        db.session.commit()

    page = read(client, world.clark, fired)
    assert "Taken back" in page
    assert checking.TAKEN_BACK in page
    assert "Now E: absent, excused" in page
    assert "Withdrawn. The absences that this notice rests on do not hold any more" in page

    with app.app_context(), as_district(world.maple.id):
        db.session.scalars(select(AttendanceMark).where(AttendanceMark.day == DAYS[1])).one().code = "U"
        db.session.commit()
    assert checking.SUPPORTED_AGAIN in read(client, world.clark, fired)


# --- who sees it, and from where --------------------------------------------------------------------------------


def test_a_look_at_it_is_an_access_record_at_the_student(app, client, world, fired):
    read(client, world.clark, fired)

    with app.app_context(), as_district(world.maple.id):
        asked = select(AuditEntry).where(AuditEntry.did == "viewed", AuditEntry.which == fired.student)
        assert [one.by_id for one in db.session.scalars(asked)] == [world.clark.id]


def test_case_list_and_notice_lead_to_it(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        notice = written(world)
        db.session.commit()
        duty = db.session.scalars(select(CaseDuty).where(CaseDuty.do == "notice")).one()
        case, notice_id, of_duty = duty.case_id, notice.id, f"/maple/attendance/duties/{duty.id}/evidence"
    clark = client.sign_in(world.clark)

    assert leads_to(clark.get(f"/maple/attendance/cases/{case}"), fired.page)
    assert leads_to(clark.get("/maple/attendance/work"), of_duty)
    assert leads_to(clark.get(f"/maple/notices/{notice_id}"), of_duty)
    assert leads_to(clark.follow(clark.get(of_duty, status=303)), f"/maple/attendance/cases/{case}")


def test_a_line_that_was_opened_by_hand_says_that_no_rule_stands_behind_it(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id):
        case = AttendanceCase.of(fired.student, date(2026, 9, 21))
        duty = CaseDuty(
            case_id=case.id,
            student_id=fired.student,
            rule_id="x",
            window="w",
            ordinal=1,
            trigger=DAYS[0],
            do="report",
        )
        db.session.add(duty)
        db.session.commit()
        id = duty.id
    clark = client.sign_in(world.clark)

    assert (
        "No rule stands behind this line"
        in clark.follow(clark.get(f"/maple/attendance/duties/{id}/evidence", status=303)).text
    )


def test_an_admin_sees_the_notice_and_not_what_is_behind_it(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id), acting_as(SYSTEM):
        notice = written(world)
        db.session.commit()
        id = notice.id
    adams = client.sign_in(world.adams)

    assert "The evidence behind it" not in adams.get(f"/maple/notices/{id}").text
    adams.get(fired.page, status=404)


def test_in_which_group_a_student_is_only_those_read_who_decide(app, client, world, fired):
    with app.app_context(), as_district(world.maple.id):
        Firing.find(fired.id).excluded = ["homeless"]
        Firing.find(fired.id).blocked = [["excluded", "homeless"]]
        db.session.add(
            StudentFlag(student_id=fired.student, name="homeless", first=DAYS[0], entered_by_id=world.cora.id)
        )
        db.session.commit()

    assert "homeless" in read(client, world.cora, fired)
    assert "homeless" not in read(client, world.clark, fired)


def test_the_stranger_finds_nothing_there(app, client, world, fired):
    client.sign_in(world.quinn).get(fired.page.replace("maple", "birch"), status=404)

    with app.app_context(), as_district(world.birch.id):
        assert Firing.find(fired.id) is None
        assert not db.session.scalar(select(func.count()).select_from(LeftOutGuardian))
        assert not db.session.scalar(select(func.count()).select_from(Contact))
