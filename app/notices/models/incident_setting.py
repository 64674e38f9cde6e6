"""Which deadlines hold for a district after a notice reached the wrong person, and whether counsel confirmed them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.directory import DistrictCard, district_by_id
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned
from app.notices.law import deadlines
from app.notices.law.deadlines import Deadline


@dataclass(frozen=True)
class Due:
    """One deadline of one incident. `at`: None where no number is named. `done_at`: when it was done first."""

    deadline: Deadline
    at: datetime | None
    done_at: datetime | None

    @property
    def is_past(self) -> bool:
        """It is over, and nobody has done what it asks."""
        return self.at is not None and self.done_at is None and clock.now() > self.at

    @property
    def was_late(self) -> bool:
        """It was done, and not in time."""
        return self.at is not None and self.done_at is not None and self.done_at > self.at


class IncidentSetting(DistrictOwned, Base):
    """A district's own choice. Without a row what holds in its whole region is counted, and nothing else."""

    __tablename__ = "incident_settings"
    __keeping__ = Keeping("staff", "the contract", exported=True, erased="keep: who answers for a deadline")
    __table_args__ = owned(
        UniqueConstraint("district_id"),
        CheckConstraint("state in ('','ny','il','ct','other')", name="state"),
        CheckConstraint("own_hours is null or own_hours between 1 and 2160", name="own_hours"),
        CheckConstraint("(own_hours is null) = (own_words = '')", name="own_policy_is_cited"),
        CheckConstraint(
            "(counsel = '') = (confirmed_on is null) and (counsel = '') = (confirmed_digest = '')",
            name="confirmed_by_somebody",
        ),
    )

    state: Mapped[str] = mapped_column(default="", info=PUBLIC)
    by_contract: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    own_hours: Mapped[int | None] = mapped_column(info=PUBLIC)
    #: Where it stands: the policy's number and its date.
    own_words: Mapped[str] = mapped_column(default="", info=PRIVATE)
    counsel: Mapped[str] = mapped_column(default="", info=PERSONAL)
    confirmed_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: Of what counsel read: with one word more it is unconfirmed again.
    confirmed_digest: Mapped[str] = mapped_column(default="", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of_this_district(cls) -> Self:
        """What holds: the district's row, or what holds without one."""
        found = db.session.scalar(select(cls))
        return found or cls(
            state="", by_contract=False, own_hours=None, own_words="", counsel="", confirmed_digest=""
        )

    @property
    def region(self) -> str:
        """Whose law it is."""
        return card_of_district().region

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """All that hold, the district's own first."""
        policy = deadlines.own(self.own_hours, self.own_words) if self.own_hours is not None else None
        return deadlines.applying(self.region, self.state, by_contract=self.by_contract, own_policy=policy)

    @property
    def is_confirmed(self) -> bool:
        """Whether counsel confirmed them as they read now."""
        return self.confirmed_digest == deadlines.digest(self.deadlines)

    def due(self, noticed_at: datetime, done: Mapping[str, datetime]) -> list[Due]:
        """When what is due, on the district's clock, the soonest first. `done`: the steps taken, and when."""
        zone = clock.zone(card_of_district().zone)
        found = [Due(one, one.due(noticed_at, zone), done.get(one.kept_by)) for one in self.deadlines]
        return sorted(found, key=lambda one: (one.at is None, one.at or noticed_at))


def card_of_district() -> DistrictCard:
    """The district: incidents are told by its clock, under the law of its region."""
    card = district_by_id(current_district_id())
    assert card is not None  # the wall is up, so the district is there
    return card
