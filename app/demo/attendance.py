"""Attendance of a made-up district: fourteen weeks, told by the actions that its staff, families and night staff use.

Whoever is named here presses the buttons at that hour of that day; the reviews, cases, letters and figures are what the
house makes of it. Texas, since its rule for a warning asks for few days and for a notice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from random import Random
from typing import Final

from sqlalchemy import select

from app.auth.models.account import Account
from app.core import clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import db, uuid7
from app.core.expiring import today
from app.demo import answers, case_work, letters, register, students
from app.demo.answers import Answer
from app.demo.families import FAMILIES
from app.demo.place import Place
from app.demo.register import CODES, NOT_SIGNED_OFF, Calendar, Stages
from app.demo.students import Pupil
from app.family.actions import answering, linking
from app.family.actions.answering import Sent
from app.family.models.family_answer import FamilyAnswer
from app.family.models.family_link import FamilyLink
from app.notices.actions import approving, collating, delivery
from app.notices.models.message import Message
from app.notices.models.message import State as MessageState
from app.notices.models.notice import EMAIL, LETTER, Notice, State
from app.notices.models.print_batch import PrintBatch
from app.register.actions import coding, importing
from app.register.models.attendance_code import AttendanceCode
from app.register.models.register_import import RegisterImport
from app.roster.actions import school_years
from app.roster.actions.school_years import Days, name_of
from app.roster.models.person import Person
from app.roster.models.school import School
from app.roster.models.student import Student
from app.truancy.actions import activating, figuring, reviewing, settling, trying_out
from app.truancy.actions.owing import NOTICE
from app.truancy.actions.telling import tell as tell_family
from app.truancy.law.overlay import Overlay
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.dry_run import DryRun
from app.truancy.models.review_range import ReviewRange
from app.truancy.models.rule_activation import versions_of

WARNING: Final = "us-tx.warning"
RULES: Final = (WARNING, "us-tx.refer")
MEASURE: Final = "prevention_measure"
COUNSEL: Final = "Dana Whitlock, counsel to the board"
ADMIN, PRINCIPAL, OFFICE = "adams@maple.example", "carmen@maple.example", "olive@maple.example"
#: Who works the morning list of each school, and who lets its letters go.
WORKS: Final = {"North": "cora@maple.example", "Cedar": "clark@maple.example", "High": PRINCIPAL}
APPROVES: Final = {"North": OFFICE, "Cedar": "clark@maple.example", "High": PRINCIPAL}


def tell(place: Place, dice: Random) -> None:
    """All of it, into the district that is open: it has schools, accounts and families. Commits along the way."""
    with acting_as(SYSTEM):
        Story(place, dice).happen()


@dataclass(frozen=True)
class Wave:
    """Those who missed three days without a note, and the day on which their families are written to."""

    pupils: Sequence[Pupil]
    day: date


class Story:
    """What happens, in order."""

    def __init__(self, place: Place, dice: Random) -> None:
        self.place = place
        self.calendar = Calendar.until(today())
        self.days = self.calendar.so_far
        self.pupils = students.drawn(self.calendar.begins, dice)
        self.marks, waves = register.draw(self.pupils, self.days, dice)
        stages = Stages.of(self.days)
        at = (stages.first, stages.second, stages.third)
        self.first, self.second, self.third = (
            Wave(pupils, self.days[nth]) for pupils, nth in zip(waves[:3], at, strict=True)
        )
        self._ids = {school.short_name: school.id for school in place.schools}
        self.neighbors = {child.number: child.school for family in FAMILIES for child in family.children}

    def happen(self) -> None:
        """From the first day of the year to this morning."""
        students.move_in(self.pupils, self.place)
        day = self.first.day
        before = self.days[self.days.index(day) - 1]
        with self._on(before, 8):
            self._write_down_the_year()
            told = register.whole_set(self.calendar, self.pupils, self.neighbors, self.marks, before)
            self._take_in(told, self._last_before(before))
            self._sign_off()
        with self._on(before, 13):
            self._switch_on()
            letters.set_up(
                WARNING, self._ids["North"], admin=_somebody(ADMIN), principal=_somebody(PRINCIPAL)
            )
            db.session.commit()
        with self._on(day, 7):
            self._night(day)
        self._write(self.first.day)
        self._post(self.first)
        self._families_answer(self.first, answers.EARLIER)
        with self._on(self._later(day, 8), 10), self._as(OFFICE) as olive:
            self._clear_the_desk(day, olive)
        self._work_the_cases(self.first)
        with self._on(self.second.day, 7):
            self._night(self.second.day)
        self._write(self.second.day)
        self._post(self.second)
        self._families_answer(self.second, answers.LATELY)
        self._work_the_cases(self.second)
        with self._on(self.third.day, 7):
            self._night(self.third.day)
        self._write(self.third.day, approve=("Cedar", "High"))
        with self._on(self.third.day, 15, 30):
            collating.collate()
            db.session.commit()
        # A note comes for one who was written to: what has left is taken back in words.
        self.marks.excuse(self.second.pupils[0].number, "Doctor's note, came late")
        self._night(self.calendar.today, register.made_wrong(self.days[-1]))
        figuring.count_anew()
        db.session.commit()

    # --- once ---------------------------------------------------------------------------------------------

    def _write_down_the_year(self) -> None:
        begins, ends = self.calendar.begins, self.calendar.ends
        with self._as(ADMIN):
            of = Days(name=name_of(begins, ends), first_day=begins, last_day=ends)
            school_years.write_down_first(of, once=uuid7())
            db.session.commit()

    def _sign_off(self) -> None:
        with self._as(PRINCIPAL) as carmen:
            for code in AttendanceCode.waiting():
                if code.code != NOT_SIGNED_OFF:
                    coding.sign_off(code, CODES[code.code], by=carmen)
            db.session.commit()

    def _switch_on(self) -> None:
        """The admin proposes, the principal looks at what it would have been, and approves."""
        begins = self.calendar.begins
        for rule_id in RULES:
            with self._as(ADMIN) as adams:
                version = next(one for one in versions_of(rule_id) if one.in_force(begins))
                activating.confirm(version, COUNSEL, today() - timedelta(days=9), "By letter.", by=adams)
                made = activating.propose(rule_id, begins, Overlay(), "", by=adams, once=uuid7())
                db.session.commit()
                run = DryRun.of(made.id)
                assert run is not None
                trying_out.advance(run.id)
            with self._as(PRINCIPAL) as carmen:
                activating.approve(made, by=carmen)
                db.session.commit()

    # --- each day -----------------------------------------------------------------------------------------

    def _night(self, day: date, strange: Sequence[tuple[object, ...]] = ()) -> None:
        """The register comes in up to the day before, and the rules are put to whom it touched."""
        schools = {one.number: one.school for one in self.pupils}
        self._take_in(register.marks_alone(schools, self.marks, day, strange), self._last_before(day))
        review = reviewing.review_what_waits()
        db.session.commit()
        if review is not None:
            for one in ReviewRange.of_review(review.id):
                while not one.is_done:
                    reviewing.advance(one.id)
                    db.session.commit()

    def _take_in(self, told: BytesIO, last: date) -> None:
        """Uploaded, looked at and applied: by the admin, with a worker behind them."""
        with self._as(ADMIN) as adams:
            run_id = importing.begin(told, by=adams, first=self.calendar.begins, last=last).id
            db.session.commit()
        importing.advance(run_id)
        with self._as(ADMIN):
            run = RegisterImport.find(run_id)
            assert run is not None, "It was begun just now."
            importing.approve(run)
            db.session.commit()
        importing.advance(run_id)

    def _write(self, day: date, *, approve: Sequence[str] = ("North", "Cedar", "High")) -> None:
        """What is owed, by email or else as a letter; and whoever may lets go what has nothing in the way."""
        for school, email in WORKS.items():
            with self._on(day, 9), self._as(email) as by:
                for duty in self._owed(school):
                    tell_family(duty, {}, EMAIL, by=by)
                db.session.commit()
        for school in approve:
            with self._on(day, 11), self._as(APPROVES[school]) as by:
                approving.approve_all(self._of(school, (State.WAITING,)), by=by)
                db.session.commit()
        with self._on(day, 11, 1):
            queued = select(Message.id).where(Message.state == MessageState.QUEUED)
            for message_id in db.session.scalars(queued).all():
                delivery.deliver(message_id)

    def _post(self, wave: Wave) -> None:
        """After the cut-off: printed, and taken to the post the next morning. Then nothing is owed any more."""
        with self._on(wave.day, 15, 30):
            collating.collate()
            db.session.commit()
        with self._on(self._later(wave.day, 1), 9), self._as(ADMIN) as adams:
            batch = next((one for one, _, _ in PrintBatch.newest_first(1)), None)
            assert batch is not None
            collating.post(batch, by=adams)
            db.session.commit()
        for school, email in WORKS.items():
            with self._on(self._later(wave.day, 1), 10), self._as(email) as by:
                told = {notice.grounds_id for notice in self._of(school, (State.SENT,))}
                duties = [
                    one.id for one in map(CaseDuty.find, told) if one is not None and one.state == "open"
                ]
                if duties:
                    settling.finish(duties, by=by, batch=uuid7())
                db.session.commit()

    def _families_answer(self, wave: Wave, sent: Sequence[Answer]) -> None:
        """Those who got a letter open their page, some days later, and send something."""
        told = [notice for school in WORKS for notice in self._sent(school, wave.day)]
        for answer, notice in zip(sent, told, strict=False):
            link = FamilyLink.working_about(notice.student_id, notice.guardian_ids[0], "notice", notice.id)
            assert link is not None
            with self._on(self._later(wave.day, answer.days), answer.hour):
                linking.opened(link)
                spanish = notice.language == "es"
                what = Sent(
                    text=answer.spanish if spanish and answer.spanish else answer.text,
                    language=answer.language,
                    way=answer.way,
                    read_in="es" if spanish else "en",
                )
                answering.send(link, answer.kind, what, once=uuid7())
            db.session.commit()

    def _clear_the_desk(self, day: date, olive: Account) -> None:
        """The office of North: a letter of that day came back, and somebody who wrote was called."""
        letters_sent = [one for one in self._sent("North", day) if one.channel == LETTER]
        if letters_sent:
            collating.take_back(letters_sent[-1], "Moved, and left no address.")
        waiting = (
            select(FamilyAnswer)
            .join(Person, Person.id == FamilyAnswer.student_id)
            .where(FamilyAnswer.settled_at.is_(None), Person.school_id == self._ids["North"])
        )
        answer = db.session.scalars(waiting.order_by(FamilyAnswer.sent_at)).first()
        if answer is not None:
            answering.settle(answer, answers.SEEN_TO, by=olive)
        db.session.commit()

    def _work_the_cases(self, wave: Wave) -> None:
        """Calls, conferences, plans, and what is in the way, for those who were written to on one day."""
        for school, email in WORKS.items():
            theirs = [one for one in wave.pupils if one.school == school]
            for nth, one in enumerate(theirs):
                for days, step in case_work.DONE[nth % len(case_work.DONE)]:
                    with self._on(self._later(wave.day, days), 13 + nth % 3), self._as(email) as by:
                        duty = self._measure(one)
                        if duty is not None:
                            step(duty, by)
                        db.session.commit()

    # --- found --------------------------------------------------------------------------------------------

    def _owed(self, school: str) -> list[CaseDuty]:
        """The open lines of a school that owe a family a notice."""
        asked = (
            select(CaseDuty)
            .join(Person, Person.id == CaseDuty.student_id)
            .where(CaseDuty.do == NOTICE, CaseDuty.is_open(), Person.school_id == self._ids[school])
        )
        return list(db.session.scalars(asked.order_by(CaseDuty.trigger, CaseDuty.id)))

    def _measure(self, pupil: Pupil) -> CaseDuty | None:
        """The first line of a student that asks for a measure."""
        student = Student.numbered(pupil.number)
        assert student is not None, "They have moved in."
        asked = select(CaseDuty).where(
            CaseDuty.student_id == student.id, CaseDuty.do == MEASURE, CaseDuty.is_open()
        )
        return db.session.scalars(asked.order_by(CaseDuty.trigger)).first()

    def _of(self, school: str, states: Sequence[str]) -> list[Notice]:
        return list(db.session.scalars(Notice.in_states(states, {self._ids[school]})))

    def _sent(self, school: str, day: date) -> list[Notice]:
        """What was written at a school on that day and has left."""
        return [
            one
            for one in self._of(school, (State.SENT,))
            if clock.local(one.made_at, self._zone(one.school)).date() == day
        ]

    def _zone(self, school: School | None) -> str:
        assert school is not None
        return school.zone_name

    def _last_before(self, day: date) -> date:
        return max(one for one in self.days if one < day)

    def _later(self, day: date, days: int) -> date:
        """So many school days later, and no later than yesterday's."""
        return self.days[min(self.days.index(day) + days, len(self.days) - 1)]

    @contextmanager
    def _on(self, day: date, hour: int, minute: int = 0) -> Iterator[None]:
        """At that hour of that day there."""
        school = db.session.get_one(School, self._ids["North"])
        moment = datetime.combine(day, time(hour, minute), clock.zone(school.zone_name))
        with clock.frozen(moment):
            yield

    @contextmanager
    def _as(self, email: str) -> Iterator[Account]:
        """Somebody of the cast acts."""
        account = _somebody(email)
        with acting_as(account):
            yield account


def _somebody(email: str) -> Account:
    account = Account.with_address(email)
    assert account is not None, "They are of the cast."
    return account
