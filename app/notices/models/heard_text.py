"""A text that somebody sent to the district's number: that it came, and which of the words that end or begin texts."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, changed_rows, db, uuid7
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned

KEPT: Final = timedelta(days=30)


class HeardText(DistrictOwned, Base):
    """Kept so that one text counts once, however often it is told. What else it said was never kept."""

    __tablename__ = "heard_texts"
    __keeping__ = Keeping(
        "guardians", "30 days after it came", exported=False, erased="keep: no name, no number"
    )
    __audited__ = False
    __table_args__ = owned(
        UniqueConstraint("district_id", "sid"),
        CheckConstraint("word in ('stop','start','help','')", name="word"),
        Index(None, "district_id", "number_index", "made_at"),
    )

    #: Twilio's number of it.
    sid: Mapped[str] = mapped_column(info=PUBLIC)
    number_index: Mapped[str] = mapped_column(info=PRIVATE)
    word: Mapped[str] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def is_news(cls, sid: str, number_index: str, word: str) -> bool:
        """Write it down; False if it was heard before. Two at once are one."""
        row = {"id": uuid7(), "district_id": current_district_id(), "sid": sid, "number_index": number_index}
        written = insert(cls).values(**row, word=word, made_at=clock.now()).on_conflict_do_nothing()
        return db.session.scalar(written.returning(cls.id)) is not None

    @classmethod
    def has_said_something(cls, number_index: str, *, since: datetime, but: str) -> bool:
        """True if another text without such a word came from that number since then."""
        said = select(cls.id).where(
            cls.number_index == number_index, cls.word == "", cls.made_at >= since, cls.sid != but
        )
        return db.session.scalar(said.limit(1)) is not None

    @classmethod
    def forget_old(cls) -> int:
        """Delete what came long ago; how many."""
        old = delete(cls).where(cls.made_at < clock.now() - KEPT).execution_options(synchronize_session=False)
        return changed_rows(db.session.execute(old))
