"""Attendance: what is counted and reviewed without anybody asking."""

from uuid import UUID

from app.truancy.actions import figuring, foreseeing, packing, reviewing, trying_out, weighing
from jobs import job


@job
def count_figures() -> None:
    """Count anew what the reports show."""
    figuring.count_anew()
    weighing.count_outcomes()


@job
def review_what_waits() -> None:
    """Begin a review if anybody waits for one."""
    reviewing.review_what_waits()


@job
def advance(range_id: UUID) -> None:
    """Go on with a range of students for a while."""
    reviewing.advance(range_id)


@job
def try_out(run_id: UUID) -> None:
    """Go on with a dry run for a while."""
    trying_out.advance(run_id)


@job
def foresee(import_id: UUID) -> None:
    """See what an import that waits would make of the rules."""
    foreseeing.foresee(import_id)


@job
def make_packet(packet_id: UUID) -> None:
    """Put a packet together, one step after the other."""
    packing.make(packet_id)
