"""Imports of the attendance register, and the systems that are asked for it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from app.auth.models.sealed_account import admins
from app.core import clock
from app.core.actor import SYSTEM
from app.core.queue import later
from app.family.models.family_answer import FamilyAnswer
from app.notices.actions import compose
from app.register.actions import connecting, importing, lapsing
from app.register.models.register_import import ROWS_ARE_KEPT, RegisterImport
from app.truancy.actions import keeping_origins
from jobs import job

#: Since a note of a family was read, until what it says is entered elsewhere and has come in.
A_NOTE_IS_ON_ITS_WAY: Final = timedelta(days=3)


@job
def advance(import_id: UUID) -> None:
    """Go on with an import for a while; when it is applied, the attendance rules are put to whom it touched.

    Where it waits for somebody they are put to them beforehand, for the preview.
    """
    importing.advance(import_id)
    run = RegisterImport.find(import_id)
    if run is not None and run.state in ("done", "ready"):
        later("jobs.truancy.review_what_waits")
    if run is not None and run.state == "ready":
        later("jobs.truancy.foresee", run.id)


@job
def ask_what_is_due() -> None:
    """Ask the systems whose hour has struck."""
    connecting.ask_what_is_due(by=SYSTEM)


@job
def tell_of_reading(import_id: UUID) -> None:
    """Tell all admins that a nightly reading failed, or waits for one of them."""
    run = RegisterImport.find(import_id)
    if run is None or run.connection is None or run.state not in ("failed", "ready", "columns"):
        return
    if run.state == "failed":
        what = f"Attendance did not come from {run.connection.name}"
        happened = f"{run.sentence} The register stands as it was. It is asked again the next night."
    else:
        what = f"Attendance from {run.connection.name} waits for you"
        happened = (
            "It is not applied before somebody has looked at it and says so, or says which column is what: "
            "Attendance › Register › Import attendance."
        )
    _tell_admins(what, happened)


@job
def warn_of_late_registers() -> None:
    """Tell all admins, once a day, of which schools too little came in."""
    late = connecting.late_schools()
    if late:
        more = f", and {len(late) - 20} more" if len(late) > 20 else ""
        _tell_admins(
            "Attendance is missing",
            f"No marks came lately of: {', '.join(late[:20])}{more}. Nobody is counted as present or absent there "
            "until it comes.",
        )


@job
def lapse_reasons() -> None:
    """Count as unexcused what nobody gave a reason for in the time that the district signed off.

    Of whom a family's note waits, or was read lately, somebody did: it may be on its way through the school system.
    """
    lapsing.lapse(FamilyAnswer.students_with_a_note(clock.now() - A_NOTE_IS_ON_ITS_WAY))


@job
def forget_old_imports() -> None:
    """Previews that nobody answered, and rows that have had their time, but for where a firing’s marks came from."""
    keeping_origins.keep_origins(clock.now() - ROWS_ARE_KEPT)
    importing.forget_old_imports()


def _tell_admins(what: str, happened: str) -> None:
    for admin in admins():
        told = {"name": admin.name, "what": what, "happened": happened}
        compose.email("register_connection", admin.email, admin.person_id, told)
