"""All that is behind one firing, read together: for its page, and for whatever is put before a board or a court."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.notices.models.left_out_guardian import LeftOutGuardian
from app.truancy.actions.checking import Check, check
from app.truancy.law.prior import worth
from app.truancy.law.words import came_to
from app.truancy.models.attendance_case import AttendanceCase
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.case_entry import CaseEntry
from app.truancy.models.evidence_marks import EvidenceMark, evidence_marks
from app.truancy.models.firing import Firing
from app.truancy.models.firing_change import FiringChange
from app.truancy.models.firing_prior import records_behind
from app.truancy.models.notice_trail import Trail, duties_of, left_out, trails
from app.truancy.models.prior_record import PriorRecord
from app.truancy.models.rule_behind import RuleBehind, rule_behind


@dataclass(frozen=True)
class Evidence:
    """Of one firing, standing or taken back."""

    firing: Firing
    #: None where the version under which it fired is known here no more.
    behind: RuleBehind | None
    marks: Sequence[EvidenceMark]
    #: The records of earlier schools that it rests on besides.
    prior: Sequence[PriorRecord]
    check: Check
    changes: Sequence[FiringChange]
    duties: Sequence[CaseDuty]
    #: The committees and boards that were told of the student, in the case.
    committees: Sequence[CaseEntry]
    trails: Sequence[Trail]
    left_out: Sequence[LeftOutGuardian]

    @property
    def case(self) -> AttendanceCase | None:
        """Where its duties stand."""
        return self.duties[0].case if self.duties else None

    @property
    def counted(self) -> str:
        """What was counted, with its unit: "3 days", "4 days, 12.9 % of 31"."""
        if self.behind is None:
            return self.firing.total
        return came_to(self.behind.rule, self.firing.amount, self.firing.out_of)

    @property
    def counted_before(self) -> str:
        """How much of it the records of earlier schools say; "" where it rests on none."""
        if self.behind is None or not self.prior:
            return ""
        rule = self.behind.rule
        return came_to(rule, sum(worth(rule.count, one.as_the_law_sees_it()) for one in self.prior), None)


def evidence_of(firing: Firing) -> Evidence:
    """Read now; the check asks the register as it is in."""
    duties = duties_of(firing)
    written = trails(firing, duties)
    return Evidence(
        firing=firing,
        behind=rule_behind(firing),
        marks=evidence_marks(firing),
        prior=records_behind(firing.id),
        check=check(firing),
        changes=FiringChange.of_firing(firing.id),
        duties=duties,
        committees=CaseEntry.committees_told(duties[0].case_id) if duties else (),
        trails=written,
        left_out=left_out(firing, duties, written),
    )
