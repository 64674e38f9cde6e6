"""Whose account it is that a provider vouches for somebody to: by the provider's own number, else by one rule.

The rule, at the first sign-in: the provider vouches for an address, its domain is verified as the district's,
exactly one active member of staff has it, and no account with more rights than to ask for help would be opened.
Whoever it does not fit waits for an admin. An account is only ever made for somebody who is on the roster.

Where the district's staff list comes from the provider's own directory, its numbers are known before anybody signs in:
then the number says who it is, and no address is looked at.
"""

from typing import Final, NoReturn

from sqlalchemy.exc import IntegrityError

from app.auth.actions import directory_roles, granting, requiring, sealing
from app.auth.actions.refused import Held, Refused
from app.auth.models.account import Account
from app.auth.models.held_sign_in import HeldSignIn
from app.auth.models.sign_in_identity import SignInIdentity
from app.core.actor import SYSTEM, Actor, Role
from app.core.audit import noted
from app.core.clock import now
from app.core.db import db
from app.core.directory import domains_of
from app.core.tenancy import current_district_id
from app.integrations.openid.id_token import Somebody
from app.integrations.openid.providers import PROVIDERS
from app.roster.models.person import Person
from app.roster.models.source_person import SourcePerson

SUSPENDED: Final = "Your account here is closed. Ask your district’s admin to open it again."
REFUSED: Final = "An admin of your district refused this account. Ask them if that was a mistake."
CROWDED: Final = "Too many people wait to be let in. Tell your district’s admin."
NOT_VOUCHED: Final = "The provider vouches for no address of theirs."
NOT_OURS: Final = "Their address is not at a domain that is verified as the district’s."
NOT_ON_ROSTER: Final = "Nobody on the staff has their address."
HAS_RIGHTS: Final = "The account with their address can do more than ask for help."
ANOTHERS: Final = "The account with their address belongs to somebody else on the roster, or to nobody."
ANOTHER_NUMBER: Final = "The directory knows the person with their address by another number."
NO_ADDRESS: Final = "The staff list has no address for them: an account has one."
ALREADY: Final = "The account with their address is opened by another account of that provider."


def account_of(somebody: Somebody, word: str) -> Account:
    """The account to open. Raises Refused, or Held after writing down that they wait."""
    known = SignInIdentity.of(somebody)
    if known is not None:
        account = _open(known.account)
        directory_roles.told_at_sign_in(known, somebody)
        return account
    held = HeldSignIn.of(somebody)
    if held is not None and held.state == "refused":
        raise Refused(REFUSED)
    person, because = _person_by_number(somebody, word) or _person_of(somebody, word)
    if person is None:
        _hold(somebody, word, held, because)
    account = link(person, somebody, word, by=SYSTEM)
    if held is not None:
        held.decide("accepted", by=SYSTEM)
    return account


def link(person: Person, somebody: Somebody, word: str, *, by: Actor) -> Account:
    """Let a provider's account open this person's, which is made if they have none. Raises Refused."""
    db.session.refresh(
        person, with_for_update=True
    )  # of two first sign-ins at once, the second finds the account
    if not person.is_active_staff():
        raise Refused(f"{person.name} does not work here any more.")
    account = Account.of_person(person.id)
    if account is None:
        account = _made_for(person)
    identity = link_account(account, somebody, word, by=by)
    directory_roles.bring_in_step(account)
    directory_roles.told_at_sign_in(identity, somebody)
    return _open(account)


def link_account(account: Account, somebody: Somebody, word: str, *, by: Actor) -> SignInIdentity:
    """The same for an account that is there. Raises Refused."""
    sealing.refuse_if_sealed(account)
    accepted_by = by.id if by.kind == "account" and by.id != account.id else None
    identity = SignInIdentity(
        account_id=account.id,
        word=word,
        issuer=somebody.issuer,
        tenant=somebody.tenant,
        subject=somebody.subject,
        accepted_by_id=accepted_by,
    )
    try:
        with db.session.begin_nested():
            db.session.add(identity)
            db.session.flush()
    except IntegrityError as error:
        raise Refused(
            f"{PROVIDERS[word].name} is in use already: an account here is opened by one account there, and one there "
            "opens one here. Remove the other first."
        ) from error
    if account.state != "suspended":
        account.open_from_elsewhere()
        db.session.flush()
    return identity


def is_theirs(account: Account, somebody: Somebody) -> bool:
    """True if that is how a provider knows them already."""
    known = SignInIdentity.of(somebody)
    return known is not None and known.account_id == account.id


