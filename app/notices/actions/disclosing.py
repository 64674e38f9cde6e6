"""What a notice tells whoever reads it, by kind: looked for in what it says, so that a person has only to pick."""

import re
from typing import Final

from sqlalchemy import select

from app.core.db import db
from app.family.models.family_link import FamilyLink
from app.notices.actions.lettering import Words
from app.notices.models.incident import DISCLOSES
from app.notices.models.notice import LETTER, Notice

#: The values of a text, by what they disclose.
_VALUES: Final = {"days": ("days",), "unexcused": ("unexcused",), "dates": ("dates", "notice date")}


def disclosed_by(notice: Notice) -> list[str]:
    """Keys of DISCLOSES, in their order: what stands in it, behind its link or on its envelope."""
    said = "\n".join(
        [*(Words.of(one).as_text() for one in notice.words), notice.line or "", notice.addressee or ""]
    )
    found = {
        "student": _says(said, notice.student.name),
        "guardian": _says(said, notice.addressee or ""),
        "address": notice.channel == LETTER,
        "school": _says(said, notice.school.name if notice.school else ""),
        "law": notice.is_required or bool(notice.text.passages),
        "link": bool(links_of(notice)),
        **{
            key: any(_says(said, notice.values.get(name, "")) for name in names)
            for key, names in _VALUES.items()
        },
    }
    return [key for key in DISCLOSES if found[key]]


def links_of(notice: Notice) -> list[FamilyLink]:
    """The family links that were made for it, the oldest first."""
    theirs = select(FamilyLink).where(
        FamilyLink.student_id == notice.student_id,
        FamilyLink.about_kind == "notice",
        FamilyLink.about_id == notice.id,
    )
    return list(db.session.scalars(theirs.order_by(FamilyLink.made_at, FamilyLink.id)))


def _says(said: str, value: str) -> bool:
    """Whether it stands there as a word of its own: 4 does not stand in 14."""
    return bool(value.strip()) and re.search(rf"(?<!\w){re.escape(value.strip())}(?!\w)", said) is not None
