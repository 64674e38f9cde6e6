"""Whose word counts: for each group of fields, in which order the sources and the office are believed.

Without a row the office goes first, then the sources as they were set up. A source that came later than the row stands
at its end. A relationship is in no group: every source adds those that it knows (docs/roster.md).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned
from app.roster.models.roster_source import RosterSource

#: The office, among the kinds of sources.
HAND: Final = "by hand"

NAME, EMAIL, SCHOOL, GRADE, CONTACTS = "name", "email", "school", "grade", "contacts"
#: As the office calls them, in the order of the page.
GROUPS: Final = {
    NAME: "Names",
    EMAIL: "Work email",
    SCHOOL: "School",
    GRADE: "Grade and student number",
    CONTACTS: "Emails and phone numbers of guardians",
}
#: What the office writes down of these stands beside what a source names, so it has no place in their order.
BESIDE: Final = (CONTACTS,)
#: A source that has not said something for so long no longer stands in another's way.
SILENT_AFTER: Final = timedelta(days=60)


class Precedence(DistrictOwned, Base):
    """The order of one group, once an admin has said it: kinds of sources, and HAND."""

    __tablename__ = "roster_precedences"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "about"),
        CheckConstraint("about in ('name','email','school','grade','contacts')", name="about"),
        CheckConstraint("jsonb_typeof(ranked) = 'array'", name="ranked"),
    )

    about: Mapped[str] = mapped_column(info=PUBLIC)
    ranked: Mapped[list[str]] = mapped_column(info=PUBLIC)

    @classmethod
    def orders(cls) -> dict[str, list[str]]:
        """By group: every kind of source that this district has, and HAND where it counts; the first one first."""
        kinds = [source.kind for source in db.session.scalars(RosterSource.all())]
        said = {one.about: one.ranked for one in db.session.scalars(select(cls))}
        return {about: _in_order(about, said.get(about, [HAND]), kinds) for about in GROUPS}

    @classmethod
    def put(cls, about: str, ranked: Sequence[str]) -> None:
        """Say the order of a group."""
        held = db.session.scalar(select(cls).where(cls.about == about).with_for_update())
        if held is None:
            db.session.add(cls(about=about, ranked=list(ranked)))
        else:
            held.ranked = list(ranked)
        db.session.flush()


def _in_order(about: str, ranked: Sequence[str], kinds: Sequence[str]) -> list[str]:
    there = [*([] if about in BESIDE else [HAND]), *kinds]
    return [*(one for one in ranked if one in there), *(one for one in there if one not in ranked)]
