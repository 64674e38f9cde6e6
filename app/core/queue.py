"""Work for later. The row is the job, Redis is only the doorbell.

later() writes a Work row in the transaction of whatever made the work necessary. After the commit the bell
is rung; a bell that nobody heard is rung again by the sweeper. A worker claims the row under a lease and its own
mark (core/presence.py), and deletes it in the transaction of the work itself, so that its effects stand once.
A claim ends with its lease, or with its holder's life.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    Table,
    Uuid,
    and_,
    bindparam,
    delete,
    event,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from app.core import clock, logs, presence
from app.core.db import Base, changed_rows, db, uuid7
from app.core.directory import District
from app.core.doorbell import Bell, doorbell
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned

#: What a worker listens to, the most urgent first.
QUEUES: Final = ("intake", "notifications", "upkeep")

#: How long a claim holds. A worker stops a job before that (core/doorbell.py): none runs beside its heir.
LEASE: Final = timedelta(minutes=3)
MOST_ATTEMPTS: Final = 12
LONGEST_PAUSE: Final = timedelta(hours=4)
FAILED_WORK_IS_KEPT: Final = timedelta(days=30)
#: Districts in these states are left as they are.
LEFT_ALONE: Final = ("closing", "gone")


class TryAgain(Exception):
    """The work cannot be done now. `sentence` is for the person who asks why."""

    def __init__(self, sentence: str, in_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.in_seconds = in_seconds


class PermanentFailure(Exception):
    """The work can never be done as it stands. `sentence` is for the person who must see to it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class OutcomeUnknown(Exception):
    """It was handed to another machine and no answer came, so it may have been done. `sentence` is for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ClaimLost(RuntimeError):
    """The lease ran out and somebody else took the work: what was done under it must be rolled back."""


class Work(DistrictOwned, Base):
    """Something that must happen: a job's name and the id it is about. Gone once it is done."""

    __tablename__ = "work"
    __keeping__ = Keeping(
        "nobody", "until it is done; 30 days if it failed", exported=False, erased="keep: holds ids only"
    )
    __table_args__ = owned(
        CheckConstraint("queue in ('intake','notifications','upkeep')", name="queue"),
        CheckConstraint("holder is null or lease_until is not null", name="held_under_a_lease"),
        CheckConstraint("request ~ '^[0-9a-fA-F-]{16,64}$'", name="request"),
        Index("ix_work_due_at", "due_at", postgresql_where=text("failed_at is null")),
    )

    job: Mapped[str] = mapped_column(info=PUBLIC)
    subject_id: Mapped[UUID | None] = mapped_column(Uuid(), info=PUBLIC)
    queue: Mapped[str] = mapped_column(info=PUBLIC)
    due_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    lease_until: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: The mark of the process that claimed it; None where it has none.
    holder: Mapped[int | None] = mapped_column(BigInteger(), info=PUBLIC)
    attempts: Mapped[int] = mapped_column(Integer(), default=0, server_default="0", info=PUBLIC)
    last_error: Mapped[str | None] = mapped_column(info=PUBLIC)
    failed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: The id of the request that made it necessary, if one did: the lines of the job carry it.
    request: Mapped[str | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)


def later(
    job: str, subject_id: UUID | None = None, *, queue: str = "upkeep", due: datetime | None = None
) -> UUID:
    """Have `job` ("jobs.room.name") done for `subject_id` once this transaction has committed, if it does."""
    return _write_down(job, [(subject_id, due or clock.now())], queue, {})[0]


def later_each(
    job: str,
    subject_ids: Sequence[UUID],
    *,
    queue: str = "upkeep",
    requests: Mapping[UUID, str | None] | None = None,
) -> Sequence[UUID]:
    """The same for each of them, in one statement, to be begun in their order. Give it some hundreds at most.

    `requests`: what is behind each of them, where it is not this context's request.
    """
    now, many = clock.now(), len(subject_ids)
    # Claimed by when it is due, so each is due a little before the next.
    return _write_down(
        job,
        [(id, now - timedelta(microseconds=many - nth)) for nth, id in enumerate(subject_ids)],
        queue,
        requests or {},
    )


