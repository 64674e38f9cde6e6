"""A try to come in. Tries that failed make the next one wait: per account, and more patiently per address.

Addresses of people and machines are kept as keyed digests only. Rows in the database, so that every host counts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.crypto import blind_index
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned

REMEMBERED: Final = timedelta(hours=24)

#: Free tries before the pauses begin. A whole school may share one address.
FREE_BY_ACCOUNT: Final = 5
FREE_BY_ADDRESS: Final = 50
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=15)


class SignInAttempt(DistrictOwned, Base):
    """One try, and whether it worked."""

    __tablename__ = "sign_in_attempts"
    __keeping__ = Keeping("staff", "24 hours", exported=False, erased="delete")
    __audited__ = False  # a refused sign-in is noted as such
    __table_args__ = owned(
        Index(None, "district_id", "email_hash", "at"),
        Index(None, "district_id", "address_hash", "at"),
    )

    email_hash: Mapped[str] = mapped_column(info=PERSONAL)
    address_hash: Mapped[str] = mapped_column(info=PERSONAL)
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    worked: Mapped[bool] = mapped_column(default=False, info=PUBLIC)

    @classmethod
    def begin(cls, purpose: str, email: str, address: str) -> Self:
        """Count this try before it is decided, so that many at once count each other."""
        attempt = cls(
            email_hash=blind_index(f"{purpose} {email.strip().lower()}"),
            address_hash=blind_index(f"{purpose} from {address}"),
        )
        db.session.add(attempt)
        db.session.flush()
        return attempt

    def must_wait(self) -> timedelta:
        """How long whoever made this try has to wait; zero if not at all. Tries to come in while waiting are free."""
        by_account = self._pause(type(self).email_hash == self.email_hash, FREE_BY_ACCOUNT)
        by_address = self._pause(type(self).address_hash == self.address_hash, FREE_BY_ADDRESS)
        return max(by_account, by_address)

    def _pause(self, same: Any, free: int) -> timedelta:
        cls = type(self)
        question = select(cls.at, cls.worked).where(same, cls.id != self.id, cls.at > self.at - REMEMBERED)
        tries = db.session.execute(question.order_by(cls.at.desc()).limit(free + 12)).all()
        failed = _failed_in_a_row([(row.at, row.worked) for row in tries])
        if len(failed) < free:
            return timedelta()
        pause: timedelta = min(FIRST_PAUSE * 2 ** (len(failed) - free), LONGEST_PAUSE)
        return max(failed[0] + pause - self.at, timedelta())


def forget_old_attempts() -> int:
    """Delete tries of this district that no longer count; how many."""
    old = db.session.scalars(select(SignInAttempt).where(SignInAttempt.at <= clock.now() - REMEMBERED)).all()
    for attempt in old:
        db.session.delete(attempt)
    return len(old)


def _failed_in_a_row(tries: Sequence[tuple[datetime, bool]]) -> list[datetime]:
    """The times of the newest failures, back to the last success."""
    failed: list[datetime] = []
    for at, worked in tries:
        if worked:
            break
        failed.append(at)
    return failed
