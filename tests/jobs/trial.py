"""Jobs for the tests of the queue. Their effect is an entry in the audit log, in the job's own transaction."""

import os
import signal
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

from app.core.audit import noted
from app.core.queue import PermanentFailure, TryAgain
from jobs import job, together

SUBJECT = UUID("018f0000-0000-7000-8000-000000000001")
SECRET = "Nora Bell's password"


@job
def leave_a_mark(subject_id: UUID | None = None) -> None:
    noted("marked", "trial", subject_id)


@job
def mark_slowly(subject_id: UUID) -> None:
    noted("marked", "trial", subject_id)
    time.sleep(float(os.environ.get("TRIAL_SECONDS", "0.5")))


@job
def die_once(subject_id: UUID) -> None:
    """Killed in the middle the first time, as by a power cut."""
    noted("marked", "trial", subject_id)
    been_here = Path(os.environ["TRIAL_FILE"])
    if not been_here.exists():
        been_here.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@job
def ask_again(subject_id: UUID) -> None:
    noted("marked", "trial", subject_id)
    raise TryAgain("The mail server is closed.")


@job
def ask_again_soon(subject_id: UUID) -> None:
    raise TryAgain("The mail server is busy.", in_seconds=5)


@job
def refuse(subject_id: UUID) -> None:
    noted("marked", "trial", subject_id)
    raise PermanentFailure("There is no such address.")


@job
def stumble(subject_id: UUID) -> None:
    noted("marked", "trial", subject_id)
    raise ValueError(SECRET)


@job
def mark_slowly_without_a_subject() -> None:
    noted("marked", "trial")
    time.sleep(0.3)


@job
def refuse_without_a_subject() -> None:
    raise PermanentFailure("There is no printer.")


@job
def mark_alone(subject_id: UUID) -> None:
    noted("marked", "alone", subject_id)


@together(mark_alone)
def mark_together(requests: Mapping[UUID, str | None]) -> Collection[UUID]:
    """All but the last; of seven nothing."""
    done = list(requests)[:-1]
    for one in done:
        noted("marked", "together", one)
    if len(requests) == 7:
        raise ValueError(SECRET)
    return done
