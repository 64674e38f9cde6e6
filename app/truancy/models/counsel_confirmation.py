"""That the district's counsel confirmed one version of a shipped rule: who, when, and who wrote it down."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.truancy.law.overlay import text_sha256
from app.truancy.law.rule import Rule


class CounselConfirmation(DistrictOwned, Base):
    """It speaks for the text with that digest alone: a rule that is shipped with other words is unconfirmed again."""

    __tablename__ = "counsel_confirmations"
    __keeping__ = Keeping(
        "staff", "the contract", exported=True, erased="keep: who answers for a rule that was in use"
    )
    __table_args__ = owned(
        points_at("recorded_by_id", "accounts"),
        UniqueConstraint("district_id", "rule_id", "digest"),
        CheckConstraint("counsel <> ''", name="named"),
        Index(None, "district_id", "recorded_by_id"),
    )
    FOUND_BY = ("id",)

    rule_id: Mapped[str] = mapped_column(info=PUBLIC)
    #: text_sha256() of what counsel read.
    digest: Mapped[str] = mapped_column(info=PUBLIC)
    #: The name of the counsel, who need not have an account.
    counsel: Mapped[str] = mapped_column(info=PERSONAL)
    confirmed_on: Mapped[date] = mapped_column(info=PUBLIC)
    note: Mapped[str] = mapped_column(default="", info=PRIVATE)
    recorded_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    recorded_by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(CounselConfirmation.recorded_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The confirmation of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def by_text(cls) -> dict[str, Self]:
        """All of the district, by the digest of what was confirmed."""
        return {one.digest: one for one in db.session.scalars(select(cls))}

    @classmethod
    def of(cls, rule: Rule) -> Self | None:
        """The one that speaks for this version of the rule; None while counsel has not confirmed it."""
        return db.session.scalar(select(cls).where(cls.digest == text_sha256(rule)))
