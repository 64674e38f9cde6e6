"""Imports of the attendance register."""

from uuid import UUID

from app.core.queue import later
from app.register.actions import importing
from app.register.models.register_import import RegisterImport
from jobs import job


@job
def advance(import_id: UUID) -> None:
    """Go on with an import for a while; when it is applied, the attendance rules are put to whom it touched."""
    importing.advance(import_id)
    run = RegisterImport.find(import_id)
    if run is not None and run.state == "done":
        later("jobs.truancy.review_what_waits")


@job
def forget_old_imports() -> None:
    """Previews that nobody answered, and rows that have had their time."""
    importing.forget_old_imports()
