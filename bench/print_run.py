"""`make bench-print-run`: ten thousand letters in three languages, from the cut-off to the last file, on two workers.

`python -m bench.print_run [letters]`. Each family is written to by the actions of the office: a student, a guardian who
reads Spanish, Arabic or English at an address of their own, the notice, its approval; that takes longer than what is
measured. Then the bell of the cut-off is rung. Bar: 10,000 letters in 10 minutes.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select, text, update

from app.auth.models.account import Account
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.queue import later
from app.core.tenancy import as_district, current_district_id
from app.notices.actions import approving, collating, senders, telling, templating
from app.notices.actions.senders import Sender
from app.notices.actions.telling import Telling
from app.notices.actions.templating import Draft
from app.notices.models.notice import LETTER, Notice
from app.notices.models.notice_setting import NoticeSetting
from app.notices.models.notice_text import NoticeText
from app.roster.models.student import Student
from bench.attendance import _account
from bench.letters import HOME
from bench.night import Night
from bench.once import ROSTER, Worker
from bench.phases import here, in_a_process, started
from bench.staff import SLUG
from tests.roster import families

LETTERS: Final = 10_000
SCHOOLS: Final = 10
WANTED: Final = "absences.total"
LANGUAGES: Final = ("es", "ar", "en")
AT_ONCE: Final = 50
WORKERS: Final = 2
MOST_SECONDS: Final = 600.0


def main() -> int:
    """Exit 1 if it took too long, or a letter is missing."""
    order = argparse.ArgumentParser(prog="bench.print_run")
    order.add_argument("letters", type=int, nargs="?", default=LETTERS)
    letters = order.parse_args().letters
    folder = Path(tempfile.mkdtemp(prefix="fo-print-"))
    folder.chmod(0o711)  # PostgreSQL's keeper passes through
    night = Night(folder, 1, web=False)
    try:
        in_a_process(night.environment, _fill, letters)
        half = letters // 2
        writing = [started(night.environment, _write, *share) for share in ((0, half), (half, letters))]
        if any(os.waitpid(one, 0)[1] for one in writing):
            raise SystemExit("The letters could not be written.")
        its_own = next(child for child in night.supervisor.children if child.name == "worker")
        night.supervisor.children.remove(its_own)
        its_own.end()
        workers = [Worker(night) for _ in range(WORKERS)]
        try:
            took = _set(night, letters)
        finally:
            for worker in workers:
                worker.kill()
    finally:
        night.end()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if took <= MOST_SECONDS * max(1, letters / LETTERS) else 1


def _set(night: Night, letters: int) -> float:
    began = told = time.monotonic()
    in_a_process(night.environment, _ring)
    while True:
        night.supervisor.look()
        ((printed, files),) = night.ask("select coalesce(sum(letters), 0), count(*) from print_files")
        if printed == letters or time.monotonic() > told + 10:
            told = time.monotonic()
            print(f"{told - began:6.1f} s: {printed:,} letters set, in {files} files", flush=True)
        if printed == letters:
            break
        if told - began > 3 * MOST_SECONDS:
            raise SystemExit("It takes too long.")
        time.sleep(0.2)
    ((languages, envelopes, alike),) = night.ask(
        "select count(distinct language), count(distinct envelope), count(*) - count(distinct code) "
        "from notices where state = 'in print'"
    )
    print(f"{languages} languages, {envelopes:,} envelopes, {alike} codes twice")
    return told - began


# --- what people do, each in a process of its own --------------------------------------------------------------


def _fill(letters: int) -> str:
    """Students, an approved text in each language, and whose letters they are."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        approver = db.session.get_one(Account, _account("Alex"))
        given = {"district": current_district_id(), "schools": SCHOOLS, "students": letters}
        for statement in (*ROSTER, "select count_rosters_anew()"):
            db.session.connection().execute(text(statement), given)
        template = templating.begin(WANTED)
        spoken = {one.language: one for one in NoticeText.of(template.id)}
        for language in ("en", "es"):
            templating.approve(spoken[language], reads_it=True, by=approver)
        arabic = Draft("ar", "((student)) ((days))", HOME["ar"] + "((contact)) ((phone)) ((unexcused))", {})
        templating.approve(templating.write(template, arabic, by=approver), reads_it=True, by=approver)
        senders.say_sender(
            None, Sender(return_address="1 A St", contact_name="Nora Bell", contact_phone="312")
        )
        setting = NoticeSetting.of_this_district()
        senders.set_up(envelope=setting.envelope, cut_off=setting.cut_off, practises=False)
        db.session.commit()
    return ""


def _write(first: int, last: int) -> str:
    """The families of these students are written to, and somebody approves it: after the cut-off, so nothing is set."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        for at in range(first, last, AT_ONCE):
            by = db.session.scalars(select(Account).where(Account.name == "Alex")).one()
            numbers = [str(100_000 + n) for n in range(at, min(at + AT_ONCE, last))]
            written: list[Notice] = []
            for student in db.session.scalars(select(Student).where(Student.number.in_(numbers))).all():
                language = LANGUAGES[int(student.number) % len(LANGUAGES)]
                guardian = families.guardian(student, "Eva", student.number, language=language)
                families.lives_at(guardian, f"{student.number} Maple Street")
                written += telling.tell(
                    Telling(
                        grounds_kind="student",
                        grounds_id=student.id,
                        duty="notice",
                        wanted=WANTED,
                        student_id=student.id,
                        values={"days": "9", "unexcused": "4"},
                        channels=(LETTER,),
                    )
                ).notices
            approved = approving.approve_all(written, by=by)
            if approved.leaving != len(numbers):
                raise SystemExit(f"Not all may leave: {approved}")
            db.session.commit()
            db.session.expunge_all()
    return ""


def _ring() -> str:
    """The cut-off strikes: all of it was approved before."""
    with as_district(here(SLUG)), acting_as(SYSTEM):
        db.session.execute(update(Notice).values(approved_at=Notice.approved_at - timedelta(days=2)))
        for _ in range(WORKERS):
            later(collating.COLLATE, queue="notifications")
        db.session.commit()
    return ""


if __name__ == "__main__":
    sys.exit(main())
