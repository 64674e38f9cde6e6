"""Accepting an invitation. The link is used up by the form, never by opening it: mail scanners open links."""

from flask.typing import ResponseReturnValue

from app.auth.actions import inviting
from app.auth.actions.refused import LinkUsedUp, OnlyElsewhere, WeakPassword
from app.auth.forms import NewPasswordForm
from app.auth.models.one_time_link import OneTimeLink
from app.auth.views import second_step
from app.core.room import Doors
from app.web.guard import anyone
from app.web.page import page

doors = Doors()


@doors.get("/invitations/<token>")
@anyone
def show(token: str) -> ResponseReturnValue:
    """The form, while the link works."""
    link = OneTimeLink.working(token, "invite")
    if link is None:
        return page("auth/link_used_up.html", status=410, sentence=LinkUsedUp().sentence)
    return page("auth/invitation.html", form=NewPasswordForm(), account=link.account)


@doors.post("/invitations/<token>")
@anyone
def accept(token: str) -> ResponseReturnValue:
    """The first password opens the account, and signs in."""
    form = NewPasswordForm()
    if form.validate():
        try:
            account = inviting.accept(token, form.password.data)
        except OnlyElsewhere as refusal:
            return page("auth/only_elsewhere.html", status=422, sentence=refusal.sentence)
        except LinkUsedUp as refusal:
            return page("auth/link_used_up.html", status=410, sentence=refusal.sentence)
        except WeakPassword as refusal:
            form.password.errors = [refusal.sentence]
        else:
            return second_step.let_in(account, said=f"Welcome, {account.name}.")
    link = OneTimeLink.working(token, "invite")
    return page("auth/invitation.html", status=422, form=form, account=link.account if link else None)
