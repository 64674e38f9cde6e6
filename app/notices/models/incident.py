"""That a notice reached the wrong person: what happened, what it disclosed, what was done, and who ended it.

An incident is opened by whoever works with the notices of that school, and closed by a person with the reason. Each
step that was taken is a row of its own, with who and when.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, OwnedThrough, owned, points_at
from app.notices.law.deadlines import AUTHORITY, FAMILY, OFFICER
from app.notices.models.notice import Notice
from app.roster.models.school import School

ADDRESS, ENVELOPE, GUARDIAN, STUDENT, OTHER = "address", "envelope", "guardian", "student", "other"
#: What went wrong, as a person chooses it.
CAUSES: Final = {
    ADDRESS: "It went to a wrong address or number",
    ENVELOPE: "It lay in a wrong envelope",
    GUARDIAN: "It went to a wrong guardian",
    STUDENT: "It was about a wrong student",
    OTHER: "Something else",
}
#: What a notice can disclose. The page offers those alone that stand in it.
DISCLOSES: Final = {
    "student": "The student’s name",
    "guardian": "The name of a guardian",
    "address": "The family’s address",
    "school": "The school",
    "days": "How many days were missed",
    "unexcused": "How many of them have no excuse",
    "dates": "Which days",
    "law": "What the law calls it, or asks for",
    "link": "A link to the family page",
}
ASKED_BACK, BACK, VENDOR = "asked back", "back", "vendor"
#: What is done about it, as a person writes it down.
STEPS: Final = {
    OFFICER: "The privacy officer was told",
    FAMILY: "The family concerned was told",
    ASKED_BACK: "Whoever has it was asked to give it back or destroy it",
    BACK: "It was given back, or they say that it is destroyed",
    AUTHORITY: "The authority was told",
    VENDOR: "Whoever runs this service was told",
}


class Incident(DistrictOwned, Base):
    """One. `id` is the key that was made when the form was shown, so that sent twice it is here once."""

    __tablename__ = "incidents"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("notice_id", "notices"),
        points_at("school_id", "schools"),
        points_at("recorded_by_id", "accounts"),
        points_at("closed_by_id", "accounts"),
        CheckConstraint("cause in ('address','envelope','guardian','student','other')", name="cause"),
        CheckConstraint("noticed_at <= recorded_at", name="noticed_before_it_was_recorded"),
        CheckConstraint("(closed_by_id is null) = (closed_at is null)", name="closed_by_somebody"),
        CheckConstraint("closed_at is null or closing_sealed is not null", name="closed_with_a_reason"),
        Index(None, "district_id", "notice_id"),
        Index(
            "ix_incidents_open",
            "district_id",
            "noticed_at",
            postgresql_where=literal_column("closed_at is null"),
        ),
    )
    FOUND_BY = ("id",)

    notice_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: Whose office works on it: as of the notice.
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    cause: Mapped[str] = mapped_column(info=PUBLIC)
    #: Whom it reached, in the words of whoever wrote it down.
    reached_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    note_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    closing_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: Keys of DISCLOSES.
    disclosed: Mapped[list[str]] = mapped_column(JSONB(), default=list, info=PUBLIC)
    noticed_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    recorded_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: What was done by itself: how many family links were ended, and that the notice was stopped.
    links_ended: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    was_stopped: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    closed_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    closed_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    reached = Sealed("reached_sealed")
    note = Sealed("note_sealed")
    closing = Sealed("closing_sealed")

    notice: Mapped[Notice] = relationship(
        primaryjoin=lambda: foreign(Incident.notice_id) == Notice.id, viewonly=True
    )
    school: Mapped[School | None] = relationship(
        primaryjoin=lambda: foreign(Incident.school_id) == School.id, viewonly=True
    )
    recorded_by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(Incident.recorded_by_id) == Account.id, viewonly=True
    )
    closed_by: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(Incident.closed_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The incident of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def locked(cls, id: UUID) -> Self:
        """The same, held until the transaction ends."""
        asked = select(cls).where(cls.id == id).with_for_update(of=cls)
        return db.session.execute(asked.execution_options(populate_existing=True)).scalar_one()

    @classmethod
    def of_notice(cls, notice_id: UUID) -> Sequence[Self]:
        """All of one notice, the first one first."""
        return db.session.scalars(
            select(cls).where(cls.notice_id == notice_id).order_by(cls.recorded_at, cls.id)
        ).all()

    @classmethod
    def count_of_notice(cls, notice_id: UUID) -> int:
        """How many there are of one notice."""
        return db.session.scalar(select(func.count()).where(cls.notice_id == notice_id)) or 0

    @classmethod
    def at_schools(cls, schools: Collection[UUID] | None, *, closed: bool) -> Select[Self]:
        """Those of some schools (None: of all), the newest first."""
        found = select(cls).where(cls.closed_at.is_not(None) if closed else cls.closed_at.is_(None))
        if schools is not None:
            found = found.where(cls.school_id.in_(list(schools)))
        return found.order_by(cls.noticed_at.desc(), cls.id.desc())

    @property
    def reference(self) -> str:
        """How people name it: it says nothing of anybody."""
        return str(self.id)[-8:].upper()

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self.closed_at is None

    @property
    def called(self) -> str:
        """What happened, in words."""
        return CAUSES[self.cause]

    @property
    def disclosed_words(self) -> list[str]:
        """What it disclosed, in words."""
        return [DISCLOSES[one] for one in DISCLOSES if one in self.disclosed]

    @property
    def steps(self) -> Sequence["IncidentStep"]:
        """What was done, in its order."""
        theirs = select(IncidentStep).where(IncidentStep.incident_id == self.id)
        return db.session.scalars(theirs.order_by(IncidentStep.done_at, IncidentStep.id)).all()

    def close(self, account_id: UUID, reason: str) -> None:
        """A person ends it."""
        self.closed_by_id, self.closed_at, self.closing = account_id, clock.now(), reason


class IncidentStep(OwnedThrough, Base):
    """Something that was done about an incident: by whom it was written down, and when it was done."""

    __tablename__ = "incident_steps"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("incident_id", "incidents"),
        points_at("by_id", "accounts"),
        CheckConstraint("kind in ('officer','family','asked back','back','authority','vendor')", name="kind"),
        CheckConstraint("done_at <= recorded_at", name="done_before_it_was_recorded"),
        Index(None, "district_id", "incident_id"),
    )

    incident_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    done_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    note_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)

    note = Sealed("note_sealed")

    by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(IncidentStep.by_id) == Account.id, viewonly=True
    )

    @property
    def called(self) -> str:
        """In words."""
        return STEPS[self.kind]
