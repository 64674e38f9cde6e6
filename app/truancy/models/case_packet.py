"""A packet for a board, a court or a penalty: who asked for it, how far it is, and the one PDF that came of it.

It is put together from what is on record at that moment, and is never changed: another one is another row.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import Base, db
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.student import Student
from app.truancy.law.packets import KINDS, Kind
from app.truancy.models.case_duty import CaseDuty

GATHERING: Final = "gathering"
SETTING: Final = "setting"
DONE: Final = "done"
FAILED: Final = "failed"
#: How far it is, in words.
STATES: Final = {
    GATHERING: "What is on record is being gathered",
    SETTING: "It is being set as a PDF",
    DONE: "Ready",
    FAILED: "It could not be made",
}


@dataclass(frozen=True)
class Download:
    """That somebody saved one."""

    at: datetime
    by: str


class CasePacket(HoldsAFile, DistrictOwned, Base):
    """One. Its id is the key of the paper by which it was asked for, so that sent twice it is made once."""

    __tablename__ = "case_packets"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("duty_id", "case_duties"),
        points_at("student_id", "students"),
        points_at("asked_by_id", "accounts"),
        CheckConstraint("kind in ('sarb','court','penalty')", name="kind"),
        CheckConstraint("state in ('gathering','setting','done','failed')", name="state"),
        CheckConstraint(
            "(state = 'done') = (storage_key is not null) and (state = 'done') = (sha256 is not null)",
            name="done_with_its_file",
        ),
        CheckConstraint("state <> 'failed' or sentence <> ''", name="failed_with_a_sentence"),
        CheckConstraint("undone = '[]' or despite <> ''", name="despite_with_a_reason"),
        Index(None, "district_id", "duty_id"),
        Index(None, "district_id", "student_id"),
        Index(None, "district_id", "asked_by_id"),
    )
    FOUND_BY = ("id",)

    duty_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=GATHERING, info=PUBLIC)
    asked_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: To whom it goes: name and address, and when they meet.
    goes_to: Mapped[str] = mapped_column(default="", info=PUBLIC)
    address: Mapped[str] = mapped_column(default="", info=PUBLIC)
    meets_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    reason: Mapped[str] = mapped_column(info=PRIVATE)
    #: Sentences about what was not done when it was asked for, and why it is made all the same.
    undone: Mapped[list[Any]] = mapped_column(JSONB(), default=list, info=PRIVATE)
    despite: Mapped[str] = mapped_column(default="", info=PRIVATE)
    #: Whether what people wrote in the case, and what is in the way of coming, are printed.
    with_notes: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    with_barriers: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    storage_key: Mapped[str | None] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    sha256: Mapped[str | None] = mapped_column(info=PUBLIC)
    pages: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    sentence: Mapped[str] = mapped_column(default="", info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    duty: Mapped[CaseDuty] = relationship(
        primaryjoin=lambda: foreign(CasePacket.duty_id) == CaseDuty.id, viewonly=True
    )
    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(CasePacket.student_id) == Student.id, viewonly=True
    )
    asked_by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(CasePacket.asked_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The packet of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def locked(cls, id: UUID) -> Self | None:
        """The same, held until the transaction ends: whoever goes on with it goes on alone."""
        found = select(cls).where(cls.id == id).with_for_update(of=cls)
        return db.session.scalar(found.execution_options(populate_existing=True))

    @classmethod
    def of_student(cls, student_id: UUID) -> list[Self]:
        """All of a student, the newest first."""
        return list(
            db.session.scalars(select(cls).where(cls.student_id == student_id).order_by(cls.id.desc()))
        )

    @property
    def is_over(self) -> bool:
        """True once nothing more happens to it."""
        return self.state in (DONE, FAILED)

    @property
    def of_kind(self) -> Kind:
        """What it is called, and to whom it goes."""
        return KINDS[self.kind]

    @property
    def how_far(self) -> str:
        """In words."""
        return STATES[self.state]

    def downloads(self) -> list["Download"]:
        """Who saved it, and when: the last twenty, the newest first."""
        asked = (
            select(AuditEntry.at, Account)
            .join(Account, Account.id == AuditEntry.by_id)
            .where(AuditEntry.which == self.id, AuditEntry.did == "exported")
            .order_by(AuditEntry.position.desc())
        )
        return [Download(at, account.name) for at, account in db.session.execute(asked.limit(20))]

    def fail(self, sentence: str) -> None:
        """Nothing came of it."""
        self.state, self.sentence, self.ended_at = FAILED, sentence, clock.now()

    def keep(self, key: str, size: int, sha256: str, pages: int) -> None:
        """It is made, and lies there."""
        self.state, self.storage_key, self.size, self.sha256, self.pages = DONE, key, size, sha256, pages
        self.ended_at = clock.now()
