"""A try to come in, counted before it is decided. Tries that failed make the next one wait."""

from app.auth.actions.refused import MustWait
from app.auth.models.sign_in_attempt import SignInAttempt
from app.core.db import db


def counted(purpose: str, whose: str, address: str) -> SignInAttempt:
    """This try, committed, so that many at once see each other. Raises MustWait.

    `whose`: the name that is tried, known here or not; `address`: the machine that tries.
    """
    attempt = SignInAttempt.begin(purpose, whose, address)
    db.session.commit()
    wait = attempt.must_wait()
    if wait:
        db.session.delete(attempt)  # waiting does not make the wait longer
        db.session.commit()
        raise MustWait(wait)
    return attempt
