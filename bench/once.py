"""`make bench-once`: kill the worker at random points from the register to the sent notice, and count what came of it.

A district is filled, and files of marks come in and are applied; the rules are put to everybody; letters are set, and
emails leave to a mail server that counts. The worker is killed by SIGKILL while it holds work of each kind, as often in
each, and another takes its place; after each fifth death Redis forgets all. The points are drawn from a seed that is
printed; `--seed` draws the same again. One piece of work dies MOST_BEGINNINGS times at most: the house gives up, and
says so, what was begun twelve times and never ended.

What must hold: each notice is there once, each letter in one file, each email accepted once. An email may be accepted
twice only if the server had it when its sender was killed; those are counted apart. So are those whose sender died
between the end of the mail and the server's answer: nobody can know of them, so they are not sent again, and when three
days are over each of those families is told by letter. There are no more of them than senders were killed. The marks,
the firings and the open duties are those of another district, whose worker nobody disturbed.
"""

import argparse
import io
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, Final, Self

import psycopg
from redis import Redis
from sqlalchemy import exists, select, text, update

from app.admin.actions import opening
from app.auth.models.account import Account
from app.core import across_districts, clock
from app.core.actor import SYSTEM, acting_as
from app.core.db import UUID7, db
from app.core.queue import later
from app.core.tenancy import as_district, current_district_id
from app.laptop.children import Child, Supervisor
from app.notices.actions import approving, collating, senders, sweeping, templating
from app.notices.actions.senders import Sender
from app.notices.models.message import Message
from app.notices.models.message import State as MailState
from app.notices.models.notice import EMAIL, LETTER, Notice
from app.notices.models.notice import State as NoticeState
from app.notices.models.notice_setting import NoticeSetting
from app.notices.models.notice_text import NoticeText
from app.register.actions import importing
from app.register.models.attendance_code import AttendanceCode
from app.register.models.import_school import ImportSchool
from app.register.models.register_import import RegisterImport
from app.roster.models.school_year import CURRENT, SchoolYear
from app.roster.models.student import Student
from app.truancy.actions import owing, reviewing, telling
from app.truancy.law.overlay import text_sha256
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.rule_activation import ACTIVE, RuleActivation, versions_of
from bench.attendance import _account
from bench.night import Night
from bench.phases import here, in_a_process
from bench.settled import settled_in
from bench.staff import SLUG
from jobs import worker
from tests.register.files import a_set
from tests.roster import families

#: Where nobody is disturbed.
QUIET: Final = "quiet"
STUDENTS: Final = 6_000
SCHOOLS: Final = 10
#: Notices that are written at a time.
A_PRESS: Final = 60
RULES: Final = ("us-ca.truant.1", "us-fl.month5", "us-wa.m3")
TOLD_OF: Final = RULES[0]
FIRST: Final = date(2026, 9, 7)
DAYS: Final = [FIRST + timedelta(days=week * 7 + day) for week in range(6) for day in range(5)]
FLUSH_AFTER: Final = 5
MOST_BEGINNINGS: Final = 8
PATIENCE: Final = 900.0


@dataclass(frozen=True)
class Part:
    """A part of the way: its name, its jobs, and within how many seconds of a job's beginning the worker dies."""

    name: str
    jobs: tuple[str, ...]
    within: float


PARTS: Final = (
    Part("import", ("jobs.register.advance",), 1.5),
    Part("evaluation", ("jobs.truancy.advance",), 2.0),
    Part("letters", (collating.COLLATE,), 2.0),
    Part("sending", ("jobs.notices.deliver",), 0.8),
)
ALL_JOBS: Final = [*(job for part in PARTS for job in part.jobs), "jobs.truancy.review_what_waits"]


def main() -> int:
    """Exit 1 on a violation."""
    order = argparse.ArgumentParser(prog="bench.once")
    order.add_argument("--students", type=int, default=STUDENTS)
    order.add_argument("--kills", type=int, default=50)
    order.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    asked = order.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fo-once-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    faults = run(folder, asked.students, asked.kills, asked.seed)
    if faults:
        print(f"Its logs and data are left in {folder}.")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


