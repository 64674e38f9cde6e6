"""A notice that reached the wrong person: what is done at once, by when somebody must be told, and how it ends."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from sqlalchemy import func, select, text

from app.core import clock
from app.core.db import db, uuid7
from app.core.tenancy import as_district
from app.family.actions.linking import About, link_for
from app.family.models.family_link import FamilyLink
from app.notices.actions import (
    approving,
    collating,
    disclosing,
    incident_report,
    recalling,
    setting_up_incidents,
)
from app.notices.actions.recalling import Happened
from app.notices.actions.refused import Refused
from app.notices.law import deadlines
from app.notices.models.incident import CAUSES, DISCLOSES, STEPS, Incident, IncidentStep
from app.notices.models.incident_setting import IncidentSetting
from app.notices.models.message import Message
from app.notices.models.notice import Notice, State
from tests.notices.families import maria, ready, tell
from tests.notices.test_leaving import AFTERNOON, MORNING
from tests.roster import families

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def told(app, world):
    """A letter that waits, about Maria at North, to her mother: the ids of both."""
    with app.app_context(), as_district(world.maple.id):
        ready(world)
        student = maria(world)
        families.lives_at(families.guardian(student, "Ana", "Salas", language="es"), "12 Maple Street")
        (notice,) = tell(student).notices
        db.session.commit()
        return notice.id, student.id


def happened(**said: Any) -> Happened:
    """As somebody fills it in."""
    given: dict[str, Any] = {
        "key": uuid7(),
        "cause": "envelope",
        "reached": "The family next door brought it back",
        "noticed_at": clock.now(),
        "disclosed": ["student", "days"],
    }
    return Happened(**(given | said))


def posted(world, notice_id) -> Notice:
    """The letter, approved, printed and posted."""
    notice = Notice.find(notice_id)
    assert notice is not None
    with clock.frozen(MORNING):
        approving.approve(notice, caution_read=True, by=world.adams.account())
    with clock.frozen(AFTERNOON):
        collating.collate()
        collating.post(notice.batch, by=world.adams.account())
    db.session.commit()
    return notice


def filled_in(client, notice_id, **said: Any):
    """The page of the notice, and the form sent as it stands there."""
    page = client.get(f"/maple/notices/{notice_id}/incident")
    given = {
        "cause": "envelope",
        "reached": "The family next door",
        "disclosed": ["student", "days"],
        "note": "",
    }
    return page, client.submit(page, "/incident", **(given | said))


# --- what is done at once ----------------------------------------------------------------------------------------


def test_a_notice_that_waits_is_stopped_at_once(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        incident = recalling.record(notice, happened(), by=world.clark.account())

        assert (notice.state, incident.was_stopped) == (State.CANCELLED, True)
        assert notice.reason == f"Cancelled: {recalling.STOPPED}"


def test_a_letter_in_the_pile_is_withdrawn_and_stands_among_those_to_take_out(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        with clock.frozen(MORNING):
            approving.approve(notice, caution_read=True, by=world.adams.account())
        with clock.frozen(AFTERNOON):
            collating.collate()
            recalling.record(notice, happened(), by=world.clark.account())
            db.session.flush()

        assert notice.state == State.WITHDRAWN
        assert [one.id for one in Notice.taken_out_of(notice.batch_id)] == [notice.id]


def test_a_letter_that_went_elsewhere_has_not_arrived_and_goes_no_further_by_itself(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = posted(world, told[0])
        with clock.frozen(AFTERNOON + timedelta(days=2)):
            recalling.record(notice, happened(), by=world.clark.account())

        assert (notice.state, notice.reason) == (State.UNDELIVERED, recalling.WENT_ELSEWHERE)
        assert notice.went_on_at is not None
        collating.take_back(notice, "The neighbours brought it back.")
        assert notice.state == State.RETURNED
        assert db.session.scalar(select(func.count()).select_from(Notice)) == 1


def test_a_letter_to_a_wrong_guardian_is_still_told_as_one_that_was_sent(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = posted(world, told[0])
        with clock.frozen(AFTERNOON + timedelta(days=2)):
            recalling.record(notice, happened(cause="guardian"), by=world.clark.account())

        assert notice.state == State.SENT


def test_its_links_to_the_family_page_end(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        (ana,) = notice.guardian_ids
        link = link_for(notice.student, ana, by=world.adams.account(), about=About("notice", notice.id))
        other = link_for(notice.student, ana, by=world.adams.account())
        incident = recalling.record(notice, happened(), by=world.clark.account())

        assert (incident.links_ended, link.state, other.state) == (1, "Withdrawn", "Works")


def test_admins_get_a_mail_that_names_nobody(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        incident = recalling.record(notice, happened(note="Ask Ana Salas"), by=world.clark.account())
        (mail,) = db.session.scalars(select(Message).where(Message.kind == "incident_recorded")).all()

        assert mail.to_address == world.adams.email
        assert f"/maple/incidents/{incident.id}" in mail.text
        said = mail.subject + mail.text + mail.html
        for word in ("Maria", "Salas", "next door", "North", notice.code, "77"):
            assert word not in said


def test_pressed_twice_it_is_one_incident_and_one_mail(app, world, client, told):
    clark = client.sign_in(world.clark)
    page, first = filled_in(clark, told[0])
    again = clark.submit(
        page, "/incident", cause="envelope", reached="The family next door", disclosed=["student"]
    )

    assert first.location == again.location
    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalar(select(func.count()).select_from(Incident)) == 1
        assert db.session.scalar(select(func.count()).where(Message.kind == "incident_recorded")) == 1


def test_a_form_of_one_notice_is_not_taken_for_another(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        (second,) = tell(notice.student, duty="second").notices
        said = happened()
        recalling.record(notice, said, by=world.clark.account())

        with pytest.raises(Refused, match="another notice"):
            recalling.record(second, said, by=world.clark.account())


def test_what_is_still_to_come_is_refused_and_nothing_typed_is_lost(world, client, told):
    clark = client.sign_in(world.clark)
    ahead = (clock.now() + timedelta(days=2)).date().isoformat()
    page = clark.get(f"/maple/notices/{told[0]}/incident")
    refused = clark.submit(
        page, "/incident", status=422, cause="address", reached="An old neighbour", noticed_on=ahead
    )

    assert recalling.NOT_YET in refused.text
    assert refused.one("input", name="reached")["value"] == "An old neighbour"


def test_before_it_was_written_nobody_can_have_noticed_it(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])

        early = notice.made_at - timedelta(minutes=5)
        with pytest.raises(Refused, match="not written yet"):
            recalling.record(notice, happened(noticed_at=early), by=world.clark.account())


def test_one_notice_has_so_many_incidents_and_no_more(app, world, told, monkeypatch):
    monkeypatch.setattr(recalling, "MOST_OF_A_NOTICE", 1)
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        recalling.record(notice, happened(), by=world.clark.account())

        with pytest.raises(Refused, match="recorded already"):
            recalling.record(notice, happened(), by=world.clark.account())


# --- what it disclosed -------------------------------------------------------------------------------------------


def test_only_what_stands_in_it_can_be_picked(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        offered = disclosing.disclosed_by(Notice.find(told[0]))
    clark = client.sign_in(world.clark)
    page = clark.get(f"/maple/notices/{told[0]}/incident")

    assert offered == ["student", "guardian", "address", "school", "days", "unexcused"]
    assert [one["value"] for one in page.all("input", name="disclosed")] == offered
    _, refused = filled_in(clark, told[0], disclosed=["dates"], status=422)
    assert refused.status == 422


def test_a_number_counts_as_a_word_of_its_own(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        notice.values_text = '{"days": "9", "unexcused": "123"}'

        assert "unexcused" not in disclosing.disclosed_by(notice)


# --- look at these too -------------------------------------------------------------------------------------------


def test_the_letters_of_the_envelopes_beside_it_are_named(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        for number in range(3):
            student = families.student(
                f"Kid{number}", "Park", number=f"P{number}", school=world.maple.schools["North"]
            )
            families.lives_at(families.guardian(student, f"Kim{number}", "Park"), f"{number} Elm Street")
            tell(student)
        db.session.commit()
        notices = db.session.scalars(select(Notice).order_by(Notice.id)).all()
        with clock.frozen(MORNING):
            for one in notices:
                approving.approve(one, caution_read=True, by=world.adams.account())
        with clock.frozen(AFTERNOON):
            collating.collate()
        db.session.commit()
        by_envelope = {one.envelope: one for one in db.session.scalars(select(Notice))}
        found = recalling.beside(by_envelope[2])

        assert [(one.notice.envelope, one.why) for one in found] == [
            (1, "In envelope 1, beside it"),
            (3, "In envelope 3, beside it"),
        ]


def test_other_notices_to_the_same_guardian_are_named(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        (second,) = tell(notice.student, duty="second").notices

        assert [(one.notice.id, one.why) for one in recalling.beside(notice)] == [
            (second.id, "To the same guardian")
        ]


def test_of_another_school_a_reader_sees_the_code_and_not_whose_it_is(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        other = families.student("Eva", "Park", number="99", school=world.maple.schools["Cedar"])
        families.lives_at(families.guardian(other, "Kim", "Park"), "5 Elm Street")
        (theirs,) = tell(other).notices
        db.session.commit()
        with clock.frozen(MORNING):
            for one in (theirs, Notice.find(told[0])):
                approving.approve(one, caution_read=True, by=world.adams.account())
        with clock.frozen(AFTERNOON):
            collating.collate()
        db.session.commit()
        code = theirs.code
    with clock.frozen(AFTERNOON):
        clark = client.sign_in(world.clark)
        _, answer = filled_in(clark, told[0])
        page = clark.follow(answer)

    assert code in page.text
    assert "Eva" not in page.text


# --- the clock ---------------------------------------------------------------------------------------------------


def test_seventy_two_hours_pass_also_in_the_night_in_which_the_clocks_are_changed():
    (ico,) = (one for one in deadlines.DEADLINES if one.key == "uk.authority")
    london = ZoneInfo("Europe/London")
    noticed = datetime(2026, 10, 23, 10, 0, tzinfo=london)

    due = ico.due(noticed, london)

    assert due is not None
    assert (due.day, due.hour) == (26, 9)  # the clocks went back
    assert due.astimezone(UTC) - noticed.astimezone(UTC) == timedelta(hours=72)


def test_days_end_with_the_last_of_them_on_the_districts_clock():
    (state,) = (one for one in deadlines.DEADLINES if one.key == "us-ny.authority")
    late = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)  # the evening before in Chicago

    assert state.due(late, CHICAGO) == datetime(2026, 12, 7, 23, 59, 59, tzinfo=CHICAGO)


@pytest.mark.parametrize(
    ("region", "state", "dated"),
    [
        ("uk", "", [("uk.authority", 72, None)]),
        ("us", "", []),
        ("us", "ny", [("us-ny.authority", None, 10), ("us-ny.family", None, 60)]),
        ("us", "il", [("us-il.family", None, 30)]),
        ("us", "ct", []),
        ("ca", "", []),
    ],
)
def test_each_place_has_the_numbers_that_its_law_names_and_no_other(region, state, dated):
    found = deadlines.applying(region, state, by_contract=True)

    assert [(one.key, one.hours, one.days) for one in found if one.hours or one.days] == dated


def test_each_deadline_names_its_law_and_where_it_was_read():
    assert all(one.what and one.authority and one.source for one in deadlines.DEADLINES)


def test_a_step_keeps_its_deadline_and_one_that_came_late_says_so(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        setting_up_incidents.set_up(state="ny", by_contract=False, own_hours=24, own_words="Policy 8635")
        notice = Notice.find(told[0])
        noticed = notice.made_at + timedelta(minutes=1)
        with clock.frozen(noticed):
            incident = recalling.record(notice, happened(noticed_at=noticed), by=world.clark.account())
            assert recalling.past_due() == 0
        with clock.frozen(noticed + timedelta(hours=25)):
            assert recalling.past_due() == 1
            for kind in ("officer", "authority"):
                recalling.take_step(incident, kind, clock.now(), "", key=uuid7(), by=world.olive.account())
            assert recalling.past_due() == 0
        due = {one.deadline.key: one for one in recalling.clock_of(incident)}

        assert (due["own"].was_late, due["us-ny.authority"].was_late) == (True, False)
        assert due["us-ny.family"].done_at is None


def test_the_first_time_that_it_was_done_counts(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        setting_up_incidents.set_up(state="", by_contract=False, own_hours=24, own_words="Policy 8635")
        notice = Notice.find(told[0])
        incident = recalling.record(notice, happened(), by=world.clark.account())
        first = clock.now()
        with clock.frozen(first + timedelta(days=3)):
            for at in (clock.now(), first):
                recalling.take_step(incident, "officer", at, "", key=uuid7(), by=world.olive.account())
            (own,) = (one for one in recalling.clock_of(incident) if one.deadline.key == "own")

        assert (own.done_at, own.was_late) == (first, False)


def test_what_is_over_stands_on_the_first_page_of_admin_and_names_nobody(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        setting_up_incidents.set_up(state="", by_contract=False, own_hours=24, own_words="Policy 8635")
        incident = recalling.record(Notice.find(told[0]), happened(), by=world.clark.account())
        db.session.commit()
        id = incident.id
    admin = client.sign_in(world.adams)
    assert "A deadline is over" not in admin.get("/maple/admin").text

    with clock.frozen(clock.now() + timedelta(hours=25)):
        page = client.sign_in(world.adams).get("/maple/admin")
        assert "A deadline is over" in page.text
        assert "Maria" not in page.text
        with app.app_context(), as_district(world.maple.id):
            recalling.close(Incident.find(id), "The family has it back.", by=world.adams.account())
            db.session.commit()
        assert "A deadline is over" not in admin.get("/maple/admin").text


def test_counsel_confirms_what_reads_now_and_nothing_that_reads_otherwise(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        setting_up_incidents.set_up(state="ny", by_contract=False, own_hours=None, own_words="")
        assert not IncidentSetting.of_this_district().is_confirmed
        setting_up_incidents.confirm("Rae Ellis", clock.now().date() - timedelta(days=1))
        assert IncidentSetting.of_this_district().is_confirmed
        setting_up_incidents.set_up(state="il", by_contract=False, own_hours=None, own_words="")

        assert not IncidentSetting.of_this_district().is_confirmed
        with pytest.raises(Refused, match="still to come"):
            setting_up_incidents.confirm("Rae Ellis", clock.now().date() + timedelta(days=3))


def test_an_admin_says_which_deadlines_hold(world, client, told):
    admin = client.sign_in(world.adams)
    page = admin.get("/maple/incident-deadlines")
    half = admin.submit(page, "/incident-deadlines", status=422, state="ny", own_hours="24")
    saved = admin.submit(page, "/incident-deadlines", state="ny", own_hours="24", own_words="Policy 8635")
    confirmed = admin.submit(
        admin.follow(saved), "/confirmation", counsel="Rae Ellis", confirmed_on="2026-01-05"
    )

    assert "Write both the hours and where they stand" in half.text
    assert "8 NYCRR 121.10(d)" in admin.get("/maple/incident-deadlines").text
    assert (
        "Not yet confirmed by your counsel" in admin.get("/maple/incident-deadlines").text
        or confirmed.location
    )
    assert "Confirmed by counsel" in admin.follow(confirmed).text
    client.sign_in(world.clark).get("/maple/incident-deadlines", status=404)


# --- steps and the end -------------------------------------------------------------------------------------------


def test_a_step_is_written_down_once_with_who_and_when(app, world, client, told):
    clark = client.sign_in(world.clark)
    _, answer = filled_in(clark, told[0])
    page = clark.follow(answer)
    for _ in range(2):
        clark.submit(page, "/steps", kind="asked back", step_note="Mr Park brings it on Monday.")

    with app.app_context(), as_district(world.maple.id):
        (step,) = db.session.scalars(select(IncidentStep)).all()
        assert (step.called, step.by.name, step.note) == (
            STEPS["asked back"],
            "Clark Reyes",
            "Mr Park brings it on Monday.",
        )
    assert "Mr Park brings it on Monday." in clark.get(answer.location).text


def test_a_step_cannot_come_before_it_was_noticed_nor_be_still_to_come(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        incident = recalling.record(Notice.find(told[0]), happened(), by=world.clark.account())
        for at in (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)):
            with pytest.raises(Refused):
                recalling.take_step(incident, "family", at, "", key=uuid7(), by=world.clark.account())


def test_a_person_who_answers_for_the_school_closes_it_with_the_reason(app, world, client, told):
    clark = client.sign_in(world.clark)
    _, answer = filled_in(clark, told[0])
    assert "Close the incident" not in clark.follow(answer).text
    clark.post(f"{answer.location}/closing", {"reason": "Done."}, status=404)

    admin = client.sign_in(world.adams)
    page = admin.get(answer.location)
    assert "Say why it is closed" in admin.submit(page, "/closing", status=422, reason="").text
    closed = admin.follow(admin.submit(page, "/closing", reason="It is back, unopened."))
    assert "It is back, unopened." in closed.text
    assert "Incident" in admin.get("/maple/incidents?show=closed").text
    again = admin.submit(page, "/closing", status=422, reason="Once more.")
    assert recalling.IS_CLOSED in again.text
    assert recalling.IS_CLOSED in admin.submit(page, "/steps", status=422, kind="family").text


def test_the_database_closes_nothing_without_a_person_and_a_reason(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        incident = recalling.record(Notice.find(told[0]), happened(), by=world.clark.account())
        db.session.commit()

        for changes in ("closed_at = now()", f"closed_at = now(), closed_by_id = '{world.adams.id}'"):
            with pytest.raises(Exception, match="closed_"):
                db.session.execute(text(f"update incidents set {changes} where id = '{incident.id}'"))
            db.session.rollback()


# --- who sees it -------------------------------------------------------------------------------------------------


def test_a_counselor_may_say_so_and_sees_no_more_of_it(world, client, told):
    cora = client.sign_in(world.cora)
    _, answer = filled_in(cora, told[0])
    page = cora.follow(answer)

    assert "The office of the school and the admins go on with it." in page.text
    assert "It reached the wrong person: written down" in page.text
    assert not [one for one in page.all("a") if "/incidents/" in (one.get("href") or "")]
    cora.get("/maple/incidents", status=404)


def test_nobody_of_another_school_or_district_sees_it(app, world, client, told):
    with app.app_context(), as_district(world.maple.id):
        incident = recalling.record(Notice.find(told[0]), happened(), by=world.clark.account())
        db.session.commit()
        id = incident.id

    for who, place in ((world.ortiz, "maple"), (world.tess, "maple"), (world.avery, "birch")):
        client.sign_in(who).get(f"/{place}/incidents/{id}", status=404)
        client.sign_in(who).get(f"/{place}/incidents/{id}/report.pdf", status=404)
        client.sign_in(who).get(f"/{place}/notices/{told[0]}/incident", status=404)
    with app.app_context(), as_district(world.birch.id):
        assert Incident.find(id) is None
        assert recalling.past_due() == 0


def test_what_people_wrote_lies_sealed_and_is_in_no_audit_entry(app, world, told, database):
    with app.app_context(), as_district(world.maple.id):
        said = happened(reached="quokka lane", note="ask the quokka")
        incident = recalling.record(Notice.find(told[0]), said, by=world.clark.account())
        recalling.take_step(
            incident, "family", clock.now(), "quokka told", key=uuid7(), by=world.clark.account()
        )
        recalling.close(incident, "quokka is back", by=world.adams.account())
        db.session.commit()

    with database.connect() as connection:
        for table in ("incidents", "incident_steps", "audit_entries", "messages"):
            rows = connection.execute(f"select * from {table}").fetchall()
            assert rows
            assert "quokka" not in str(rows)


# --- where else it is told ---------------------------------------------------------------------------------------


def test_the_report_has_facts_clock_and_steps_and_names_no_student(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        setting_up_incidents.set_up(state="ny", by_contract=True, own_hours=24, own_words="Policy 8635")
        notice = Notice.find(told[0])
        incident = recalling.record(notice, happened(), by=world.clark.account())
        recalling.take_step(
            incident, "officer", clock.now(), "By phone", key=uuid7(), by=world.clark.account()
        )
        pdf = incident_report.report_of(incident)
        said = incident_report.document_of(incident).words()

        for words in (
            notice.code,
            "121.10(d)",
            "By phone",
            "Clark Reyes",
            "The family next door",
            "Policy 8635",
        ):
            assert words in said
        for name in ("Maria", "Salas", "Maple Street"):
            assert name not in said
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.Root.MarkInfo.Marked


def test_the_report_is_saved_and_that_is_written_down(app, world, client, told):
    clark = client.sign_in(world.clark)
    _, answer = filled_in(clark, told[0])
    saved = clark.get(f"{answer.location}/report.pdf")

    assert saved.data.startswith(b"%PDF-")
    with app.app_context(), as_district(world.maple.id):
        noted = db.session.scalar(
            text("select count(*) from audit_entries where did = 'exported' and what = 'incidents'")
        )
        assert noted == 1


def test_words_for_everything_that_can_be_chosen_are_there():
    assert set(STEPS) >= {one.kept_by for one in deadlines.DEADLINES if one.kept_by}
    assert all(CAUSES.values())
    assert all(DISCLOSES.values())


def test_a_link_ended_by_an_incident_is_not_made_to_work_again(app, world, told):
    with app.app_context(), as_district(world.maple.id):
        notice = Notice.find(told[0])
        (ana,) = notice.guardian_ids
        link = link_for(notice.student, ana, by=world.adams.account(), about=About("notice", notice.id))
        for _ in range(2):
            recalling.record(notice, happened(), by=world.clark.account())

        assert FamilyLink.find(link.id).withdrawn_at is not None
        assert [one.links_ended for one in Incident.of_notice(notice.id)] == [1, 0]
