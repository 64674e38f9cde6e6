"""What is called otherwise in England than in America, where people read it: in evidence and in packets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.register.models.attendance_code import EXCUSES
from app.roster.models.student import GRADES
from app.truancy.models import case_entry
from app.truancy.models.case_entry import KINDS


@dataclass(frozen=True)
class RegionalWords:
    """`excuses` by the register's word; `kinds` of entries of a case; `grades` by code."""

    grade: str
    grades: Mapping[str, str]
    excuses: Mapping[str, str]
    kinds: Mapping[str, str]
    conferences: str
    no_conference: str
    confirmed: str


_AMERICAN: Final = RegionalWords(
    grade="Grade",
    grades=GRADES,
    excuses=EXCUSES,
    kinds=KINDS,
    conferences="Conferences",
    no_conference="No conference is recorded.",
    confirmed="Confirmed by counsel",
)
_BRITISH: Final = RegionalWords(
    grade="Year group",
    grades={
        **GRADES,
        "KG": "Reception",
        "PK": "Nursery",
        **{f"{year:02}": f"Year {year}" for year in range(1, 14)},
    },
    excuses={**EXCUSES, "excused": "Authorised", "unexcused": "Unauthorised"},
    kinds={
        **KINDS,
        case_entry.SCHEDULED: "Meeting arranged",
        case_entry.HELD: "Meeting held",
        case_entry.MISSED: "Meeting held, the parent did not come",
    },
    conferences="Meetings with the family",
    no_conference="No meeting is recorded.",
    confirmed="Confirmed by a legal adviser",
)


def regional_words() -> RegionalWords:
    """Those of this district's region."""
    card = district_by_id(current_district_id())
    return _BRITISH if card is not None and card.region == "uk" else _AMERICAN
