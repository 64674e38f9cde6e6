"""The mail that a demonstration sent: it goes to a folder and to these pages, never to the world."""

from flask.typing import ResponseReturnValue

from app.core.room import Doors
from app.notices.models.demo_mail import DemoMail
from app.notices.permissions import RULES, May, may_read_in_the_demo
from app.web.guard import allow, me
from app.web.page import page

doors = Doors()


@doors.get("/demo-mail")
@allow(May.LIST_DEMO_MAIL, RULES)
def index() -> ResponseReturnValue:
    """The newest that this reader may read."""
    return page(
        "notices/demo_mails.html", mails=[one for one in DemoMail.newest() if may_read_in_the_demo(me(), one)]
    )


@doors.get("/demo-mail/<name>")
@allow(May.READ_DEMO_MAIL, RULES, of=DemoMail)
def show(mail: DemoMail) -> ResponseReturnValue:
    """One of them, with the headers that thread it."""
    return page("notices/demo_mail.html", one=mail, mail=mail.mail)