def run(folder: Path, students: int, kills: int, seed: int) -> list[str]:
    """One run; what did not hold."""
    print(f"seed {seed}: {students:,} students, {kills} kills", flush=True)
    night = Night(folder, 1, web=False)
    try:
        _its_own(night.supervisor).end()
        files = _files(students)
        in_a_process(night.environment, _open_quiet)
        for slug in (QUIET, SLUG):
            in_a_process(night.environment, _fill, slug, students)
        with Way(night, QUIET, files, Random(seed)) as undisturbed:
            undisturbed.end()
        with Way(night, SLUG, files, Random(seed)) as way:
            for nth, part in enumerate(PARTS):
                way.go(part, (kills + len(PARTS) - 1 - nth) // len(PARTS))
            way.end()
        return _judged(night, way)
    finally:
        night.end()


def _its_own(supervisor: Supervisor) -> Child:
    """Its worker, which it starts no more: ours are killed so often that it would wait longer each time."""
    child = next(child for child in supervisor.children if child.name == "worker")
    supervisor.children.remove(child)
    return child


class Worker:
    """A worker in a process of its own, as `python -m jobs.worker` is one, without what it takes to begin."""

    def __init__(self, night: Night) -> None:
        self._pid = os.fork()
        if self._pid == 0:
            log = os.open(night.folder / "log" / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            with settled_in(night.environment):
                worker.main()
            os._exit(0)

    def kill(self) -> None:
        """As a power cut does."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


class Way:
    """From the register to the sent notice, with a worker that dies."""

    def __init__(self, night: Night, slug: str, files: Sequence[bytes], dice: Random) -> None:
        self.killed = Counter[str]()
        self.flushed = 0
        #: How many notices were written, as whoever wrote them was told.
        self.written = 0
        self._night = night
        self._slug = slug
        self._files = files
        self._dice = dice
        self._taken_in = 0
        self._dead: set[int] = set()
        self._worker = Worker(night)
        url = night.database.url("owner").replace("postgresql+psycopg", "postgresql")
        self._database = psycopg.connect(url, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.kill()
        self._database.close()

    def go(self, part: Part, kills: int) -> None:
        """Have work of that part done, and kill the worker so often while it holds some."""
        more: dict[str, Callable[[], None]] = {
            "import": self._take_in,
            "evaluation": self._review,
            "letters": lambda: self._press(LETTER),
            "sending": lambda: self._press(EMAIL),
        }
        until = time.monotonic() + PATIENCE
        while self.killed[part.name] < kills:
            self._wait(0.01, until, part.name)
            if self._held(part.jobs):
                self._pause(self._dice.uniform(0, part.within))
                self._kill(part)
            elif not self._left(ALL_JOBS):
                more[part.name]()
        self._drain()
        print(f"{part.name}: killed {self.killed[part.name]} times", flush=True)

    def end(self) -> None:
        """The first file is what stands in the end, and nothing is left to do."""
        while self._taken_in % len(self._files) != 1:
            self._take_in()
            self._drain()

    def _kill(self, part: Part) -> None:
        if not self._held(part.jobs):
            return  # it was through before its time came
        self._worker.kill()
        self._dead |= self._held(ALL_JOBS, 2**31 - 1)
        self._worker = Worker(self._night)
        self.killed[part.name] += 1
        if self.killed.total() % FLUSH_AFTER == 0:
            with Redis.from_url(str(self._night.redis_url)) as connection:
                connection.flushall()
            self.flushed += 1

    def _drain(self) -> None:
        until = time.monotonic() + PATIENCE
        while self._left(ALL_JOBS) or self._import_waits():
            if self._import_waits():
                in_a_process(self._night.environment, _apply, self._slug)
            self._wait(0.05, until, "what is left")

    def _take_in(self) -> None:
        if self._import_waits():
            in_a_process(self._night.environment, _apply, self._slug)
        else:
            file = self._files[self._taken_in % len(self._files)]
            in_a_process(self._night.environment, _take_in, self._slug, file)
            self._taken_in += 1

    def _review(self) -> None:
        in_a_process(self._night.environment, _review_everybody)

    def _press(self, channel: str) -> None:
        self.written += int(in_a_process(self._night.environment, _write, channel).split()[-1])

    def _wait(self, seconds: float, until: float, what: str) -> None:
        if time.monotonic() > until:
            raise SystemExit(f"It takes too long: {what}. Left: {self._ask(_WORK_LEFT, [ALL_JOBS])}")
        self._pause(seconds)

    def _pause(self, seconds: float) -> None:
        """The supervisor is asked meanwhile."""
        until = time.monotonic() + seconds
        self._night.supervisor.look()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
            self._night.supervisor.look()

    def _import_waits(self) -> bool:
        return bool(
            self._ask(
                "select from register_imports i join districts d on d.id = i.district_id "
                "where i.state = 'ready' and d.slug = %s",
                [self._slug],
            )
        )

    def _held(self, jobs: Sequence[str], most: int = MOST_BEGINNINGS) -> set[int]:
        """The marks of the living that hold such work, begun less often than that."""
        rows = self._ask(
            "select holder from work where holder is not null and failed_at is null and job = any(%s) "
            "and attempts < %s",
            [list(jobs), most],
        )
        return {holder for (holder,) in rows} - self._dead

    def _left(self, jobs: Sequence[str]) -> bool:
        return bool(self._ask(_WORK_LEFT, [list(jobs)]))

    def _ask(self, question: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._database.execute(question, given).fetchall()


_WORK_LEFT: Final = "select job, attempts, last_error from work where failed_at is null and job = any(%s)"


def _judged(night: Night, way: Way) -> list[str]:
    """What did not hold, after the table of what came of it."""
    shape, undisturbed = (in_a_process(night.environment, _shape, slug)[-32:] for slug in (SLUG, QUIET))
    ((notices, keys),) = night.ask(
        "select count(*), count(distinct (grounds_id, duty, student_id)) from notices"
    )
    ((letters, printed, in_files),) = night.ask(
        "select count(*), count(*) filter (where state = 'in print'), "
        "(select coalesce(sum(letters), 0) from print_files) from notices where channel = 'letter'"
    )
    ((envelopes,),) = night.ask(
        "select count(distinct (batch_id, envelope)) from notices where state = 'in print'"
    )
    mails = {
        str(own): int(repeats)
        for own, repeats in night.ask(
            "select m.message_id, m.repeats from notices n join messages m "
            "on m.district_id = n.district_id and m.id = n.message_id where n.channel = 'email'"
        )
    }
    sent = {
        str(own)
        for (own,) in night.ask(
            "select m.message_id from notices n join messages m "
            "on m.district_id = n.district_id and m.id = n.message_id "
            "where n.channel = 'email' and n.state = 'sent' and m.state = 'sent'"
        )
    }
    unsure = {str(own) for (own,) in night.ask("select message_id from messages where state = 'unsure'")}
    ((emails,),) = night.ask("select count(*) from notices where channel = 'email'")
    accepted = Counter(own for own, _ in night.acknowledged())
    lost = [own for own in sent if not accepted[own]]
    twice = [own for own in mails if accepted[own] > 1]
    known = [own for own in twice if mails[own] and accepted[own] == 2]
    failed = night.ask("select job, last_error from work where failed_at is not null")
    by_letter = int(in_a_process(night.environment, _wait_three_days).split()[-1])
    told = ", ".join(f"{count} in {name}" for name, count in way.killed.items())
    print(f"killed {way.killed.total()} times ({told}), Redis forgot {way.flushed} times")
    print(f"notices {notices}, as whoever wrote them was told {way.written}, keys {keys}")
    print(f"letters {letters}, in print {printed}, in files {in_files}, envelopes {envelopes}")
    print(f"emails {emails}, sent {len(sent)}, lost {len(lost)}, twice {len(twice) - len(known)}")
    print(f"emails that the server had when their sender was killed, sent again: {len(known)}")
    had = sum(1 for own in unsure if accepted[own])
    print(
        f"emails whose sender was killed before the answer: {len(unsure)}, the server has {had} of them, ",
        end="",
    )
    print(f"told by letter when three days are over: {by_letter}")
    print(f"marks, firings and open duties: {shape}, undisturbed {undisturbed}", flush=True)
    return list(
        _faults(
            {
                "A notice is lost or doubled.": notices == keys == way.written,
                "A letter is lost or doubled.": letters == printed == in_files,
                "An email is lost.": mails.keys() == sent | unsure and emails == len(mails) and not lost,
                "More emails are unsure than senders were killed.": len(unsure) <= way.killed["sending"],
                "Of an unsure email the family is not told by letter.": len(unsure) == by_letter,
                "An email was sent twice.": len(twice) == len(known),
                "Marks, firings or duties are others.": shape == undisturbed,
                f"Work failed: {failed}": not failed,
            }
        )
    )


def _faults(held: dict[str, bool]) -> Iterator[str]:
    for sentence, holds in held.items():
        if not holds:
            print(sentence, flush=True)
            yield sentence


# --- what people do, each in a process of its own --------------------------------------------------------------


def _open_quiet() -> str:
    with across_districts.session() as across:
        opening.open_district(
            across,
            slug=QUIET,
            name="Quiet",
            domain="quiet.example",
            mailbox="help@quiet.example",
            zone="America/Chicago",
            region="us",
            state="open",
        )
    return ""


def _fill(slug: str, students: int) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        year = ("2026-27", date(2026, 8, 1), date(2027, 7, 31))
        db.session.add(
            SchoolYear(name=year[0], first_day=year[1], last_day=year[2], state=CURRENT, told_since=year[1])
        )
        proposer, approver = _account("Pat"), _account("Alex")
        for code, excuse in (("U", "unexcused"), ("E", "excused")):
            signed = {"signed_off_by": "C. Clerk", "signed_off_by_id": proposer, "signed_off_at": clock.now()}
            db.session.add(AttendanceCode(code=code, kind="absent", excuse=excuse, **signed))
        for rule_id in RULES:
            version = next(one for one in versions_of(rule_id) if one.in_force(FIRST))
            db.session.add(
                RuleActivation(
                    rule_id=rule_id,
                    digest=text_sha256(version),
                    overlay={},
                    first_day=date(2026, 8, 3),
                    state=ACTIVE,
                    proposed_by_id=proposer,
                    approved_by_id=approver,
                    approved_at=clock.now(),
                )
            )
        db.session.flush()
        given = {
            "district": current_district_id(),
            "schools": SCHOOLS,
            "students": students,
            "days": DAYS,
            "first": FIRST,
        }
        for statement in _FILL:
            db.session.connection().execute(text(statement), given)
        template = templating.begin(TOLD_OF)
        approver_account = db.session.get_one(Account, approver)
        english = NoticeText.newest(template.id, "en")
        assert english is not None
        templating.approve(english, reads_it=True, by=approver_account)
        senders.say_sender(
            None, Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
        )
        setting = NoticeSetting.of_this_district()
        senders.set_up(envelope=setting.envelope, cut_off=setting.cut_off, practises=False)
        db.session.commit()
    return ""


#: Schools, and students of them who are known by a number.
ROSTER: Final = (
    f"""
    insert into schools (id, district_id, name, short_name, active, made_at)
    select {UUID7}, :district, 'School ' || n, 'S' || n, true, now() from generate_series(0, :schools - 1) n
    """,
    f"""
    insert into people (id, district_id, given_name, family_name, kind, school_id, title, active, source, made_at)
    select {UUID7}, :district, 'Student', (100000 + n)::text, 'student', s.id, '', true, 'sync', now()
    from generate_series(0, :students - 1) n
    join schools s on s.district_id = :district and s.name = 'School ' || (n % :schools)
    """,
    """
    insert into students (id, district_id, number, grade, language, born)
    select id, district_id, family_name, '05', 'en', date '2016-03-01' from people
    where district_id = :district and kind = 'student'
    """,
)
_FILL: Final = (
    *ROSTER,
    f"""
    insert into school_enrollments (id, district_id, student_id, school_id, entry)
    select {UUID7}, :district, p.id, p.school_id, :first from people p
    where p.district_id = :district and p.kind = 'student'
    """,
    f"""
    insert into school_days (id, district_id, school_id, day, is_school_day, minutes)
    select {UUID7}, :district, s.id, d.day, true, 390
    from schools s cross join unnest(cast(:days as date[])) as d (day)
    where s.district_id = :district and s.name like 'School %'
    """,
    "select count_rosters_anew()",
)


def _files(students: int) -> list[bytes]:
    """The marks of six weeks; and the same with excuses for one student in ten."""
    made = []
    for excused in (False, True):
        marks = []
        for nth in range(students):
            dice = Random(nth)
            for day in sorted(dice.sample(DAYS, dice.randint(2, 6))):
                code = "E" if excused and nth % 10 == 0 else dice.choice("UUE")
                marks.append((str(100_000 + nth), f"School {nth % SCHOOLS}", day, "DAY", code))
        made.append(a_set(first=DAYS[0], last=DAYS[-1], marks=marks))
    return made


def _take_in(slug: str, file: bytes) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        importing.begin(io.BytesIO(file), by=SYSTEM)
        db.session.commit()
    return ""


def _apply(slug: str) -> str:
    with as_district(here(slug)), acting_as(SYSTEM):
        run = db.session.scalars(RegisterImport.newest().limit(1)).one()
        importing.approve(run, schools=[one.school_id for one in ImportSchool.of(run.id)])
        db.session.commit()
    return ""


def _review_everybody() -> str:
    with as_district(here(SLUG)), acting_as(SYSTEM):
        reviewing.review_everybody(by=SYSTEM)
        db.session.commit()
    return ""


def _write(channel: str) -> str:
    """The next families are told by that channel; how many notices that made."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        asked = (
            select(CaseDuty)
            .join(Student, Student.id == CaseDuty.student_id)
            .where(CaseDuty.is_open(), CaseDuty.rule_id == TOLD_OF, CaseDuty.do == owing.NOTICE)
            .where(~exists().where(Notice.student_id == CaseDuty.student_id))
            .order_by(Student.number)
            .limit(A_PRESS)
        )
        by = db.session.scalars(select(Account).where(Account.name == "Alex")).one()
        written: list[Notice] = []
        for duty in db.session.scalars(asked).all():
            student = db.session.get_one(Student, duty.student_id)
            guardian = families.guardian(student, "Eva", student.number)
            families.lives_at(guardian, f"{student.number} Maple Street")
            families.email(guardian, f"eva-{student.number}@families.example")
            db.session.flush()
            values = {"days": "3", "unexcused": "3", **telling.values_of(duty.id)}
            written += telling.tell(duty, values, channel, by=by).notices
        told = approving.approve_all(written, by=by)
        if told.leaving != len(written):
            raise SystemExit(f"Not all may leave: {told}, {Counter(one.reason for one in written)}")
        if channel == LETTER:
            # As if it had been yesterday: the cut-off is past.
            ids = [one.id for one in written]
            db.session.execute(
                update(Notice)
                .where(Notice.id.in_(ids))
                .values(approved_at=Notice.approved_at - timedelta(days=2))
            )
            later(collating.COLLATE, queue="notifications")
        db.session.commit()
        return f" {len(written)}"


def _wait_three_days() -> str:
    """Nobody can say whether those arrived; how many of their families are told by a letter that may leave."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        unsure = select(Message.id).where(Message.state == MailState.UNSURE)
        doubtful = db.session.scalars(select(Notice.id).where(Notice.message_id.in_(unsure))).all()
        long_ago = Message.made_at - sweeping.SILENT_AFTER
        db.session.execute(update(Message).where(Message.id.in_(unsure)).values(made_at=long_ago))
        sweeping.give_up_waiting()
        follow = select(Notice.follows_id).where(
            Notice.follows_id.in_(doubtful),
            Notice.channel == LETTER,
            Notice.state == NoticeState.APPROVED,
        )
        followed = db.session.scalars(follow).all()
        db.session.commit()
        return f" {len(followed) if len(set(followed)) == len(followed) else -1}"


def _shape(slug: str) -> str:
    """A hash of what the register came to, by what people know it by."""
    with as_district(here(slug)):
        return str(db.session.connection().execute(_SHAPE).scalar_one())


_SHAPE: Final = text(
    """
    select md5(string_agg(line, '|' order by line)) from (
        select concat_ws(' ', number, day, slot, code) as line from attendance_marks mark
        join students on students.id = mark.student_id
        union all
        select concat_ws(' ', number, rule_id, rule_version, window_name, ordinal, trigger_day, marks,
            evidence_sha256, total, out_of, duties, blocked, excluded)
        from firings join students on students.id = firings.student_id where state = 'standing'
        union all
        select concat_ws(' ', number, rule_id, "window", ordinal, trigger, "do", "to", by_day, blocked, for_person)
        from case_duties join students on students.id = case_duties.student_id where state = 'open'
    ) as lines
    """
)


if __name__ == "__main__":
    sys.exit(main())
