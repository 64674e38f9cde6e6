"""The alarms, in one place: what is measured, how much is too much, what it means, what to do.

The timetable asks the rules each minute (jobs/watch.py). An alarm is a row from the moment something is noticed
until it has been well for a while; the operator hears when it is raised, once a day while it lasts, and when it
is over. What concerns a district also stands on its admins' first page.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, Uuid, and_, delete, insert, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, db, uuid7
from app.core.readings import Found
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import current_district_id

#: An alarm is over once all has been well for this long, so that a value on the line does not write letters.
CALM: Final = timedelta(minutes=5)
REMIND_AFTER: Final = timedelta(days=1)
KEPT: Final = timedelta(days=90)


def _minutes(value: float) -> str:
    minutes = round(value / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{round(minutes / 60)} hours" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"


def _share(value: float) -> str:
    return f"{value * 100:.0f} %"


def _number(value: float) -> str:
    return f"{value:.0f}"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that must not stay as it is. `{about}` and `{value}` are filled in."""

    name: str
    #: The measure that is asked (core/measures.py, and the rooms' cards).
    reading: str
    #: Too much, or too little.
    above: float | None = None
    below: float | None = None
    #: How long it must last before it is told.
    lasting: timedelta = timedelta(0)
    sentence: str
    to_do: str
    #: For the admins of the district that it concerns; empty if they can do nothing about it.
    for_admins: str = ""
    shown: Callable[[float], str] = _number

    def is_broken_by(self, value: float) -> bool:
        """True if that value is too much, or too little."""
        if self.above is not None:
            return value > self.above
        assert self.below is not None
        return value < self.below

    def says(self, about: str, value: float) -> str:
        """What is wrong, in a sentence."""
        return self.sentence.format(about=about, value=self.shown(value))


MINUTE: Final = 60.0

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="mail-unsent",
        reading="mail_oldest_unsent_seconds",
        above=15 * MINUTE,
        shown=_minutes,
        sentence="{about}: mail has been waiting to leave for {value}.",
        to_do="See the district's mail log for the reason; try the relay with `flask check --send-test`.",
        for_admins="Mail has been waiting to leave for {value}. The mail log says why.",
    ),
    Rule(
        name="mail-unfiled",
        reading="mail_oldest_unfiled_seconds",
        above=5 * MINUTE,
        shown=_minutes,
        sentence="{about}: mail that came in has been waiting to be filed for {value}.",
        to_do="See that a worker runs and that the database is not slow. The mail is safe and is tried again.",
        for_admins="Mail that came in has been waiting to be filed for {value}. It is safe, and is tried again.",
    ),
    Rule(
        name="work-failed",
        reading="work_failed",
        above=0,
        sentence="{about}: {value} pieces of work failed for good.",
        to_do="Their rows in `work` say the job, the subject and a sentence why. Mend the cause, then have them "
        "tried again; after 30 days they are cleared away.",
    ),
    Rule(
        name="timetable-failed",
        reading="timetable_failures",
        above=1,
        sentence="“{about}” failed {value} times one after another.",
        to_do="The row in `timetable` has the reason, the log of the timetable the place.",
    ),
    Rule(
        name="timetable-late",
        reading="timetable_late_seconds",
        above=15 * MINUTE,
        shown=_minutes,
        sentence="“{about}” is {value} late.",
        to_do="A round before it takes too long, or the timetable was down. It catches up by itself; if it does "
        "not, restart the timetable and read its log.",
    ),
    Rule(
        name="work-late",
        reading="work_oldest_seconds",
        above=15 * MINUTE,
        shown=_minutes,
        sentence="Work in the queue “{about}” has been due for {value}.",
        to_do="See that workers run and are enough; add one if the backlog keeps growing.",
    ),
    Rule(
        name="process-missing",
        reading="heartbeat_age_seconds",
        above=5 * MINUTE,
        shown=_minutes,
        sentence="No {about} has been seen for {value}.",
        to_do="Start it and read its log. If it was taken away on purpose, this ends by itself within a week.",
    ),
    Rule(
        name="worker-missing",
        reading="workers",
        below=1,
        lasting=timedelta(minutes=5),
        sentence="No worker listens to Redis.",
        to_do="Start a worker. Until then nobody hears the bell, and work waits.",
    ),
    Rule(
        name="redis-away",
        reading="redis_answers",
        below=1,
        lasting=timedelta(minutes=5),
        sentence="Redis has not answered for five minutes.",
        to_do="Start it. Nothing is lost: the sweeper does the work meanwhile, slower.",
    ),
    Rule(
        name="disk-full",
        reading="disk_free_ratio",
        below=0.10,
        shown=_share,
        sentence="Only {value} of the disk of {about} are free.",
        to_do="Make room or enlarge it. When it is full, mail is deferred at the door and uploads are refused.",
    ),
    Rule(
        name="storage-share",
        reading="stored_ratio",
        above=0.90,
        shown=_share,
        sentence="{about} has used {value} of the storage it may use.",
        to_do="Ask the district what can go, or enlarge its share with `flask quota`. When it is full, uploads are "
        "refused and its mail is deferred at the door.",
        for_admins="{value} of this district’s storage is used. When it is full, files are refused and mail has to "
        "wait: ask whoever runs this site to enlarge it.",
    ),
    Rule(
        name="hourly-share",
        reading="hourly_quota_ratio",
        above=0.95,
        shown=_share,
        sentence="{about}: {value} of this hour's share is used.",
        to_do="See what sends so much: a loop, an import, a big mailing. If it is right, enlarge it with `flask "
        "quota`. What is over the share waits and is not lost.",
    ),
    Rule(
        name="secret-expires",
        reading="secret_days_left",
        below=30,
        sentence="The secret “{about}” runs out in {value} days.",
        to_do="Renew it where it was made, put it into the settings, and its new date into FRONTOFFICE_SECRETS_EXPIRE.",
    ),
)

