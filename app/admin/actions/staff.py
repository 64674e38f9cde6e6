"""People with their accounts: a person is the roster's, an account is auth's, and an admin keeps both in step."""

from uuid import UUID

from app.auth.actions import directory_roles, enrolling, granting, inviting
from app.auth.actions.refused import Refused as RefusedAccount
from app.auth.models.account import Account
from app.core import sessions
from app.core.actor import SYSTEM, Actor, Role
from app.core.audit import noted
from app.core.db import db
from app.roster.actions import people
from app.roster.actions.people import Particulars
from app.roster.actions.refused import Refused
from app.roster.models.person import Person


def change(person: Person, of: Particulars) -> None:
    """Another name or address, for the account too. Raises Refused."""
    account = Account.of_person(person.id)
    email = of.email.strip().lower()
    if account is not None:
        if not email:
            raise Refused(f"{person.name} signs in with this address, so it cannot be left out.")
        with db.session.no_autoflush:
            other = Account.with_address(email)
        if other is not None and other.id != account.id:
            raise Refused(f"{email} opens another account already.")
    people.change(person, of)
    if account is not None:
        account.name, account.email = person.name, email
        db.session.flush()


def leave(person: Person, *, by: Actor) -> None:
    """They no longer work here: no mail of theirs is taken and nobody signs in as them. Raises Refused."""
    account = Account.of_person(person.id)
    if account is not None:
        if account.id == by.id:
            raise Refused("This is you. Ask another admin to deactivate you.")
        try:
            granting.suspend(account, by=by)
        except RefusedAccount as refused:
            raise Refused(refused.sentence) from refused
    people.leave(person)


def come_back(person: Person, *, by: Actor) -> None:
    """They work here again, with the roles they had."""
    people.come_back(person)
    account = Account.of_person(person.id)
    if account is not None:
        granting.resume(account, by=by)


def follow(person_id: UUID) -> None:
    """Bring their account in step with the person, whom a source of the roster has changed.

    The last admin of a district stays, whatever a file says: nobody could let anybody in again.
    """
    person = Person.find(person_id)
    account = Account.of_person(person_id)
    if person is None or account is None:
        return
    if not person.active:
        try:
            granting.suspend(account, by=SYSTEM)
        except RefusedAccount:
            people.come_back(person)
        return
    directory_roles.bring_in_step(account)
    account.name = person.name
    other = Account.with_address(person.email) if person.email else None
    if person.email and (other is None or other.id == account.id):
        account.email = person.email
    db.session.flush()


def sign_out(person_id: UUID) -> None:
    """A source has taken them out: wherever they are signed in, they are so no more, though another still has them."""
    account = Account.of_person(person_id)
    if account is not None and sessions.end_all(account.id):
        noted("signed out", "accounts", account.id, why="left a source of the roster")


def welcome_back(person_id: UUID) -> None:
    """Let somebody in again whom their source of the roster had taken out, and now tells of."""
    person, account = Person.find(person_id), Account.of_person(person_id)
    if person is not None and person.active and account is not None:
        granting.resume(account, by=SYSTEM)
        directory_roles.bring_in_step(account)


def invite(person: Person, *, by: Actor) -> None:
    """Send them the link that opens their account; a fresh one if they have not used the first. Raises Refused."""
    if not person.email:
        raise Refused(f"Give {person.name} an email address first: the invitation goes there.")
    if not person.is_active_staff():
        raise Refused(f"{person.name} does not work here any more.")
    account = Account.of_person(person.id)
    try:
        if account is not None:
            inviting.invite_again(account, by=by)
            return
        link = inviting.invite(
            email=person.email, name=person.name, roles=[(Role.REQUESTER, None)], by=by, person_id=person.id
        )
        directory_roles.bring_in_step(link.account)
    except RefusedAccount as refused:
        raise Refused(refused.sentence) from refused


def grant(person: Person, role: Role, school_id: UUID | None, *, by: Actor, but: UUID | None) -> None:
    """Give a role; it counts at the next sign-in. Raises Refused."""
    account = _account_of(person)
    try:
        granting.grant(account, role, school_id, by=by, but=but)
    except RefusedAccount as refused:
        raise Refused(refused.sentence) from refused


def withdraw(person: Person, role: Role, school_id: UUID | None, *, by: Actor, but: UUID | None) -> None:
    """Take a role away, if they still have it. Raises Refused."""
    account = _account_of(person)
    held = account.grant_of(role, school_id)
    if held is None:
        return
    if held.from_directory:
        raise Refused(
            "This role comes with a group of the directory. Take them out of the group there, or change what the group "
            "means under Outside services."
        )
    try:
        granting.withdraw(held, by=by, but=but)
    except RefusedAccount as refused:
        raise Refused(refused.sentence) from refused


def take_factors(person: Person, *, by: Actor) -> None:
    """Their second factor is lost: it goes, their sessions end, and they are told. Raises Refused."""
    account = _account_of(person)
    try:
        enrolling.take_away(account, by=by)
    except RefusedAccount as refused:
        raise Refused(refused.sentence) from refused


def _account_of(person: Person) -> Account:
    account = Account.of_person(person.id)
    if account is None:
        raise Refused(f"Invite {person.name} first: roles belong to an account.")
    return account
