"""How a verb without paper is answered: by its sentence, or by the one that it was refused with."""

from collections.abc import Callable

from flask.typing import ResponseReturnValue

from app.core.db import db
from app.roster.actions.refused import Refused
from app.web.page import done


def done_unless_refused(act: Callable[[], None], sentence: str, go_to: str) -> ResponseReturnValue:
    """Do it. Whatever a refusal had begun is taken back."""
    try:
        act()
    except Refused as refused:
        db.session.rollback()
        return done(refused.sentence, go_to, tone="bad")
    return done(sentence, go_to)
