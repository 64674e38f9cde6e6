"""The cases behind the morning list: what is owed, done once, undone whole, seen by whom it concerns."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from datetime import UTC, date, datetime

from sqlalchemy import select

from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.truancy.actions import following, settling
from app.truancy.actions.following import Asked
from app.truancy.law.facts import CaseEvent, Flag
from app.truancy.models import case_entry
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry, case_events
from app.truancy.models.student_flag import StudentFlag, flags_of
from tests.truancy.offices import (  # noqa: F401 (fixtures)
    BLOCKED,
    MONDAY,
    WORK,
    _monday,
    asked,
    here,
    lines,
    office,
    sentence,
    state,
)
from tests.truancy.registers import fired, marks, student, weekdays

# --- what follows on a firing ----------------------------------------------------------------------------------


def test_a_firing_opens_each_of_its_duties_once(here):
    facts = student(marks(weekdays(date(2026, 9, 14), date(2026, 9, 16))))
    (firing,) = fired(facts, "us-tx.warning")
    wanted = list(Asked.of(here.ben, firing))

    assert following.follow([here.ben], wanted) == 3  # two opened, and what stood before is withdrawn
    assert following.follow([here.ben], wanted) == 0

    duties = [one for one in CaseDuty.of_case(here.cases["ben"]) if one.state == "open"]
    assert sorted(one.do for one in duties) == ["notice", "prevention_measure"]


def test_what_stands_no_more_is_withdrawn_and_comes_back_with_it(here):
    following.follow([here.ana], [])
    assert state(here) == "withdrawn"
    following.follow([here.ana], [asked(here.ana)])
    assert state(here) == "open"
    settling.finish([here.duties["ana"]], by=here.world.clark.account(), batch=uuid7())

    assert following.follow([here.ana], []) == 0
    assert following.follow([here.ana], [asked(here.ana, due=None)]) == 0
    assert state(here) == "done"
    assert following.follow([here.ana], [asked(here.ana, due=None)]) == 0
    assert state(here) == "done"


def test_what_stands_in_the_way_and_the_deadline_are_kept_up_to_date(here):
    following.follow([here.ana], [asked(here.ana, blocked=[["not_delivered", "us-pa.truant"]], due=None)])

    duty = CaseDuty.find(here.duties["ana"])
    db.session.refresh(duty)
    assert duty.due is None
    assert [one.why for one in duty.stands_in_the_way] == ["not_delivered"]


def test_who_is_in_an_excluded_group_is_for_a_person():
    absences = marks(weekdays(date(2026, 9, 7), date(2026, 9, 18)))
    (free,) = fired(student(absences), "us-tx.refer")
    flagged = student(absences, flags=[Flag("homeless", date(2026, 8, 1))])
    (excluded,) = fired(flagged, "us-tx.refer")

    assert [one.do for one in Asked.of(uuid7(), excluded)] == ["offer_counseling"]
    assert all(one.for_person for one in Asked.of(uuid7(), excluded))
    assert all(one.for_person for one in Asked.of(uuid7(), free))


# --- settling and undoing --------------------------------------------------------------------------------------


def test_a_batch_is_done_once_and_undone_whole(here):
    clark, batch = here.world.clark.account(), uuid7()
    both = [here.duties["ana"], here.duties["ben"]]

    assert settling.finish(both, by=clark, batch=batch) == 2
    assert settling.finish(both, by=clark, batch=batch) == 0
    assert state(here) == state(here, "ben") == "done"

    db.session.commit()

    assert "not you" in sentence(settling.undo, batch, by=here.world.cora.account())
    settling.undo(batch, by=here.world.clark.account())
    db.session.commit()
    assert state(here) == state(here, "ben") == "open"
    assert "undone already" in sentence(settling.undo, batch, by=here.world.clark.account())


def test_what_is_blocked_is_not_done_and_nothing_of_the_batch_is(here):
    following.follow([here.ana], [asked(here.ana, blocked=BLOCKED)])
    db.session.commit()

    refused = sentence(
        settling.finish,
        [here.duties["ben"], here.duties["ana"]],
        by=here.world.clark.account(),
        batch=uuid7(),
    )

    assert "No conference was attempted" in refused
    assert state(here, "ben") == "open"


def test_what_a_person_decides_is_in_no_batch(here):
    following.follow([here.ana], [asked(here.ana, for_person=True)])
    db.session.commit()
    cora = here.world.cora.account()

    for act, more in ((settling.finish, ()), (settling.dismiss, ("No longer here.",))):
        assert "one by one" in sentence(act, [here.duties["ana"]], *more, by=cora, batch=uuid7())
    settling.finish([here.duties["ana"]], by=cora, batch=uuid7(), at_once=False)

    assert state(here) == "done"


def test_what_a_person_decides_is_settled_by_nothing_else(here):
    following.follow([here.ana], [asked(here.ana, for_person=True)])
    db.session.commit()
    clark, case = here.world.clark.account(), AttendanceCase.find(here.cases["ana"])

    settling.log_contact([here.duties["ana"]], "call", "reached", "", by=clark, batch=uuid7())
    settling.enter(case, case_entry.CONTACT, by=clark, batch=uuid7(), name="call", outcome="reached")

    assert state(here) == "open"


def test_dismissing_needs_a_reason(here):
    clark = here.world.clark.account()
    assert "Write why" in sentence(settling.dismiss, [here.duties["ana"]], "  ", by=clark, batch=uuid7())

    settling.dismiss([here.duties["ana"]], "Moved away.", by=clark, batch=uuid7())

    assert CaseDuty.find(here.duties["ana"]).reason == "Moved away."


def test_a_call_that_reaches_somebody_is_the_contact_that_is_owed(here):
    clark = here.world.clark.account()
    settling.log_contact([here.duties["ana"]], "call", "no_answer", "", by=clark, batch=uuid7())
    assert state(here) == "open"

    settling.log_contact([here.duties["ana"]], "call", "reached", "", by=clark, batch=uuid7())

    assert state(here) == "done"


def test_what_is_gone_from_the_list_is_not_settled_again(here):
    clark = here.world.clark.account()
    settling.finish([here.duties["ana"]], by=clark, batch=uuid7())
    db.session.commit()

    assert "in the meantime" in sentence(settling.finish, [here.duties["ana"]], by=clark, batch=uuid7())
    assert "at least one" in sentence(settling.finish, [], by=clark, batch=uuid7())


def test_after_a_week_it_is_not_undone(here):
    clark, batch = here.world.clark.account(), uuid7()
    settling.finish([here.duties["ana"]], by=clark, batch=batch)
    db.session.commit()

    with clock.frozen(datetime(2026, 9, 29, 15, tzinfo=UTC)):
        assert "more than a week" in sentence(settling.undo, batch, by=clark)


# --- what the rules ask a case -----------------------------------------------------------------------------------


def test_the_case_tells_the_rules_what_happened(here):
    case, clark = AttendanceCase.find(here.cases["ana"]), here.world.clark.account()
    batch = uuid7()
    for kind, more in (
        (case_entry.SCHEDULED, {"on": date(2026, 10, 1)}),
        (case_entry.MISSED, {"on": date(2026, 9, 20)}),
        (case_entry.PLAN, {"name": "attendance_plan", "on": date(2026, 9, 19)}),
        (case_entry.PLAN_FAILED, {"on": date(2026, 9, 20)}),
        (case_entry.ATTESTED, {"name": "measures_succeeding"}),
        (case_entry.BARRIER, {"name": "transport"}),
        (case_entry.DELIVERED, {"rule_id": "us-pa.truant", "on": date(2026, 9, 18)}),
    ):
        settling.enter(case, kind, by=clark, batch=uuid7(), **more)
    settling.enter(case, case_entry.CONTACT, by=clark, batch=batch, name="call", outcome="reached")
    settling.undo(batch, by=clark)

    assert case_events([here.ana, here.ben], "America/Chicago") == {
        here.ana: [
            CaseEvent("conference_attempted", MONDAY),
            CaseEvent("conference_held", date(2026, 9, 20)),
            CaseEvent("done", date(2026, 9, 19), "attendance_plan"),
            CaseEvent("plan_failed", date(2026, 9, 20)),
            CaseEvent("attested", MONDAY, "measures_succeeding"),
            CaseEvent("delivered", date(2026, 9, 18), "", "us-pa.truant"),
        ]
    }


def test_days_that_are_still_to_come_are_not_written_down(here):
    case, clark = AttendanceCase.find(here.cases["ana"]), here.world.clark.account()

    assert "still to come" in sentence(
        settling.enter, case, case_entry.HELD, by=clark, batch=uuid7(), on=date(2026, 9, 22)
    )
    assert "today or a later" in sentence(
        settling.enter, case, case_entry.SCHEDULED, by=clark, batch=uuid7(), on=date(2026, 9, 20)
    )


def test_the_flags_of_a_student_are_those_of_the_rules(here):
    db.session.add(
        StudentFlag(
            student_id=here.ana,
            name="foster",
            first=date(2026, 9, 1),
            entered_by_id=here.world.cora.id,
        )
    )
    db.session.flush()

    assert flags_of([here.ana, here.ben]) == {here.ana: [Flag("foster", date(2026, 9, 1))]}


# --- the pages ---------------------------------------------------------------------------------------------------


def test_the_office_reads_and_an_admin_sees_no_case(client, office):
    case = f"/maple/attendance/cases/{office.cases['ana']}"
    client.sign_in(office.world.olive)
    shown = client.get(WORK, status=200)
    assert sorted(lines(shown)) == ["Ana Ortiz", "Ben Ortiz"]
    assert not shown.all("input", name="chosen")
    assert "Log a contact" not in client.get(case, status=200).text
    assert client.post(WORK, {"chosen": [], "do": "done"}).status == 404
    for who in (office.world.adams, office.world.tess, office.world.bell):
        client.sign_in(who)
        assert client.get(WORK).status == 404
        assert client.get(case).status == 404


def test_a_case_is_a_student_page_and_its_view_is_recorded(client, app, office):
    client.sign_in(office.world.clark)
    client.get(f"/maple/attendance/cases/{office.cases['ana']}", status=200)

    with app.app_context(), as_district(office.world.maple.id):
        seen = select(AuditEntry).where(AuditEntry.which == office.ana, AuditEntry.did == "viewed")
        assert db.session.scalar(seen).by_id == office.world.clark.id


def test_on_the_case_it_is_all_written_down(client, app, office):
    case = f"/maple/attendance/cases/{office.cases['ana']}"
    client.sign_in(office.world.cora)
    on = {"on": "2026-09-21", "note": ""}

    for door, given in (
        ("contacts", {**on, "means": "call", "outcome": "no_answer"}),
        ("conferences", {**on, "what": "conference_held"}),
        ("plans", {**on, "plan": "attendance_plan"}),
        ("plans", {**on, "plan": "plan_failed"}),
        ("barriers", {"barrier": "transport", "note": "The bus was taken off."}),
        ("referrals", {**on, "to": "review_board"}),
        ("committees", {**on, "committee": "section_504", "told": "Dana Whitlock", "means": "email"}),
        ("keeping", {"tier": "2", "counselor": str(office.world.cora.id)}),
        ("flags", {"name": "foster", "first": "2026-09-01"}),
    ):
        assert client.post(f"{case}/{door}", given).status in (200, 303), door

    shown = client.get(case, status=200)
    for words in (
        "Telephone call, no answer",
        "Conference held",
        "Plan to resolve the absences",
        "Plan failed",
        "The bus was taken off.",
        "Attendance review board",
        "The committee was told: Section 504 committee, Dana Whitlock, by email",
        "Tier 2",
        "Cora Lund",
        "In foster care",
    ):
        assert words in shown.text, words
    client.get(f"{WORK}?whose=mine", status=200)
    assert lines(client.get(f"{WORK}?whose=mine")) == ["Ana Ortiz"]


def test_a_notice_that_arrived_is_done_and_told_to_the_rules(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        both = ("us-pa.truant", "us-tx.warning")
        following.follow([office.ana], [asked(office.ana, "notice", rule_id=one) for one in both])
        db.session.commit()
    client.sign_in(office.world.clark)
    case = f"/maple/attendance/cases/{office.cases['ana']}"

    client.post(f"{case}/deliveries", {"rule": "us-pa.truant", "on": "2026-09-20", "note": "Signed for."})

    assert "Notice arrived: Truant" in client.get(case, status=200).text
    assert client.post(f"{case}/deliveries", {"rule": "us-nj.each", "on": "2026-09-20"}).status == 422
    with app.app_context(), as_district(office.world.maple.id):
        duties = {
            one.rule_id: one.state for one in CaseDuty.of_case(office.cases["ana"]) if one.do == "notice"
        }
        assert duties == {"us-pa.truant": "done", "us-tx.warning": "open"}
        events = case_events([office.ana], "America/Chicago")[office.ana]
        assert CaseEvent("delivered", date(2026, 9, 20), "", "us-pa.truant") in events


def test_a_clerk_decides_nothing(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        following.follow([office.ana], [asked(office.ana, for_person=True)])
        db.session.add(
            StudentFlag(
                student_id=office.ana, name="foster", first=MONDAY, entered_by_id=office.world.cora.id
            )
        )
        db.session.commit()
    case, duty = (
        f"/maple/attendance/cases/{office.cases['ana']}",
        f"/maple/attendance/duties/{office.duties['ana']}",
    )
    client.sign_in(office.world.clark)

    shown = client.get(case, status=200)
    assert "A person decides" in shown.text
    assert "In foster care" not in shown.text
    assert client.post(duty, {"do": "done"}).status == 404
    assert client.post(f"{case}/flags", {"name": "foster", "first": "2026-09-01"}).status == 404
    refused = client.post(f"{case}/referrals", {"to": "court", "on": "2026-09-21"})
    assert refused.status == 422
    assert "counselor or the principal" in refused.text
    client.sign_in(office.world.cora)
    assert "In foster care" in client.get(case, status=200).text
    client.post(duty, {"do": "dismiss", "note": "The family has help."})
    assert "The family has help." in client.get(case, status=200).text


def test_a_committee_that_was_told_settles_what_asks_for_it_and_nothing_else(here):
    following.follow(
        [here.ana],
        [
            asked(here.ana, "child_study_team", rule_id="us-fl.month5"),
            asked(here.ana, "report", to="principal", rule_id="us-fl.month5"),
            asked(here.ana, "consider_sarb", rule_id="us-ca.habitual", blocked=BLOCKED),
            asked(here.ana, "attendance_review_team", rule_id="us-ga.chronic", for_person=True),
        ],
    )
    db.session.commit()
    cora, case = here.world.cora.account(), AttendanceCase.find(here.cases["ana"])
    batch = uuid7()
    for committee, key in (
        ("child_study_team", batch),
        ("review_board", uuid7()),
        ("review_team", uuid7()),
        ("ard", uuid7()),
    ):
        entry = {"name": committee, "told": "The chair", "means": "letter"}
        settling.enter(case, case_entry.COMMITTEE, by=cora, batch=key, on=MONDAY, **entry)

    def open_ones():
        return {one.do for one in CaseDuty.of_case(case.id) if one.state == "open"}

    # What is in the way stays there, and what a person decides they settle themselves.
    assert open_ones() == {"report", "consider_sarb", "attendance_review_team"}
    assert (
        CaseEvent("done", MONDAY, "child_study_team") in case_events([here.ana], "America/Chicago")[here.ana]
    )
    settling.undo(batch, by=cora)
    assert "child_study_team" in open_ones()


def test_only_who_decides_goes_to_a_board_and_who_was_told_is_said(client, office):
    case = f"/maple/attendance/cases/{office.cases['ana']}"
    given = {"committee": "review_board", "told": "The chair", "means": "letter", "on": "2026-09-21"}
    client.sign_in(office.world.clark)

    refused = client.post(f"{case}/committees", given)

    assert refused.status == 422
    assert "goes to this board" in refused.text
    team = {**given, "committee": "review_team"}
    assert "Write who of it was told" in client.post(f"{case}/committees", {**team, "told": " "}).text
    assert client.post(f"{case}/committees", team).status == 303
    client.sign_in(office.world.cora)
    assert client.post(f"{case}/committees", given).status == 303


def test_a_case_is_opened_by_hand(client, office):
    client.sign_in(office.world.clark)
    opened = client.post("/maple/attendance/cases", {"number": "S-Ben"})
    assert opened.location == f"/maple/attendance/cases/{office.cases['ben']}"
    refused = client.post("/maple/attendance/cases", {"number": "S-Cleo"})
    assert refused.status == 422
    assert "No student of your schools" in refused.text
    assert "Ana Ortiz" in client.get("/maple/attendance/cases", status=200).text


def test_entries_are_written_by_somebody(here):
    settling.finish([here.duties["ana"]], by=here.world.clark.account(), batch=uuid7())

    (entry,) = db.session.scalars(select(CaseEntry)).all()
    assert (entry.kind, entry.name, entry.by_id) == ("done", "home_contact", here.world.clark.id)
