"""What groups of a directory mean, for the roster and for accounts at once."""

from collections.abc import Sequence
from uuid import UUID

from app.auth.actions import directory_roles
from app.auth.models.account import Account
from app.auth.models.sign_in_identity import SignInIdentity
from app.core.actor import Actor
from app.roster.actions import grouping
from app.roster.models.directory_group import DirectoryGroup
from app.roster.models.source_person import SourcePerson


def who_is_in(group: DirectoryGroup) -> Sequence[str]:
    """The names of those who are in it, as far as a sync or a sign-in has told; those would have its role."""
    names = {one.person_id: one.person.name for one in SourcePerson.in_group(group.id)}
    for account in _by_sign_in(group.id):
        if account.person_id is not None:
            names.setdefault(account.person_id, account.name)
    return sorted(names.values(), key=str.casefold)


def confirm(group: DirectoryGroup, *, by: Actor) -> None:
    """The second look. Raises Refused."""
    grouping.confirm(group, by=by)
    for account in _by_sign_in(group.id):
        directory_roles.bring_in_step(account)


def remove(group: DirectoryGroup) -> None:
    """It means nothing any more."""
    accounts = _by_sign_in(group.id)
    grouping.remove(group)
    for account in accounts:
        directory_roles.bring_in_step(account)


def _by_sign_in(group_id: UUID) -> list[Account]:
    found = [Account.find(one.account_id) for one in SignInIdentity.in_group(group_id)]
    return [account for account in found if account is not None]
