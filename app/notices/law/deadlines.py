"""By when somebody must be told that student data reached the wrong person: each deadline as data, with its law.

Only what could be read is here. What is not here is no promise that nothing is owed: the district writes its own policy
beside it, and its counsel confirms all of it as it reads then. Counted from when it was noticed.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

#: Steps by which a deadline is kept.
AUTHORITY, FAMILY, OFFICER = "authority", "family", "officer"
#: The longest that a district's own policy may say, in hours: ninety days.
LONGEST: Final = 2160
#: Of the United States, where we know of deadlines. Of the others none is known here.
STATES: Final = {"ny": "New York", "il": "Illinois", "ct": "Connecticut", "other": "Another state"}


@dataclass(frozen=True)
class Deadline:
    """One thing that is owed. Without `hours` and `days` no number is named. `kept_by`: the step that keeps it."""

    key: str
    what: str
    #: As it is cited.
    authority: str
    #: Where it was read; "" where the district has it itself.
    source: str
    region: str = ""
    state: str = ""
    hours: int | None = None
    #: Calendar days: it is due by the end of the last of them.
    days: int | None = None
    kept_by: str = ""

    def due(self, noticed_at: datetime, zone: ZoneInfo) -> datetime | None:
        """The last moment, on that clock; None where no number is named."""
        if self.hours is not None:
            # Hours that pass, also in the night in which the clocks are changed.
            return (noticed_at.astimezone(UTC) + timedelta(hours=self.hours)).astimezone(zone)
        if self.days is not None:
            last = noticed_at.astimezone(zone).date() + timedelta(days=self.days)
            return datetime.combine(last, time(23, 59, 59), zone)
        return None


_GDPR: Final = "gdprlearninghub.com/article-33-gdpr/"
_NEW_YORK: Final = "nyrules.elaws.us/nycrr/title8_chapterii_subchaptere_part121_s121.10"
_ILLINOIS: Final = "lawserver.com/law/state/illinois/il-statutes/105_ilcs_85_27"

DEADLINES: Final = (
    Deadline(
        "uk.authority",
        "The Information Commissioner is told, unless a risk to anybody is unlikely. Told later, the reasons for the "
        "delay are told too.",
        "UK GDPR Art. 33(1)",
        _GDPR,
        region="uk",
        hours=72,
        kept_by=AUTHORITY,
    ),
    Deadline(
        "uk.family",
        "The family is told without undue delay, where the risk to them is high.",
        "UK GDPR Art. 34(1)",
        "macwangrid.com/blog/gdpr-breach-notification-requirements.html",
        region="uk",
        kept_by=FAMILY,
    ),
    Deadline(
        "us.record",
        "The disclosure is recorded with the student’s education records. FERPA names no hour by which anybody is "
        "told.",
        "34 CFR 99.32(a)",
        "databreaches.net/2014/07/20/ferpa-does-not-require-data-breach-disclosure",
        region="us",
    ),
    Deadline(
        "us-ny.authority",
        "The chief privacy officer of the State Education Department is told, clerical errors included.",
        "8 NYCRR 121.10(d), Education Law § 2-d",
        _NEW_YORK,
        region="us",
        state="ny",
        days=10,
        kept_by=AUTHORITY,
    ),
    Deadline(
        "us-ny.family",
        "The parents, or the student of age, are told without unreasonable delay.",
        "8 NYCRR 121.10(e), Education Law § 2-d",
        _NEW_YORK,
        region="us",
        state="ny",
        days=60,
        kept_by=FAMILY,
    ),
    Deadline(
        "us-il.family",
        "The parents are told. The law speaks of computerized data: whether paper is meant, your counsel says.",
        "105 ILCS 85/27 (SOPPA)",
        _ILLINOIS,
        region="us",
        state="il",
        days=30,
        kept_by=FAMILY,
    ),
    Deadline(
        "us-ct.family",
        "Where a contractor caused it, the family is told within two business days of the contractor’s word. It is not "
        "counted here: an error of your own staff has no such word.",
        "Conn. Gen. Stat. § 10-234aa to 10-234dd (PA 16-189)",
        "www.danbury.k12.ct.us/cms/One.aspx?portalId=539198&pageId=27696796",
        region="us",
        state="ct",
    ),
)
#: A clause of the contract with whoever runs this service: theirs to keep, so nothing is counted.
CONTRACT: Final = Deadline(
    "contract.ndpa",
    "Where this service caused it, whoever runs it tells you within 72 hours of confirming it. Read your own "
    "agreement; nothing that you owe is counted from that.",
    "National Data Privacy Agreement, version 1, the clause on data breaches",
    "",
)


def own(hours: int, where: str) -> Deadline:
    """The district's own policy: the privacy officer is told."""
    return Deadline("own", "Your privacy officer is told.", where, "", hours=hours, kept_by=OFFICER)


def applying(
    region: str, state: str, *, by_contract: bool, own_policy: Deadline | None = None
) -> tuple[Deadline, ...]:
    """What holds in that place, the district's own policy first."""
    found = [own_policy] if own_policy else []
    found += [one for one in DEADLINES if one.region == region and one.state in ("", state)]
    return (*found, CONTRACT) if by_contract else tuple(found)


def digest(deadlines: Sequence[Deadline]) -> str:
    """Another as soon as one word, number or citation is another: what counsel confirmed speaks for it alone."""
    told = json.dumps([astuple(one) for one in deadlines], ensure_ascii=False)
    return sha256(told.encode()).hexdigest()
