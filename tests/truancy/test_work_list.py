"""The morning list: a student once, with all that is owed, in the order in which it is due, for whom it concerns."""

# ruff: noqa: F811 - the fixtures of another file are asked for by name

from datetime import date

from sqlalchemy import select

from app.core.db import db
from app.core.following import Moving
from app.core.loading import load
from app.core.tenancy import as_district
from app.register.models.school_day import SchoolDay
from app.roster.actions import students
from app.roster.models.school_year import CURRENT, SchoolYear
from app.roster.models.student import Student
from app.truancy.actions import following
from app.truancy.actions.school_year import open_lines
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.work_list import AT_MOST, MOST_OF_ONE, school_days_left, work_page
from app.truancy.models.work_list import Asked as Whose
from tests.roster import families
from tests.truancy.offices import (  # noqa: F401 (fixtures)
    BLOCKED,
    MONDAY,
    WORK,
    _monday,
    asked,
    here,
    lines,
    office,
)
from tests.truancy.registers import weekdays


def test_deadlines_are_told_in_school_days():
    days = [date(2026, 9, day) for day in (18, 21, 22, 24, 25)]

    assert school_days_left(date(2026, 9, 25), MONDAY, days) == 3
    assert school_days_left(MONDAY, MONDAY, days) == 0
    assert school_days_left(date(2026, 9, 18), MONDAY, days) == -1
    assert school_days_left(date(2026, 9, 23), date(2026, 9, 22), days) == 1
    assert school_days_left(None, MONDAY, days) is None
    assert school_days_left(MONDAY, MONDAY, None) == 0
    assert school_days_left(date(2026, 9, 18), MONDAY, None) is None


def test_a_student_stands_on_the_list_once_with_all_that_is_owed(here):
    late, soon = date(2026, 9, 18), date(2026, 9, 23)
    more = [
        asked(here.ana, "notice", due=None),
        asked(here.ana, ordinal=2, due=late),
        asked(here.ben, ordinal=1, due=soon),
    ]
    following.follow([here.ana, here.ben], [asked(here.ana), *more])

    page = work_page(Whose(schools={here.world.maple.schools["North"]}), MONDAY)

    assert [(one.name, [line.due for line in one.lines]) for one in page.students] == [
        ("Ana Ortiz", [late, date(2026, 9, 25), None]),
        ("Ben Ortiz", [soon]),
    ]
    assert (page.count, page.student_count, page.after) == (4, 2, None)


def everybody(asked):
    """The students and things of all pages, in the order in which they come, and how many of each a page had."""
    seen, pages, after = [], [], None
    while True:
        page = work_page(asked, MONDAY, after=after)
        seen += [(one.id, line.id) for one in page.students for line in one.lines]
        pages.append((len(page.students), sum(len(one.lines) for one in page.students)))
        after = page.after
        if after is None:
            return seen, pages


def test_the_list_goes_on_where_the_page_before_ended(here):
    ids, wanted = [], []
    for nth in range(70):
        one = families.student(
            f"Child{nth}", "Reed", number=f"R-{nth}", school=here.world.maple.schools["North"]
        )
        ids.append(one.id)
        # Many begin on the same day, and what follows is due in any order.
        wanted += [
            asked(one.id, ordinal=number, due=None if number == 3 else date(2026, 9, 18 + (nth * number) % 5))
            for number in range(1, 2 + nth % 3)
        ]
    following.follow(ids, wanted)

    seen, pages = everybody(Whose(schools={here.world.maple.schools["North"]}))

    assert len(seen) == len(set(seen)) == len(wanted) + 2
    students = list(dict.fromkeys(student for student, _ in seen))
    assert len(students) == 72
    # Nobody comes back: a student's things stand together.
    assert [student for student, _ in seen] == [id for id in students for one, _ in seen if one == id]
    assert all(things <= AT_MOST for _, things in pages)
    due = {
        duty.id: (duty.by_day, duty.id)
        for duty in db.session.scalars(select(CaseDuty).where(CaseDuty.state == "open"))
    }
    firsts = [min(due[line] for one, line in seen if one == id) for id in students]
    assert firsts == sorted(firsts)