def _write_down(
    job: str,
    subjects: Sequence[tuple[UUID | None, datetime]],
    queue: str,
    requests: Mapping[UUID, str | None],
) -> Sequence[UUID]:
    if queue not in QUEUES:
        raise ValueError(f"There is no queue {queue!r}; there are {', '.join(QUEUES)}.")
    if not subjects:
        return []
    now, district_id = clock.now(), current_district_id()
    bells = [Bell(district_id, uuid7(), queue) for _ in subjects]
    rows = [
        {
            "id": bell.work_id,
            "district_id": district_id,
            "job": job,
            "subject_id": subject_id,
            "queue": queue,
            "due_at": due,
            "attempts": 0,
            "request": (requests.get(subject_id) if subject_id else None) or logs.request_id() or None,
            "made_at": now,
        }
        for bell, (subject_id, due) in zip(bells, subjects, strict=True)
    ]
    db.session.execute(_NEW_WORK, rows if len(rows) > 1 else rows[0])
    # What is due another day is rung by the sweeper.
    _bells(db.session()).extend(bell for bell, (_, due) in zip(bells, subjects, strict=True) if due <= now)
    return [bell.work_id for bell in bells]


_NEW_WORK: Final = insert(cast(Table, Work.__table__))


def is_waiting(job: str) -> bool:
    """True if this district has such work to be done already, whatever it is about."""
    waiting = select(Work.id).where(Work.job == job, Work.failed_at.is_(None))
    return db.session.scalar(waiting.limit(1)) is not None


@dataclass(frozen=True)
class Claim:
    """One attempt at one piece of work. A later claim has a higher attempt: so this one knows it lost."""

    work_id: UUID
    job: str
    subject_id: UUID | None
    attempt: int
    queue: str
    request: str | None = None


def claim(work_id: UUID) -> Claim | None:
    """Take the work, alone, and commit that; None if it is done, not due, failed or in living hands."""
    row = db.session.execute(_CLAIM, {"work": work_id, **_terms()}).one_or_none()
    db.session.commit()
    return Claim(*row) if row else None


def claim_more(like: Claim, *, limit: int) -> Sequence[Claim]:
    """Take more work of this district for the same job, what has waited longest first. Committed, as claim() is.

    Only what nobody has tried: what may have killed its worker takes no other work along.
    """
    rows = db.session.execute(_CLAIM_MORE, {"like": like.job, "most": limit, **_terms()}).all()
    db.session.commit()
    return [Claim(*row[:-1]) for row in sorted(rows, key=itemgetter(-1))]


def _terms() -> dict[str, Any]:
    now = clock.now()
    return {"now": now, "lease": now + LEASE, "mine": presence.my_mark()}


def give_back(untouched: Iterable[Claim]) -> None:
    """Free work that was claimed and not begun. Whoever asks for it next has it at once."""
    for one in untouched:
        _bells(db.session()).append(Bell(current_district_id(), one.work_id, one.queue))
        _let_go(one, attempts=Work.attempts - 1)


def strike_off(*done: Claim) -> None:
    """Delete the work, within the transaction that did it. Raises ClaimLost if any of it is no longer ours."""
    struck = db.session.execute(_STRIKE_OFF, {"done": [(one.work_id, one.attempt) for one in done]})
    if changed_rows(struck) != len(done):
        raise ClaimLost


_STRIKE_OFF: Final = (
    delete(Work)
    .where(tuple_(Work.id, Work.attempts).in_(bindparam("done", expanding=True)))
    .execution_options(synchronize_session=False)
)


def put_off(tried: Claim, sentence: str, in_seconds: float | None = None) -> None:
    """Free the work for another attempt, after a pause that grows; after too many it has failed."""
    if tried.attempt >= MOST_ATTEMPTS:
        give_up(tried, sentence)
        return
    pause = timedelta(seconds=in_seconds) if in_seconds is not None else pause_after(tried.attempt)
    _let_go(tried, due_at=clock.now() + pause, last_error=sentence)


def give_up(tried: Claim, sentence: str) -> None:
    """Leave the work, failed, to a person."""
    _let_go(tried, failed_at=clock.now(), last_error=sentence)


