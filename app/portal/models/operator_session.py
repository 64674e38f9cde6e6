"""One browser in which an operator is signed in. It has 128 random bits, the row their hash."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Uuid, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.crypto import token_hash
from app.core.db import Base, uuid7
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.portal.models.operator import Operator

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=8)
SEEN_EVERY: Final = timedelta(minutes=1)


class OperatorSession(Base):
    """Made when password and code were right."""

    __tablename__ = "operator_sessions"
    __keeping__ = Keeping(
        "nobody", "as long as they run it", exported=False, erased="keep: not of a district"
    )
    __table_args__ = (Index(None, "operator_id"),)

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, default=uuid7, info=PUBLIC)
    operator_id: Mapped[UUID] = mapped_column(ForeignKey("operators.id"), info=PUBLIC)
    token_hash: Mapped[str] = mapped_column(unique=True, info=PRIVATE)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @classmethod
    def begin(cls, across: Session, operator: Operator) -> str:
        """A new session; its token, which is told once and stored nowhere."""
        token = secrets.token_urlsafe(16)
        across.add(cls(operator_id=operator.id, token_hash=token_hash(token)))
        return token

    @classmethod
    def operator_of(cls, across: Session, token: str) -> Operator | None:
        """Whose session that is, while it lives."""
        now = clock.now()
        living = (
            cls.token_hash == token_hash(token),
            cls.ended_at.is_(None),
            cls.made_at > now - ABSOLUTE,
            cls.last_seen_at > now - IDLE,
            Operator.state == "active",
        )
        both = select(cls, Operator).join(Operator, Operator.id == cls.operator_id)
        found = across.execute(both.where(*living)).one_or_none()
        if found is None:
            return None
        session, operator = found
        if session.last_seen_at <= now - SEEN_EVERY:
            session.last_seen_at = now
        return operator

    @classmethod
    def end(cls, across: Session, token: str) -> None:
        """Nobody gets in with it again."""
        across.execute(update(cls).where(cls.token_hash == token_hash(token)).values(ended_at=clock.now()))

    @classmethod
    def end_all(cls, across: Session, operator_id: UUID) -> None:
        """Signed out everywhere."""
        mine = update(cls).where(cls.operator_id == operator_id, cls.ended_at.is_(None))
        across.execute(mine.values(ended_at=clock.now()))
