"""Codes on paper for the day the phone is gone. Each works once; we keep keyed hashes alone."""

import secrets
from base64 import b32encode
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import mac
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

HOW_MANY: Final = 10
BYTES: Final = 10  # 80 bits: nobody guesses them, with or without the database


class RecoveryCode(DistrictOwned, Base):
    """One code of one account."""

    __tablename__ = "recovery_codes"
    __keeping__ = Keeping("staff", "as long as the account", exported=False, erased="delete")
    __audited__ = False  # made anew and used are noted as such, once and not ten times
    __table_args__ = owned(
        points_at("account_id", "accounts"), UniqueConstraint("district_id", "account_id", "code_hash")
    )

    account_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    code_hash: Mapped[str] = mapped_column(info=PRIVATE)
    used_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def make_all(cls, account_id: UUID) -> list[str]:
        """Ten fresh codes, told once and stored nowhere. Older ones stop working."""
        cls.remove_all(account_id)
        codes = [_random() for _ in range(HOW_MANY)]
        for code in codes:
            db.session.add(cls(account_id=account_id, code_hash=_hashed(account_id, code)))
        db.session.flush()
        return codes

    @classmethod
    def remove_all(cls, account_id: UUID) -> None:
        """None of them works any more."""
        for code in db.session.scalars(select(cls).where(cls.account_id == account_id)):
            db.session.delete(code)
        db.session.flush()

    @classmethod
    def left(cls, account_id: UUID) -> int:
        """How many still work."""
        unused = select(func.count(cls.id)).where(cls.account_id == account_id, cls.used_at.is_(None))
        return db.session.scalar(unused) or 0

    @classmethod
    def use(cls, account_id: UUID, typed: str) -> Self | None:
        """The code, used up by this very call; of two at once, the second gets None."""
        same = (cls.account_id == account_id, cls.code_hash == _hashed(account_id, typed))
        code = db.session.scalar(select(cls).where(*same, cls.used_at.is_(None)).with_for_update())
        if code is not None:
            code.used_at = clock.now()
        return code


def looks_like_one(typed: str) -> bool:
    """True for something as long as a recovery code, which six digits are not."""
    return len(_plain(typed)) >= 16


def _random() -> str:
    text = b32encode(secrets.token_bytes(BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _plain(typed: str) -> str:
    return "".join(typed.split()).replace("-", "").lower()


def _hashed(account_id: UUID, code: str) -> str:
    return mac("recovery code", account_id, _plain(code), bits=256)