def pause_after(attempt: int) -> timedelta:
    """30 seconds, 2 minutes, 8 minutes … 4 hours."""
    return min(timedelta(seconds=30 * pow(4.0, min(attempt - 1, 10))), LONGEST_PAUSE)


def unclaimed(across: Session, *, since: timedelta, limit: int) -> Sequence[Bell]:
    """Work of all districts that has been due for that long and that nobody holds, the oldest first."""
    now = clock.now()
    rows = across.execute(
        select(Work.district_id, Work.id, Work.queue)
        .join(District, District.id == Work.district_id)
        .where(District.state.not_in(LEFT_ALONE), Work.due_at <= now - since, *_ready(now))
        .order_by(Work.due_at)
        .limit(limit)
    )
    return [Bell(*row) for row in rows]


def orphaned(across: Session, *, limit: int) -> Sequence[Bell]:
    """Work of all districts whose lease still runs, and whose holder is no more."""
    rows = across.execute(
        select(Work.district_id, Work.id, Work.queue)
        .join(District, District.id == Work.district_id)
        .where(
            District.state.not_in(LEFT_ALONE),
            Work.failed_at.is_(None),
            Work.lease_until >= clock.now(),
            presence.gone(Work.holder),
        )
        .limit(limit)
    )
    return [Bell(*row) for row in rows]


def forget_failed_work() -> int:
    """Delete work that failed long ago; how much it was."""
    long_ago = clock.now() - FAILED_WORK_IS_KEPT
    gone = delete(Work).where(Work.failed_at < long_ago).execution_options(synchronize_session=False)
    return changed_rows(db.session.execute(gone))


def _ready(now: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        Work.failed_at.is_(None),
        Work.due_at <= now,
        or_(Work.lease_until.is_(None), Work.lease_until < now, presence.gone(Work.holder)),
    )


def _claimed(chosen: ColumnElement[bool], *also: Any) -> Any:
    return (
        update(Work)
        .where(chosen)
        .values(lease_until=bindparam("lease"), holder=bindparam("mine"), attempts=Work.attempts + 1)
        .returning(Work.id, Work.job, Work.subject_id, Work.attempts, Work.queue, Work.request, *also)
        .execution_options(synchronize_session=False)
    )


_NOW: Final = bindparam("now", type_=DateTime(timezone=True))
_CLAIM: Final = _claimed(and_(Work.id == bindparam("work"), *_ready(_NOW)))
_CLAIM_MORE: Final = _claimed(
    Work.id.in_(
        select(Work.id)
        .where(Work.job == bindparam("like"), Work.attempts == 0, *_ready(_NOW))
        .order_by(Work.due_at)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    ),
    Work.due_at,
)


def _let_go(tried: Claim, **values: Any) -> None:
    db.session.execute(
        update(Work)
        .where(Work.id == tried.work_id, Work.attempts == tried.attempt)
        .values(lease_until=None, holder=None, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


# Bells wait in the session until its outermost commit, and no longer than its outermost transaction.
# Savepoints are a stack, so the rollback of one forgets the tail of the list: what came since it began.


def _bells(session: Session) -> list[Bell]:
    bells: list[Bell] = session.info.setdefault("bells", [])
    return bells


def _marks(session: Session) -> dict[SessionTransaction, int]:
    marks: dict[SessionTransaction, int] = session.info.setdefault("bell_marks", {})
    return marks


@event.listens_for(Session, "after_transaction_create")
def _mark_where_it_began(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        _marks(session)[transaction] = len(_bells(session))


@event.listens_for(Session, "after_soft_rollback")
def _forget_since_it_began(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        del _bells(session)[_marks(session).get(transaction, 0) :]


@event.listens_for(Session, "after_commit")
def _ring(session: Session) -> None:
    # It also fires when a SAVEPOINT is released, and nobody outside can see those rows yet.
    if session.in_nested_transaction():
        return
    bells = list(_bells(session))
    _bells(session).clear()
    if bells:
        doorbell().ring(bells)


@event.listens_for(Session, "after_transaction_end")
def _leave_nothing_behind(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        _bells(session).clear()
        _marks(session).clear()
