"""The ways into one's own account: what Google or Microsoft opens it with, besides a password."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import enrolling, recognising, signing_in_elsewhere
from app.auth.actions.refused import Refused
from app.auth.models.account import Account
from app.auth.models.sign_in_identity import SignInIdentity
from app.auth.permissions import RULES, May
from app.auth.views.elsewhere import leave
from app.core.room import Doors
from app.integrations.openid.providers import PROVIDERS
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/profile/ways-in")
@allow(May.SEE_OWN_WAYS_IN, RULES)
def index() -> ResponseReturnValue:
    """What opens this account, and what could."""
    mine = SignInIdentity.of_account(_me().id)
    have = {one.word for one in mine}
    return page(
        "auth/ways_in.html",
        account=_me(),
        ways=mine,
        offered=[one.provider for one in signing_in_elsewhere.offered() if one.word not in have],
    )


@doors.post("/profile/ways-in/<word>")
@allow(May.SEE_OWN_WAYS_IN, RULES, confirmed=True)
def add(word: str) -> ResponseReturnValue:
    """Go to the provider, and come back with one more."""
    if word not in PROVIDERS:
        return done("There is no such way to sign in.", url_for("auth.ways_in_index"), tone="bad")
    return leave(word, account_id=_me().id)


@doors.post("/profile/ways-in/<uuid:id>/remove")
@allow(May.REMOVE_OWN_WAY_IN, RULES, of=SignInIdentity, confirmed=True)
def remove(identity: SignInIdentity) -> ResponseReturnValue:
    """It opens this account no longer."""
    name = identity.provider_name
    try:
        recognising.unlink(identity)
    except Refused as refused:
        return done(refused.sentence, url_for("auth.ways_in_index"), tone="bad")
    enrolling.tell_of_change(_me(), "removed a way to sign in")
    return done(f"{name} no longer opens your account.", url_for("auth.ways_in_index"))


def _me() -> Account:
    who = me()
    assert isinstance(who, Account)
    return who
