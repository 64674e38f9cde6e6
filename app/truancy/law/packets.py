"""What is put before a board, a court or whoever decides about a penalty: for which duty, and what the law asks for.

A checklist, and no advice: what a state asks beyond it the district's counsel says. A place that is not listed has
what holds everywhere.
"""

from dataclasses import dataclass
from typing import Final

SARB: Final = "sarb"
COURT: Final = "court"
PENALTY: Final = "penalty"


@dataclass(frozen=True)
class Kind:
    """One kind of packet: what it is called, to whom it goes, for which duties it is put together."""

    key: str
    title: str
    goes_to: str
    duties: frozenset[str]


@dataclass(frozen=True)
class Asked:
    """Something that the law asks for before or in it."""

    #: By what it is found in the case: a word of FOUND_BY.
    key: str
    says: str
    #: As the packet says it where nothing of the kind is on record.
    missing: str
    authority: str = ""
    #: True where nothing is put together without it, unless a person writes why.
    stops: bool = False
    #: True where there may be none of it: then `missing` is an answer, and nothing that is lacking.
    may_be_none: bool = False


KINDS: Final = {
    one.key: one
    for one in (
        Kind(SARB, "Referral to the attendance review board", "Board", frozenset({"consider_sarb"})),
        Kind(
            COURT,
            "Referral or petition to the court",
            "Court",
            frozenset({"referral", "petition", "court_determination", "agreement_or_board"}),
        ),
        Kind(
            PENALTY,
            "For the decision about a penalty notice",
            "Local authority",
            frozenset({"decide_notice"}),
        ),
    )
}

_NO_NOTICE: Final = "No notice to a parent is recorded as sent."
_NO_CONFERENCE: Final = "No conference is recorded."
_NO_PLAN: Final = "No plan is recorded."
_NO_CONTACT: Final = "No contact with the family is recorded."
_NO_MEASURE: Final = "No measure, service or referral to one is recorded."
_NO_BARRIER: Final = "What is in the way of coming to school is not recorded."
#: What holds everywhere.
_EVERYWHERE: Final = (
    Asked("notice", "A parent was told in writing", _NO_NOTICE, stops=True),
    Asked("conference", "A conference was held, or an effort was made to hold one", _NO_CONFERENCE),
    Asked("contact", "The school spoke with the family, or tried to", _NO_CONTACT),
    Asked("plan", "A plan was made", _NO_PLAN),
    Asked("barrier", "It was asked what is in the way", _NO_BARRIER),
)
_BY_PLACE: Final = {
    "us-ca": (
        Asked("notice", "The parent was notified of the truancy", _NO_NOTICE, "EC 48260.5", stops=True),
        Asked(
            "conference",
            "A conscientious effort was made to hold at least one conference",
            _NO_CONFERENCE,
            "EC 48262",
            stops=True,
        ),
        Asked("board", "Name and address of the board", "The board is not named.", "EC 48263"),
        Asked("reason", "The reason of the referral", "No reason is written.", "EC 48263"),
        Asked("contact", "The school spoke with the family, or tried to", _NO_CONTACT),
        Asked("measure", "Services and measures that were tried", _NO_MEASURE),
        Asked("barrier", "What is in the way of coming to school", _NO_BARRIER),
    ),
    "us-tx": (
        Asked("notice", "The parent was warned in writing", _NO_NOTICE, "TEC 25.095(b)", stops=True),
        Asked(
            "measure",
            "At least one truancy prevention measure was taken",
            _NO_MEASURE,
            "TEC 25.0915",
            stops=True,
        ),
        Asked("barrier", "The root cause was looked for", _NO_BARRIER, "19 TAC 129.1043"),
        Asked("contact", "The contact with the family went on", _NO_CONTACT, "19 TAC 129.1043"),
        Asked(
            "committee",
            "The ARD or Section 504 committee was told, where the student has one",
            "No committee is recorded as told. Where the student has none, nothing is asked for.",
            "19 TAC 129.1043",
            may_be_none=True,
        ),
    ),
    "us-pa": (
        Asked("notice", "Each parent was told in writing", _NO_NOTICE, "24 PS 13-1333", stops=True),
        Asked(
            "conference",
            "A School Attendance Improvement Conference was offered, and its date has passed",
            _NO_CONFERENCE,
            "24 PS 13-1333",
            stops=True,
        ),
        Asked(
            "plan",
            "The outcome of the conference was written down in a plan",
            _NO_PLAN,
            "24 PS 13-1333",
            stops=True,
        ),
        Asked("contact", "The school spoke with the family, or tried to", _NO_CONTACT),
    ),
    "us-wa": (
        Asked("measure", "Each intervention that was tried", _NO_MEASURE, "RCW 28A.225.030", stops=True),
        Asked(
            "assessment",
            "The assessments that were made",
            "No assessment is recorded.",
            "RCW 28A.225.020(1)(c)",
        ),
        Asked("notice", "The parent was told", _NO_NOTICE, "RCW 28A.225.020(1)(a)", stops=True),
        Asked("conference", "A conference was held", _NO_CONFERENCE, "RCW 28A.225.020(1)(b)", stops=True),
    ),
    "us-oh": (
        Asked(
            "plan_failed",
            "The student made no satisfactory progress on the plan",
            "Nobody has recorded that the plan failed.",
            "RC 3321.191 (HB 96)",
            stops=True,
        ),
        Asked("plan", "A plan was made", _NO_PLAN, "RC 3321.191"),
        Asked("notice", "A parent was told in writing", _NO_NOTICE),
        Asked("contact", "The school spoke with the family, or tried to", _NO_CONTACT),
    ),
    "gb-eng": (
        Asked(
            "measure",
            "Support was offered before a penalty is considered",
            "No support is recorded.",
            "National Framework 2024",
            stops=True,
        ),
        Asked("contact", "The school spoke with the parent, or tried to", _NO_CONTACT),
        Asked("notice", "The parent was told in writing", _NO_NOTICE),
        Asked(
            "penalties",
            "Earlier penalty notices for this child within three years",
            "No earlier penalty notice is recorded.",
            "National Framework 2024",
            may_be_none=True,
        ),
    ),
}
#: Said on the cover where the facts of the law are the same for everybody.
NOTES: Final = {
    "gb-eng": (
        "A penalty is £80 if paid within 21 days and £160 within 28. A second one within three years is £160; "
        "after that another action is taken. Each parent and each child is decided apart.",
    ),
    "us-tx": (
        "No referral is made where the absences come from pregnancy, foster care, homelessness or severe illness.",
    ),
}


def kind_for(duty: str) -> Kind | None:
    """The packet that a duty asks for; None where it asks for none."""
    return next((one for one in KINDS.values() if duty in one.duties), None)


def asked_in(place: str) -> tuple[Asked, ...]:
    """The checklist of a place, in the order in which it is answered."""
    return _BY_PLACE.get(place, _EVERYWHERE)