def test_of_one_student_the_list_shows_some_and_says_how_many_more(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        many = [asked(office.ana, ordinal=number) for number in range(1, MOST_OF_ONE + 8)]
        following.follow([office.ana], many)
        db.session.commit()
        page = work_page(Whose(schools=None), MONDAY)
        ana = next(one for one in page.students if one.id == office.ana)
        assert (len(ana.lines), ana.more) == (MOST_OF_ONE, 7)
    client.sign_in(office.world.clark)

    shown = client.get(WORK, status=200)

    assert f"{MOST_OF_ONE + 8} things to do for 2 students" in shown.text
    assert "7 more in the case of Ana Ortiz" in shown.text


def test_all_of_a_student_is_settled_with_one_press(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        theirs = [
            asked(office.ana),
            asked(office.ana, "notice"),
            asked(office.ana, "hold_conference", for_person=True),
        ]
        following.follow([office.ana], theirs)
        db.session.commit()
    client.sign_in(office.world.clark)
    shown = client.get(WORK, status=200)
    (whole,) = shown.all("input", type="checkbox", **{"data-whole": ""})
    assert len(whole["value"].split()) == 2

    client.post(WORK, {"chosen": [whole["value"], str(office.duties["ana"])], "do": "done"})

    shown = client.get(WORK, status=200)
    assert "2 things to do for 2 students" in shown.text
    assert "A person decides" in shown.text


def test_what_is_left_of_earlier_years_stands_apart_and_ends_with_a_reason(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        year = {"first_day": date(2026, 9, 14), "last_day": date(2027, 6, 11), "state": CURRENT}
        db.session.add(SchoolYear(name="2026–27", told_since=date(2026, 9, 14), **year))
        db.session.get_one(CaseDuty, office.duties["ana"]).trigger = date(2026, 5, 4)
        db.session.commit()
    clark = client.sign_in(office.world.clark)
    page = clark.get(f"{WORK}?year=past")
    assert "Ana Ortiz" in page.text
    assert "Ben Ortiz" not in page.text

    answer = clark.submit(
        page, WORK, chosen=str(office.duties["ana"]), reason="The year is over.", do="dismiss", day=""
    )
    assert answer.location.endswith("?year=past")
    assert "Ana Ortiz" not in clark.get(answer.location).text
    assert "Ben Ortiz" in clark.get(WORK).text


def test_a_new_year_counts_the_open_lines_of_those_who_move(here):
    def of(id):
        return select(Student.id).where(Student.id == id)

    changing, leaving = open_lines(Moving(changing=of(here.ana), leaving=of(here.cleo)))
    assert (changing.count, leaving.count) == (1, 1)
    db.session.get_one(CaseDuty, here.duties["ana"]).state = "withdrawn"
    db.session.flush()
    assert open_lines(Moving(changing=of(here.ana), leaving=of(here.cleo)))[0].count == 0
    with as_district(here.world.birch.id):
        assert [one.count for one in open_lines(Moving(changing=of(here.ana), leaving=of(here.cleo)))] == [
            0,
            0,
        ]


def test_whoever_left_is_not_on_the_list(here):
    students.leave(Student.find(here.ana))

    assert "Ana Ortiz" not in [one.name for one in work_page(Whose(schools=None), MONDAY).students]


def test_a_clerk_works_the_list_of_their_school_without_javascript(client, office):
    client.sign_in(office.world.clark)
    shown = client.get(WORK, status=200)
    assert sorted(lines(shown)) == ["Ana Ortiz", "Ben Ortiz"]
    assert "2 things to do for 2 students" in shown.text
    chosen = [str(office.duties["ana"]), str(office.duties["ben"])]

    client.post(WORK, {"chosen": chosen, "do": "done"})

    shown = client.get(WORK, status=200)
    assert "Nothing to do" in shown.text
    batch = shown.one("input", name="batch")["value"]
    client.post(f"{WORK}/undo", {"batch": batch})
    assert sorted(lines(client.get(WORK, status=200))) == ["Ana Ortiz", "Ben Ortiz"]


def test_no_form_reaches_students_of_another_school(client, app, office):
    client.sign_in(office.world.clark)

    refused = client.post(WORK, {"chosen": [str(office.duties["cleo"])], "do": "done"})

    assert refused.status == 422
    with app.app_context(), as_district(office.world.maple.id):
        assert CaseDuty.find(office.duties["cleo"]).state == "open"


def test_what_was_chosen_and_typed_is_kept_when_it_is_refused(client, office):
    client.sign_in(office.world.clark)
    chosen = str(office.duties["ana"])

    refused = client.post(
        WORK, {"chosen": [chosen], "do": "schedule", "day": "2026-09-01", "reason": "Since."}
    )

    assert refused.status == 422
    assert "today or a later" in refused.text
    assert refused.one("input", value=chosen).get("checked") is not None
    assert refused.one("input", name="reason")["value"] == "Since."


def test_the_deadline_stands_in_school_days(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        load(
            SchoolDay,
            [
                {
                    "school_id": office.world.maple.schools["North"],
                    "track": "",
                    "day": day,
                    "is_school_day": day != date(2026, 9, 23),
                    "minutes": 390,
                }
                for day in weekdays(MONDAY, date(2026, 9, 25))
            ],
            source="a test",
        )
        db.session.commit()
    client.sign_in(office.world.clark)

    assert "3 school days" in client.get(WORK, status=200).text


def test_a_page_of_the_list_is_small(client, app, office):
    with app.app_context(), as_district(office.world.maple.id):
        many = []
        for nth in range(60):
            one = families.student(
                f"Child{nth}", "Reed", number=f"R-{nth}", school=office.world.maple.schools["North"]
            )
            many += [asked(one.id, "notice", ordinal=number, blocked=BLOCKED) for number in range(1, 6)]
        following.follow([one.student_id for one in many], many)
        db.session.commit()
    client.sign_in(office.world.clark)

    assert len(client.get(WORK, status=200).data) < 100_000
