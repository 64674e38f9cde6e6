"""The timetable: when, what, for which districts. `python -m jobs.schedule` keeps it, and sweeps."""

import logging
import signal
from datetime import time, timedelta
from threading import Event, Thread
from types import FrameType
from typing import Final

from flask import Flask

from app.core import across_districts, logs, readings, timetable
from app.core.db import db
from app.core.egress import shut_other_doors
from app.core.queue import PermanentFailure, TryAgain, is_waiting, later
from app.core.tenancy import as_district
from app.core.timetable import Entry, Round
from app.factory import create_app
from jobs import find, perform
from jobs.sweeper import keep_sweeping
from jobs.watch import keep_watch

TIMETABLE: Final = (
    Entry("Seal the audit log", "jobs.upkeep.seal_audit", every=timedelta(seconds=10)),
    Entry(
        "Send what lies unsent",
        "jobs.notices.send_what_is_due",
        every=timedelta(minutes=5),
        queue="notifications",
    ),
    Entry(
        "Stop notices to families whose reason is gone",
        "jobs.notices.look_whether_notices_stand",
        every=timedelta(minutes=5),
        queue="notifications",
    ),
    Entry(
        "Bring on notices that nothing carries or that went no further",
        "jobs.notices.bring_on_what_was_lost",
        every=timedelta(minutes=10),
        queue="notifications",
        states=("open",),
    ),
    Entry(
        "Tell by another way what nobody could say of whether it arrived",
        "jobs.notices.give_up_waiting",
        every=timedelta(hours=1),
        queue="notifications",
        states=("open",),
    ),
    Entry(
        "Put letters that lie to a person",
        "jobs.notices.tell_of_letters_that_lie",
        at=time(6, 30),
        queue="notifications",
        states=("open",),
    ),
    Entry(
        "Print the letters of the day",
        "jobs.notices.collate_letters",
        every=timedelta(minutes=5),
        queue="notifications",
        states=("open",),
    ),
    Entry(
        "Forget muted addresses whose 60 days are over",
        "jobs.notices.forget_muted_addresses",
        at=time(3, 20),
        queue="upkeep",
    ),
    Entry("Forget that texts came in, 30 days later", "jobs.notices.forget_heard_texts", at=time(3, 25)),
    Entry("Clear away old sessions, links and failed work", "jobs.upkeep.clear_away", at=time(2, 40)),
    Entry("Count again what is stored", "jobs.upkeep.recount_storage", at=time(2, 50), queue="upkeep"),
    Entry(
        "Delete files that no row names",
        "jobs.upkeep.delete_orphans",
        at=time(3, 40),
        queue="upkeep",
    ),
    Entry(
        "Ask the roster's sources at their hour",
        "jobs.roster.sync_what_is_due",
        every=timedelta(minutes=5),
        states=("preparing", "open"),  # in a district that is read-only nobody comes or goes
    ),
    Entry(
        "Put the attendance rules to whoever's register changed",
        "jobs.truancy.review_what_waits",
        every=timedelta(minutes=1),
        queue="upkeep",
        states=("preparing", "open"),
    ),
    Entry("Remind of secrets that end soon", "jobs.admin.remind_of_secrets", at=time(7, 0)),
    Entry(
        "Ask the directories who left",
        "jobs.roster.look_for_changes",
        every=timedelta(hours=1),
    ),
    Entry(
        "Forget imports of the roster that are over",
        "jobs.roster.forget_old_imports",
        at=time(3, 30),
        queue="upkeep",
    ),
    Entry(
        "Count what the attendance reports show", "jobs.truancy.count_figures", at=time(4, 30), queue="upkeep"
    ),
    Entry(
        "Ask the systems of attendance at their hour",
        "jobs.register.ask_what_is_due",
        every=timedelta(minutes=5),
        states=("preparing", "open"),
    ),
    Entry(
        "Tell of schools whose attendance did not come",
        "jobs.register.warn_of_late_registers",
        every=timedelta(minutes=15),
        states=("open",),
    ),
    Entry(
        "Count as unexcused what nobody gave a reason for in time",
        "jobs.register.lapse_reasons",
        at=time(4, 10),
        queue="upkeep",
        states=("preparing", "open"),
    ),
    Entry(
        "Forget imports of the attendance register that are over",
        "jobs.register.forget_old_imports",
        at=time(3, 35),
        queue="upkeep",
    ),
    Entry(
        "Erase mail that nobody filed within 30 days",
        "jobs.helpdesk.erase_old_mail",
        at=time(3, 10),
        queue="upkeep",
    ),
)

TICK: Final = 1.0
#: How often a newly opened district is looked for.
SET_UP_EVERY: Final = 15

log = logging.getLogger("frontoffice.schedule")


def main() -> None:
    logs.set_up("schedule")
    app = create_app()
    shut_other_doors()
    for entry in TIMETABLE:
        find(entry.job)
    stop = Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sweeper = Thread(target=keep_sweeping, args=(app, stop), name="sweeper")
    watch = Thread(target=keep_watch, args=(app, stop, across_districts.session), name="watch")
    sweeper.start()
    watch.start()
    keep_timetable(app, stop)
    sweeper.join()
    watch.join()


def keep_timetable(app: Flask, stop: Event) -> None:
    """Do what is due until told to stop. A database that is away for a while does not end it."""
    ticks = 0
    with app.app_context():
        while not stop.is_set():
            try:
                if ticks % SET_UP_EVERY == 0:
                    set_up()
                tick(stop)
                ticks += 1
            except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to one round
                log.error("The timetable was not kept: %s", type(error).__name__)
            stop.wait(TICK)


def set_up() -> None:
    """Write the lines of districts that have none yet, and say that the timetable is kept."""
    with across_districts.session() as across:
        timetable.set_up(across, TIMETABLE)
        readings.beat(across, "timetable")


def tick(stop: Event) -> None:
    """Do every round that is due, one after another."""
    while not stop.is_set():
        with across_districts.session() as across:
            due = timetable.claim_next(across, TIMETABLE)
        if due is None:
            return
        error = _do(due)
        with across_districts.session() as across:
            timetable.finish(across, due, error)


def _do(due: Round) -> str | None:
    try:
        with as_district(due.district_id):
            if due.entry.queue is None:
                perform(due.entry.job, quietly=due.entry.is_frequent)
            elif not is_waiting(due.entry.job):
                later(due.entry.job, queue=due.entry.queue)
                db.session.commit()
    except (TryAgain, PermanentFailure) as answer:
        return answer.sentence
    except Exception as error:  # noqa: BLE001 - perform() has logged it; the next round is due all the same
        return f"It stopped unexpectedly ({type(error).__name__})."
    return None


if __name__ == "__main__":
    main()