def unlink(identity: SignInIdentity) -> None:
    """That account opens nothing any more. Raises Refused if there would be no way in left."""
    account = Account.find(identity.account_id)
    assert account is not None
    others = [one for one in SignInIdentity.of_account(account.id) if one.id != identity.id]
    if not others:
        requiring.refuse_local(account)
    if not others and account.password_hash is None:
        raise Refused(
            "This is the only way into your account. Set a password first: sign out, then “I forgot”."
        )
    db.session.delete(identity)
    account.signs_in_elsewhere = bool(others)
    db.session.flush()


def accept(held: HeldSignIn, person: Person, *, by: Actor) -> Account:
    """An admin says who that is. Raises Refused."""
    account = link(person, held.somebody(), held.word, by=by)
    held.decide("accepted", by=by)
    noted("accepted a sign-in", "accounts", account.id, through=held.word)
    db.session.flush()
    return account


def refuse(held: HeldSignIn, *, by: Actor) -> None:
    """An admin says that this is nobody of theirs."""
    held.decide("refused", by=by)
    db.session.flush()


def _person_by_number(somebody: Somebody, word: str) -> tuple[Person | None, str] | None:
    """Whom the directory's sync knows by this number; None if it knows nobody. Raises Refused as below."""
    record = directory_roles.record_of(somebody, word)
    if record is None:
        return None
    person = record.person
    if not person.is_active_staff():
        raise Refused(SUSPENDED)
    mine = Account.of_person(person.id)
    if mine is None:
        if not person.email:
            return None, NO_ADDRESS
        return (None, ANOTHERS) if Account.with_address(person.email) is not None else (person, "")
    if mine.state == "suspended":
        raise Refused(SUSPENDED)
    if mine.has_rights_given_here():
        return None, HAS_RIGHTS
    return _unless_opened_already(person, mine, word)


def _person_of(somebody: Somebody, word: str) -> tuple[Person | None, str]:
    """The one whom the rule fits, or None and why it fits nobody. Raises Refused for somebody who has left."""
    if not somebody.email:
        return None, NOT_VOUCHED
    if somebody.email.rpartition("@")[2] not in domains_of(current_district_id()):
        return None, NOT_OURS
    # An address is unique among the people of a district, so there is one or none.
    person = Person.with_address(somebody.email)
    account = Account.with_address(somebody.email)
    if person is None:
        return None, ANOTHERS if account is not None else NOT_ON_ROSTER
    if not person.is_active_staff():
        raise Refused(SUSPENDED)
    if SourcePerson.of_kind(directory_roles.DIRECTORY_OF[word], person.id) is not None:
        return None, ANOTHER_NUMBER  # or the number would have been known
    mine = Account.of_person(person.id)
    if account is not None and account is not mine:
        return None, ANOTHERS
    if directory_roles.of_person(person.id):
        return None, HAS_RIGHTS
    if mine is None:
        return person, ""
    if mine.state == "suspended":
        raise Refused(SUSPENDED)
    if mine.is_privileged():
        return None, HAS_RIGHTS
    return _unless_opened_already(person, mine, word)


def _unless_opened_already(person: Person, account: Account, word: str) -> tuple[Person | None, str]:
    if any(one.word == word for one in SignInIdentity.of_account(account.id)):
        return None, ALREADY
    return person, ""


def _hold(somebody: Somebody, word: str, held: HeldSignIn | None, because: str) -> NoReturn:
    if held is None:
        if HeldSignIn.are_too_many():
            raise Refused(CROWDED)
        held = HeldSignIn(
            word=word,
            issuer=somebody.issuer,
            tenant=somebody.tenant,
            subject=somebody.subject,
            because=because,
        )
        db.session.add(held)
    held.name, held.email, held.because, held.last_at = somebody.name, somebody.email, because, now()
    held.state, held.decided_at, held.decided_by_id = "waiting", None, None
    db.session.flush()
    raise Held


def _made_for(person: Person) -> Account:
    if not person.email:
        raise Refused(f"Give {person.name} an email address first: an account has one.")
    if Account.with_address(person.email) is not None:
        raise Refused(f"{person.email} opens another account already.")
    account = Account(email=person.email, name=person.name, person_id=person.id, grants=[])
    db.session.add(account)
    db.session.flush()
    granting.grant(account, Role.REQUESTER, None, by=SYSTEM)
    return account


def _open(account: Account) -> Account:
    if not account.may_sign_in():
        raise Refused(SUSPENDED)
    return account
