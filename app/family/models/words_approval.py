"""That a person checked the words of the family page in one language, as they read now."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned
from app.family.models.catalogue import CATALOGUES, ENGLISH, Catalogue


class WordsApproval(DistrictOwned, Base):
    """Of one language and the digest of its words: where a word is changed, nobody has checked it any more."""

    __tablename__ = "family_words_approvals"
    __keeping__ = Keeping("staff", "the contract", exported=True, erased="keep: who vouched for what is sent")
    __table_args__ = owned(
        UniqueConstraint("district_id", "language", "digest"),
        CheckConstraint("checked_by <> ''", name="named"),
    )

    language: Mapped[str] = mapped_column(info=PUBLIC)
    digest: Mapped[str] = mapped_column(info=PUBLIC)
    #: Who reads that language, by name; they need no account.
    checked_by: Mapped[str] = mapped_column(info=PERSONAL)
    approved_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    approved_by: Mapped[str] = mapped_column(info=PERSONAL)
    approved_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self | None:
        """The approval of these very words."""
        same = select(cls).where(cls.language == catalogue.tag, cls.digest == catalogue.digest)
        return db.session.scalar(same)

    @classmethod
    def by_language(cls) -> dict[str, Self]:
        """Of all shipped catalogues as they read now, those that are approved here."""
        return {
            one.language: one
            for one in db.session.scalars(select(cls))
            if one.language in CATALOGUES and CATALOGUES[one.language].digest == one.digest
        }


def may_be_shown() -> dict[str, Catalogue]:
    """The languages in which this district's families may read the page: English, and what a person checked."""
    approved = WordsApproval.by_language()
    return {tag: words for tag, words in CATALOGUES.items() if tag == ENGLISH or tag in approved}
