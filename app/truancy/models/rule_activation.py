"""That a district uses a shipped rule: from which day, with what laid over it, proposed by one and approved by another.

A rule whose use has ended goes on speaking for the days on which it was used: what fired then stands.
"""

from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models.account import Account
from app.core import clock
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.truancy.law.overlay import Looser, Overlay, between, laid_over, text_sha256
from app.truancy.law.packs import pack, shipped
from app.truancy.law.rule import Rule

PROPOSED: Final = "proposed"
ACTIVE: Final = "active"
ENDED: Final = "ended"
DECLINED: Final = "declined"


class RuleActivation(DistrictOwned, Base):
    """One use of one rule. Of a rule one is proposed at a time, and one active."""

    __tablename__ = "rule_activations"
    __keeping__ = Keeping(
        "staff", "the contract", exported=True, erased="keep: who answers for a rule that was in use"
    )
    __table_args__ = owned(
        points_at("proposed_by_id", "accounts"),
        points_at("approved_by_id", "accounts"),
        points_at("ended_by_id", "accounts"),
        CheckConstraint("state in ('proposed','active','ended','declined')", name="state"),
        CheckConstraint("approved_by_id <> proposed_by_id", name="two_people"),
        CheckConstraint(
            "(state in ('active','ended')) = (approved_by_id is not null and approved_at is not null)",
            name="approved",
        ),
        CheckConstraint(
            "(state in ('ended','declined')) = (ended_by_id is not null and ended_at is not null)",
            name="ended",
        ),
        CheckConstraint("(state = 'ended') = (last_day is not null)", name="last_day"),
        CheckConstraint("last_day is null or last_day >= first_day - 1", name="days"),
        CheckConstraint("jsonb_typeof(overlay) = 'object'", name="overlay"),
        Index(
            "uq_rule_activations_proposed",
            "district_id",
            "rule_id",
            unique=True,
            postgresql_where="state = 'proposed'",
        ),
        Index(
            "uq_rule_activations_active",
            "district_id",
            "rule_id",
            unique=True,
            postgresql_where="state = 'active'",
        ),
        Index(None, "district_id", "rule_id", "first_day"),
        Index(None, "district_id", "proposed_by_id"),
        Index(None, "district_id", "approved_by_id"),
        Index(None, "district_id", "ended_by_id"),
    )
    FOUND_BY = ("id",)

    rule_id: Mapped[str] = mapped_column(info=PUBLIC)
    #: text_sha256() of the version in force on the first day, as it was shipped when it was proposed.
    digest: Mapped[str] = mapped_column(info=PUBLIC)
    #: Overlay.written().
    overlay: Mapped[dict[str, Any]] = mapped_column(info=PUBLIC)
    #: The first day on which it fires.
    first_day: Mapped[date] = mapped_column(info=PUBLIC)
    #: The last one, once that is said; the day before the first if it never came to that.
    last_day: Mapped[date | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=PROPOSED, info=PUBLIC)
    note: Mapped[str] = mapped_column(default="", info=PRIVATE)
    proposed_by_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    approved_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    approved_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Who ended its use, or declined it.
    ended_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    proposed_by: Mapped[Account] = relationship(
        primaryjoin=lambda: foreign(RuleActivation.proposed_by_id) == Account.id, viewonly=True
    )
    approved_by: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(RuleActivation.approved_by_id) == Account.id, viewonly=True
    )
    ended_by: Mapped[Account | None] = relationship(
        primaryjoin=lambda: foreign(RuleActivation.ended_by_id) == Account.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The activation of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_rule(cls, rule_id: str) -> Select[Self]:
        """Every use of a rule, the newest first."""
        return select(cls).where(cls.rule_id == rule_id).order_by(cls.first_day.desc(), cls.id.desc())

    @classmethod
    def in_state(cls, state: str, rule_id: str) -> Self | None:
        """The one of that rule that is proposed, or active."""
        return db.session.scalar(select(cls).where(cls.rule_id == rule_id, cls.state == state))

    @property
    def is_in_use(self) -> bool:
        """True once a second person approved it, whatever became of it since."""
        return self.state in (ACTIVE, ENDED)

    @property
    def laid(self) -> Overlay:
        """What is laid over the rule."""
        return Overlay.read(self.overlay)

    def has_changed(self) -> bool:
        """True if the rule that we ship now has other words than the one that was proposed."""
        version = next((one for one in versions_of(self.rule_id) if one.in_force(self.first_day)), None)
        return version is None or text_sha256(version) != self.digest

    def rules(self) -> list[Rule]:
        """The rule's versions with what is laid over them, each for its days of this use."""
        days = (between(version, self.first_day, self.last_day) for version in self.practised())
        return [version for version in days if version is not None]

    def practised(self) -> list[Rule]:
        """The same for all days.

        A version that we ship later may be stricter than the overlay: then it speaks as the law has it.
        """
        found = []
        for version in versions_of(self.rule_id):
            try:
                found.append(laid_over(version, self.laid, beside(version)))
            except Looser:
                found.append(version)
        return found


def active_rules(on: date) -> list[Rule]:
    """The rules that the district uses on that day or used before it, each with what is laid over it.

    What is no longer used is among them, for the days of its use alone: firings of those days are upheld by it.
    """
    in_use = (
        select(RuleActivation)
        .where(RuleActivation.state.in_((ACTIVE, ENDED)), RuleActivation.first_day <= on)
        .order_by(RuleActivation.rule_id, RuleActivation.first_day)
    )
    return [rule for activation in db.session.scalars(in_use) for rule in activation.rules()]


def asks_for_an_age() -> bool:
    """True if a rule is in use, or is about to be, that holds for some ages alone."""
    used = select(RuleActivation).where(RuleActivation.state == ACTIVE)
    return any(rule.scope.ages for activation in db.session.scalars(used) for rule in activation.rules())


def versions_of(rule_id: str) -> list[Rule]:
    """The versions of a shipped rule, in the order in which they are in force; none if we ship no such rule."""
    return sorted((rule for rule in shipped() if rule.id == rule_id), key=lambda rule: rule.effective)


def place_of(rule_id: str) -> str:
    """The place whose pack has the rule: "us-ca"."""
    return rule_id.partition(".")[0]


def beside(rule: Rule) -> tuple[Rule, ...]:
    """The rules of its pack."""
    return pack(place_of(rule.id))
