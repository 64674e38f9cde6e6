"""Roles that come with a group of a directory: given with it and taken with it. What was given by hand stays.

Which groups somebody is in is kept with their record of the directory's sync (SourcePerson). Microsoft also says the
app roles in each ID token: where there is no such record they are kept with the identity that signs in.
"""

from typing import Final
from uuid import UUID

from app.auth.actions import granting
from app.auth.actions.refused import LastAdmin
from app.auth.models.account import Account
from app.auth.models.sign_in_identity import SignInIdentity
from app.core.actor import SYSTEM, Role
from app.core.audit import noted
from app.core.db import db
from app.integrations.openid.id_token import Somebody
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.roster_source import ENTRA_USERS, GOOGLE_DIRECTORY
from app.roster.models.source_person import SourcePerson

#: Where a provider's people are listed, by its word.
DIRECTORY_OF: Final = {"google": GOOGLE_DIRECTORY, "microsoft": ENTRA_USERS}


def record_of(somebody: Somebody, word: str) -> SourcePerson | None:
    """What the directory's sync says of the number that a provider vouches for."""
    number = f"{somebody.tenant}/{somebody.subject.lower()}" if somebody.tenant else somebody.subject
    return SourcePerson.known_as(DIRECTORY_OF[word], number)


def of_person(person_id: UUID) -> set[tuple[Role, UUID | None]]:
    """The roles that somebody's groups give, by the syncs; with the school, or None for all."""
    return DirectoryGroup.roles_by(
        group for record in SourcePerson.there(person_id) for group in record.groups
    )


def bring_in_step(account: Account) -> None:
    """Give what the groups give, and take what they no longer give. The last admin of a district stays."""
    wanted = _wanted(account)
    for grant in [one for one in account.grants if one.from_directory]:
        if (Role(grant.role), grant.school_id) in wanted:
            continue
        try:
            granting.withdraw(grant, by=SYSTEM)
        except LastAdmin:
            noted("kept the last admin", "accounts", account.id)
    for role, school_id in sorted(wanted, key=str):
        if account.grant_of(role, school_id) is None:
            granting.grant(account, role, school_id, by=SYSTEM, from_directory=True)


def told_at_sign_in(identity: SignInIdentity, somebody: Somebody) -> None:
    """Heed the app roles of the token: they are newer than the last sync."""
    if not somebody.tenant:
        return
    mapped = [one for one in DirectoryGroup.of_kind(ENTRA_USERS) if one.what == "app_role"]
    said = {str(one.id) for one in mapped if one.name in somebody.app_roles}
    record = record_of(somebody, identity.word)
    account = Account.find(identity.account_id)
    assert account is not None
    keeper = record if record is not None and record.person_id == account.person_id else identity
    groups = sorted(set(keeper.groups) - {str(one.id) for one in mapped} | said)
    if groups != keeper.groups:
        keeper.groups = groups
        db.session.flush()
        bring_in_step(account)


def _wanted(account: Account) -> set[tuple[Role, UUID | None]]:
    records = SourcePerson.there(account.person_id) if account.person_id else []
    told_by = {record.source.kind for record in records}
    groups = {group for record in records for group in record.groups}
    for identity in SignInIdentity.of_account(account.id):
        if DIRECTORY_OF[identity.word] not in told_by:
            groups.update(identity.groups)
    return DirectoryGroup.roles_by(groups)
