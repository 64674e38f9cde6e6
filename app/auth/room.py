"""The card on the door of the room where people come in."""

from app.auth.forms import SignInForm
from app.auth.models.account import Account
from app.auth.views import (
    apps,
    confirmations,
    elsewhere,
    factors,
    front_door,
    history,
    invitations,
    passkey_sign_in,
    passkeys,
    recovery_codes,
    resets,
    second_step,
    sessions,
    sign_in,
    sign_out,
    ways_in,
)
from app.core.room import Room
from app.web import drafts
from app.web.sessions import login

ROOM = Room(
    "auth",
    "Sign-in",
    doors=[
        front_door,
        sign_in,
        elsewhere,
        second_step,
        passkey_sign_in,
        sign_out,
        invitations,
        resets,
        sessions,
        confirmations,
        factors,
        apps,
        passkeys,
        recovery_codes,
        history,
        ways_in,
    ],
)

login.user_loader(Account.signed_in)
drafts.sign_in_form(SignInForm.blank)
