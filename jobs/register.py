"""Imports of the attendance register."""

from uuid import UUID

from app.register.actions import importing
from jobs import job


@job
def advance(import_id: UUID) -> None:
    """Go on with an import for a while."""
    importing.advance(import_id)


@job
def forget_old_imports() -> None:
    """Previews that nobody answered, and rows that have had their time."""
    importing.forget_old_imports()
