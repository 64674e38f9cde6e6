"""Attendance: what is counted and reviewed without anybody asking."""

from app.truancy.actions import figuring
from jobs import job


@job
def count_figures() -> None:
    """Count anew what the reports show."""
    figuring.count_anew()
