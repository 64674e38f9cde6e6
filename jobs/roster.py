"""The roster's imports, and what follows from them for accounts, of which the roster has never heard."""

from uuid import UUID

from app.admin.actions import staff
from app.auth.models.sealed_account import admins
from app.core.actor import SYSTEM
from app.notices.actions import compose
from app.roster.actions import connecting, importing, school_years
from app.roster.models.roster_import import RosterImport
from jobs import job


@job
def advance(import_id: UUID) -> None:
    """Go on with an import for a while."""
    importing.advance(import_id)


@job
def move_school_year(year_id: UUID) -> None:
    """Go on for a while with opening or undoing a school year."""
    school_years.advance(year_id)


@job
def follow(person_id: UUID) -> None:
    """Keep somebody's account in step with what their source says of them."""
    staff.follow(person_id)


@job
def sign_out(person_id: UUID) -> None:
    """Somebody whom a source has taken out is signed out, though another source still has them."""
    staff.sign_out(person_id)


@job
def welcome_back(person_id: UUID) -> None:
    """Somebody whom an import had taken out is there again."""
    staff.welcome_back(person_id)


@job
def sync_what_is_due() -> None:
    """Ask the sources whose hour has struck."""
    connecting.sync_what_is_due(by=SYSTEM)


@job
def tell_of_sync(import_id: UUID) -> None:
    """Tell all admins that a nightly sync failed, or waits for one of them."""
    run = RosterImport.find(import_id)
    if run is None or run.state not in ("failed", "ready"):
        return
    if run.state == "failed":
        what = f"The nightly sync of {run.source.name} did not work"
        happened = f"{run.sentence} The roster stands as it was. It is asked again the next night."
    else:
        what = f"The nightly sync of {run.source.name} waits for you"
        happened = "It found changes, and they are applied once an admin has looked at them and says so."
        if run.guard:
            happened += " More people than usual would go: please see whether they have really left."
    _tell_admins(what, happened)


@job
def look_for_changes() -> None:
    """Ask the directories who left or changed."""
    connecting.look_for_changes(by=SYSTEM)


@job
def forget_old_imports() -> None:
    """Previews that nobody answered, and rows that have had their time."""
    importing.forget_old_imports()


def _tell_admins(what: str, happened: str) -> None:
    for admin in admins():
        told = {"name": admin.name, "what": what, "happened": happened}
        compose.email("roster_connection", admin.email, admin.person_id, told)
