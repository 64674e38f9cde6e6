"""The roster's imports, and what follows from them for accounts, of which the roster has never heard."""

from uuid import UUID

from app.admin.actions import staff
from app.core.actor import SYSTEM
from app.roster.actions import connecting, importing
from jobs import job


@job
def advance(import_id: UUID) -> None:
    """Go on with an import for a while."""
    importing.advance(import_id)


@job
def follow(person_id: UUID) -> None:
    """Keep somebody's account in step with what their source says of them."""
    staff.follow(person_id)


@job
def welcome_back(person_id: UUID) -> None:
    """Somebody whom an import had taken out is there again."""
    staff.welcome_back(person_id)


@job
def sync_what_is_due() -> None:
    """Ask the sources whose hour has struck."""
    connecting.sync_what_is_due(by=SYSTEM)


@job
def forget_old_imports() -> None:
    """Previews that nobody answered, and rows that have had their time."""
    importing.forget_old_imports()
