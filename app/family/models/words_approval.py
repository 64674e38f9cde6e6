"""That a person checked words of ours in one language, as they read now: the family page, or a notice's tagline."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.actor import Actor
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned
from app.family.models.catalogue import CATALOGUES, ENGLISH, Catalogue


class Worded(Protocol):
    """Words of one language. The digest is another as soon as one letter is."""

    @property
    def tag(self) -> str: ...
    @property
    def digest(self) -> str: ...


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
    def of(cls, words: Worded) -> Self | None:
        """The approval of these very words."""
        same = select(cls).where(cls.language == words.tag, cls.digest == words.digest)
        return db.session.scalar(same)

    @classmethod
    def give(cls, words: Worded, checked_by: str, *, by: Actor) -> None:
        """Somebody who reads them checked these very words. Again is fine."""
        assert by.id is not None  # only people may
        if cls.of(words) is None:
            db.session.add(
                cls(
                    language=words.tag,
                    digest=words.digest,
                    checked_by=checked_by,
                    approved_by_id=by.id,
                    approved_by=by.name,
                )
            )

    @classmethod
    def take_back(cls, words: Worded) -> None:
        """They are said to nobody any more. Again is fine."""
        approval = cls.of(words)
        if approval is not None:
            db.session.delete(approval)

    @classmethod
    def by_language(cls, words: Iterable[Worded] = tuple(CATALOGUES.values())) -> dict[str, Self]:
        """Of these as they read now, those that are approved here: of the family page, unless others are named."""
        digests = {one.tag: one.digest for one in words}
        return {
            one.language: one
            for one in db.session.scalars(select(cls))
            if digests.get(one.language) == one.digest
        }


def may_be_shown() -> dict[str, Catalogue]:
    """The languages in which this district's families may read the page: English, and what a person checked."""
    approved = WordsApproval.by_language()
    return {tag: words for tag, words in CATALOGUES.items() if tag == ENGLISH or tag in approved}
