"""The report of an incident, to be put before whoever must be told: facts, clock and steps, and no more.

It names neither the student nor a guardian: the code of the notice leads the school to them.
"""

from collections.abc import Iterator
from datetime import datetime

from app.core import clock
from app.integrations.typesetting.documents import (
    Block,
    Bullets,
    CannotPrint,
    Document,
    Facts,
    Paragraph,
    Section,
    Table,
    print_document,
)
from app.notices.actions import recalling
from app.notices.actions.disclosing import links_of
from app.notices.actions.lettering import day_in_words
from app.notices.models.incident import Incident
from app.notices.models.incident_setting import Due, IncidentSetting, card_of_district
from app.notices.models.notice import CHANNELS

__all__ = ["CannotPrint", "report_of"]


def report_of(incident: Incident) -> bytes:
    """A tagged PDF, as things stand now. Raises CannotPrint."""
    return print_document(document_of(incident), card_of_district().region, clock.now()).pdf


def document_of(incident: Incident) -> Document:
    """What is printed of it."""
    return Document(
        title=f"A notice reached the wrong person: incident {incident.reference}",
        cover=tuple(_facts(incident)),
        sections=(
            Section("What is due when", tuple(_clock(recalling.clock_of(incident)))),
            Section("What was done", tuple(_steps(incident))),
            Section("How it ended", tuple(_end(incident))),
        ),
        foot=f"{card_of_district().name} · confidential · incident {incident.reference}",
    )


def _facts(incident: Incident) -> Iterator[Block]:
    notice = incident.notice
    opened = [one.opened_at for one in links_of(notice) if one.opened_at is not None]
    told = (
        ("District", card_of_district().name),
        ("School", incident.school.name if incident.school else ""),
        ("What went wrong", incident.called),
        ("Whom it reached", incident.reached or ""),
        ("Noticed", moment(incident.noticed_at)),
        ("Written down by", f"{incident.recorded_by.name}, {moment(incident.recorded_at)}"),
        ("The notice", f"{CHANNELS[notice.channel]}, code {notice.code}"),
        ("It left", moment(notice.left_at) if notice.left_at else "It had not left."),
        ("Stopped at once", "Yes" if incident.was_stopped else "It had left, or was stopped before."),
        ("Links that were ended", str(incident.links_ended) if incident.links_ended else ""),
        ("A link was first opened", moment(min(opened)) if opened else ""),
        ("Note", incident.note or ""),
    )
    yield Facts(tuple((label, value) for label, value in told if value))
    if incident.disclosed:
        yield Paragraph("What it disclosed about one student:")
        yield Bullets(tuple(incident.disclosed_words))
    else:
        yield Paragraph("By what is written down, it disclosed nothing about the student.")


def _clock(due: list[Due]) -> Iterator[Block]:
    if not IncidentSetting.of_this_district().is_confirmed:
        yield Paragraph("These deadlines are not yet confirmed by the district’s counsel.", stands_out=True)
    rows = tuple((one.deadline.what, one.deadline.authority, _when(one)) for one in due)
    if rows:
        yield Table(("What is owed", "Under", "Due"), rows, (5, 3, 3))
    else:
        yield Paragraph("No deadline is known for this district.")


def _when(due: Due) -> str:
    if due.done_at is not None:
        late = f", late: it was due {moment(due.at)}" if due.at and due.was_late else ""
        return f"Done {moment(due.done_at)}{late}"
    if due.at is None:
        return "No number is named"
    return f"{'Was due' if due.is_past else 'Due'} {moment(due.at)}"


def _steps(incident: Incident) -> Iterator[Block]:
    rows = tuple(
        (moment(one.done_at), one.called, f"{one.by.name}{': ' + one.note if one.note else ''}")
        for one in incident.steps
    )
    if rows:
        yield Table(("When", "What", "Written down by"), rows, (3, 4, 4))
    else:
        yield Paragraph("Nothing is written down yet.")


def _end(incident: Incident) -> Iterator[Block]:
    if incident.closed_at is None or incident.closed_by is None:
        yield Paragraph("It is open.")
        return
    yield Facts((("Closed by", incident.closed_by.name), ("On", moment(incident.closed_at))))
    yield Paragraph(incident.closing or "")


def moment(at: datetime) -> str:
    """On the district's clock, with its zone: the same moment reads the same wherever it is read."""
    here = clock.local(at, card_of_district().zone)
    return f"{day_in_words(here.date())}, {here:%H:%M} {here.tzname()}"