BY_NAME: Final = {rule.name: rule for rule in RULES}


class Alarm(Base):
    """Something that a rule found, from when it was noticed until it was over."""

    __tablename__ = "alarms"
    __keeping__ = Keeping(
        "nobody", "90 days after it was over", exported=False, erased="keep: no personal data"
    )
    __table_args__ = (
        Index(
            "uq_alarms_one_at_a_time",
            "rule",
            "about",
            unique=True,
            postgresql_where=text("cleared_at is null"),
        ),
        Index("ix_alarms_district_id", "district_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=PUBLIC)
    rule: Mapped[str] = mapped_column(info=PUBLIC)
    about: Mapped[str] = mapped_column(info=PUBLIC)
    district_id: Mapped[UUID | None] = mapped_column(
        Uuid(), ForeignKey("districts.id", ondelete="CASCADE"), info=PUBLIC
    )
    #: The newest value that was too much, or too little.
    value: Mapped[float] = mapped_column(info=PUBLIC)
    noticed_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    #: Empty while it has not lasted long enough.
    raised_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: When it was last as bad as that.
    last_seen_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    cleared_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: When the operator was last told of it, and when they were told that it is over.
    told_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    told_over_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @property
    def sentence(self) -> str:
        """What is wrong. A rule that this version does not know has its name for it."""
        rule = BY_NAME.get(self.rule)
        return rule.says(self.about, self.value) if rule else f"{self.rule}: {self.about}"

    @property
    def to_do(self) -> str:
        """What the operator can do."""
        rule = BY_NAME.get(self.rule)
        return rule.to_do if rule else ""

    @property
    def for_admins(self) -> str:
        """What the admins of its district read; "" if it is nothing to them."""
        rule = BY_NAME.get(self.rule)
        return rule.for_admins.format(about=self.about, value=rule.shown(self.value)) if rule else ""


class Event(StrEnum):
    """What there is to tell."""

    RAISED = "raised"
    LASTS = "lasts"
    OVER = "over"


@dataclass(frozen=True)
class News:
    """One thing to tell the operator of one alarm."""

    event: Event
    alarm_id: UUID
    rule: str
    about: str
    sentence: str
    to_do: str
    since: datetime
    told_before: datetime | None


def evaluate(across: Session, known: Mapping[str, Iterable[Found]]) -> list[tuple[Event, str, str]]:
    """Ask every rule, and keep what it found. What could not be read changes nothing. Returns what just changed."""
    now = clock.now()
    changed: list[tuple[Event, str, str]] = []
    on = {(alarm.rule, alarm.about): alarm for alarm in across.scalars(_open())}
    for rule in RULES:
        for found in known.get(rule.reading, ()):
            if not rule.is_broken_by(found.value):
                continue
            alarm = on.pop((rule.name, found.about), None)
            if alarm is None:
                raised = now if not rule.lasting else None
                across.execute(
                    insert(Alarm).values(
                        id=uuid7(),
                        rule=rule.name,
                        about=found.about,
                        district_id=found.district_id,
                        value=found.value,
                        noticed_at=now,
                        raised_at=raised,
                        last_seen_at=now,
                    )
                )
                changed += [(Event.RAISED, rule.name, found.about)] if raised else []
                continue
            alarm.value, alarm.last_seen_at = found.value, now
            if alarm.raised_at is None and now - alarm.noticed_at >= rule.lasting:
                alarm.raised_at = now
                changed.append((Event.RAISED, alarm.rule, alarm.about))
    for alarm in on.values():
        rule_now = BY_NAME.get(alarm.rule)
        if rule_now is not None and rule_now.reading not in known:
            continue
        if alarm.raised_at is None:
            across.delete(alarm)
        elif now - alarm.last_seen_at >= CALM:
            alarm.cleared_at = now
            changed.append((Event.OVER, alarm.rule, alarm.about))
    across.execute(delete(Alarm).where(Alarm.cleared_at < now - KEPT))
    across.flush()
    return changed


def take_news(across: Session) -> list[News]:
    """What the operator has not been told, taken by whoever asks: nobody else tells it once this is committed."""
    now = clock.now()
    untold = and_(Alarm.cleared_at.is_(None), Alarm.told_at.is_(None))
    lasts = and_(Alarm.cleared_at.is_(None), Alarm.told_at <= now - REMIND_AFTER)
    over = and_(Alarm.cleared_at.is_not(None), Alarm.told_at.is_not(None), Alarm.told_over_at.is_(None))
    news = []
    for alarm in across.scalars(
        select(Alarm)
        .where(Alarm.raised_at.is_not(None), or_(untold, lasts, over))
        .order_by(Alarm.raised_at, Alarm.rule, Alarm.about)
        .with_for_update(skip_locked=True)
    ):
        event = Event.OVER if alarm.cleared_at else Event.LASTS if alarm.told_at else Event.RAISED
        assert alarm.raised_at is not None
        news.append(
            News(
                event,
                alarm.id,
                alarm.rule,
                alarm.about,
                alarm.sentence,
                alarm.to_do,
                alarm.raised_at,
                alarm.told_at,
            )
        )
        if event is Event.OVER:
            alarm.told_over_at = now
        else:
            alarm.told_at = now
    across.flush()
    return news


def give_back(across: Session, news: Iterable[News]) -> None:
    """It could not be told: somebody tells it later."""
    for one in news:
        values: dict[str, datetime | None] = {"told_at": one.told_before}
        if one.event is Event.OVER:
            values["told_over_at"] = None
        across.execute(update(Alarm).where(Alarm.id == one.alarm_id).values(**values))


def raised(session: Session) -> Sequence[Alarm]:
    """The alarms that are on, the oldest first."""
    return session.scalars(
        _open().where(Alarm.raised_at.is_not(None)).order_by(Alarm.raised_at, Alarm.rule, Alarm.about)
    ).all()


def of_this_district() -> list[Alarm]:
    """What the admins of this district should know, and can do something about."""
    found = db.session.scalars(
        _open()
        .where(Alarm.raised_at.is_not(None), Alarm.district_id == current_district_id())
        .order_by(Alarm.raised_at, Alarm.rule, Alarm.about)
    )
    return [alarm for alarm in found if alarm.for_admins]


def _open() -> Select[Alarm]:
    return select(Alarm).where(Alarm.cleared_at.is_(None))
