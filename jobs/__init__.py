"""The night staff. @job names a function that may be done later: one district, one transaction, one log line.

A job takes the id that it is about, or nothing. It may be begun twice (a worker can die at any line), so
whatever it does beyond its transaction must be safe to repeat.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import OperationalError

from app.core import queue
from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_id
from app.core.doorbell import Bell, doorbell
from app.core.logs import because_of_request, facts
from app.core.queue import Claim, ClaimLost, PermanentFailure, TryAgain
from app.core.tenancy import as_district, current_district_id

Job = Callable[..., Any]
#: Given the ids that several pieces of work are about, each with the request behind it: the ids of those that are done.
TogetherJob = Callable[[Mapping[UUID, str | None]], Collection[UUID]]

UNFORESEEN = "Something unforeseen stopped this; it is tried again by itself."
NEVER_FINISHED = "This was begun many times and never came to an end."
UNKNOWN = "This version of the product does not know how to do this."

#: How much more of the same a worker takes at once, and how long it stays with it: others wait meanwhile.
HANDFUL: Final = 15
LONGEST_HANDFUL: Final = 5.0

#: Seconds, times the attempt.
AFTER_A_BREAK: Final = 2.0

log = logging.getLogger("frontoffice.jobs")

_jobs: dict[str, Job] = {}
_together: dict[str, TogetherJob] = {}


def job(function: Job) -> Job:
    """Let this function be called by its name, "jobs.room.name"."""
    _jobs[f"{function.__module__}.{function.__name__}"] = function
    return function


def together(one: Job) -> Callable[[TogetherJob], TogetherJob]:
    """Let this function do in one transaction what `one` does for each. What it leaves is done by `one`.

    If it raises, nothing was done, and all of it is done by `one`: a fault stays its own work's trouble.
    """

    def declare(function: TogetherJob) -> TogetherJob:
        _together[f"{one.__module__}.{one.__name__}"] = function
        return function

    return declare


def find(name: str) -> Job:
    """The job of that name. Only what was declared with @job can be reached. Raises LookupError."""
    room = name.rpartition(".")[0]
    if name not in _jobs and room.startswith("jobs."):
        try:
            import_module(room)
        except ModuleNotFoundError as error:
            raise LookupError(name) from error
    return _jobs[name]


def run_work(district_id: str, work_id: str) -> None:
    """Do one piece of work, if it is still to be done, and some more like it. What a bell asks for: it never raises.

    A backlog is taken in handfuls: one claim and one bell for many. Each is done in a transaction of its own, but for
    jobs that can be done together.
    """
    try:
        card = district_by_id(UUID(district_id))
        if card is not None and card.state not in queue.LEFT_ALONE:
            with as_district(card.id):
                _run_with_more_like_it(UUID(work_id))
    except Exception as error:  # noqa: BLE001 - the row and its lease are safe, and RQ would log what it says
        log.error("work=%s not run: %s", work_id, type(error).__name__)


def perform(
    name: str,
    subject_id: UUID | None = None,
    before_commit: Callable[[], None] = lambda: None,
    *,
    quietly: bool = False,
) -> None:
    """Do a job in this context's district: as the system, in one transaction, with one line in the log.

    `quietly`: what goes well is no news, since it happens every few seconds.
    """
    began = time.monotonic()
    outcome = "done"
    try:
        with acting_as(SYSTEM):
            function = find(name)
            function() if subject_id is None else function(subject_id)
            before_commit()
            db.session.commit()
    except BaseException as error:
        outcome = type(error).__name__  # never its words: they may quote a person
        db.session.rollback()
        raise
    finally:
        level = logging.DEBUG if quietly and outcome == "done" else logging.INFO
        _tell(level, name, subject_id, (time.monotonic() - began) * 1000, outcome)


def _tell(level: int, name: str, subject_id: UUID | None, ms: float, outcome: str) -> None:
    slug = _slug()
    log.log(
        level,
        "%s district=%s id=%s ms=%.0f %s",
        name,
        slug,
        subject_id or "-",
        ms,
        outcome,
        extra=facts(job=name, district=slug, subject=str(subject_id or ""), ms=round(ms), outcome=outcome),
    )


def _slug() -> str:
    card = district_by_id(current_district_id())
    return card.slug if card else "-"


def _run_with_more_like_it(work_id: UUID) -> None:
    began = time.monotonic()
    first = queue.claim(work_id)
    if first is None:
        return  # done, or in other hands: a bell may ring twice
    with_others = _for_many(first.job) if first.attempt == 1 else None
    if with_others is None:
        _run_alone(first)
        if time.monotonic() - began > LONGEST_HANDFUL:
            return
    more = deque(queue.claim_more(first, limit=HANDFUL))
    doorbell().silence([Bell(current_district_id(), one.work_id, one.queue) for one in more])
    try:
        if with_others is not None:
            more.appendleft(first)
            done = _run_together(with_others, list(more)) if len(more) > 1 else ()
            more = deque(one for one in more if one not in done)
        while more and (time.monotonic() - began < LONGEST_HANDFUL or more[0] is first):
            _run_alone(more.popleft())
    finally:
        if more:
            with as_district(current_district_id()):
                queue.give_back(more)


def _for_many(name: str) -> TogetherJob | None:
    """What does several of them in one transaction, if anything does."""
    try:
        find(name)
    except LookupError:
        return None
    return _together.get(name)


def _run_together(function: TogetherJob, claims: Sequence[Claim]) -> Collection[Claim]:
    """What has been done of it, and stands."""
    began = time.monotonic()
    by_subject = {one.subject_id: one for one in claims if one.subject_id is not None}
    with as_district(current_district_id()):
        try:
            with acting_as(SYSTEM):
                requests = {subject: one.request for subject, one in by_subject.items()}
                done = [by_subject[one] for one in function(requests)]
                queue.strike_off(*done)
                db.session.commit()
        except Exception as error:  # noqa: BLE001 - whose trouble it was shows when each is done alone
            db.session.rollback()
            log.info("%s: %d not done together: %s", claims[0].job, len(claims), type(error).__name__)
            return ()
        each = (time.monotonic() - began) * 1000 / max(1, len(done))
        for one in done:
            with because_of_request(one.request):
                _tell(logging.INFO, one.job, one.subject_id, each, "done")
    return done


def _run_alone(claim: Claim) -> None:
    """In a context and a session that know nothing of the work before; under the id of the request behind it."""
    with as_district(current_district_id()), because_of_request(claim.request):
        _run(claim)


def _run(claim: Claim) -> None:
    if claim.attempt > queue.MOST_ATTEMPTS:
        queue.give_up(claim, NEVER_FINISHED)
        return
    try:
        perform(claim.job, claim.subject_id, before_commit=lambda: queue.strike_off(claim))
    except TryAgain as wish:
        queue.put_off(claim, wish.sentence, wish.in_seconds)
    except PermanentFailure as failure:
        queue.give_up(claim, failure.sentence)
    except LookupError as error:
        # Perhaps a newer process wrote it during an upgrade, so it is tried again for a while.
        queue.put_off(claim, UNKNOWN if error.args == (claim.job,) else UNFORESEEN)
    except ClaimLost:
        log.warning("work=%s took longer than its lease; another attempt counts", claim.work_id)
    except OperationalError:
        # The database was away, which says nothing of the work. Whoever claims it again finds it back.
        queue.put_off(claim, UNFORESEEN, in_seconds=AFTER_A_BREAK * claim.attempt)
    except Exception:  # noqa: BLE001 - perform() has logged its type
        queue.put_off(claim, UNFORESEEN)
