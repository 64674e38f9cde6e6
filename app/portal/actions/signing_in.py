"""Operators: made, let in by password and code together, and closed. Each try is counted before it is decided."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actions.refused import LinkUsedUp, MustWait, NotThatCode, Refused, WeakPassword
from app.auth.models import password
from app.core import across_districts, clock
from app.core.db import uuid7
from app.core.settings import get_settings
from app.portal.models.operator import Operator
from app.portal.models.operator_entry import OperatorEntry
from app.portal.models.operator_session import OperatorSession

NOT_THEM = "Address, password and code do not belong together. A code works once: wait for the next one."


@dataclass(frozen=True)
class SignedIn:
    """An operator, as the pages need them."""

    id: UUID
    name: str
    email: str


@dataclass(frozen=True)
class Setup:
    """What the page shows on which an account is set up."""

    name: str
    email: str
    secret: str = field(repr=False)


def is_possible() -> bool:
    """True where this process may ask for operators: those that serve the street usually may not."""
    return bool(get_settings().database_across_url)


def invite(email: str, name: str) -> str:
    """A new operator; the link on which they set up password and app, once, within the hour. Raises Refused."""
    with across_districts.session() as across:
        if Operator.with_address(across, email) is not None:
            raise Refused(f"There is an operator with the address {email} already.")
        operator = Operator(id=uuid7(), email=email.strip().lower(), name=name.strip() or email)
        link = _begin_again(operator)
        across.add(operator)
        across.flush()
        OperatorEntry.write(across, operator.id, "was made an operator")
    return link


def renew(email: str) -> str:
    """They lost password or phone: what they had opens nothing more; the link for setting up anew. Raises Refused."""
    with across_districts.session() as across:
        operator = _known(across, email)
        OperatorSession.end_all(across, operator.id)
        OperatorEntry.write(across, operator.id, "was told to set up anew")
        return _begin_again(operator)


def close(email: str) -> None:
    """They are no operator any more. Raises Refused."""
    with across_districts.session() as across:
        operator = _known(across, email)
        operator.close()
        OperatorSession.end_all(across, operator.id)
        OperatorEntry.write(across, operator.id, "was closed")


def setup_of(token: str) -> Setup:
    """What is set up by that link. Raises LinkUsedUp."""
    with across_districts.session() as across:
        operator = Operator.setting_up(across, token)
        if operator is None:
            raise LinkUsedUp
        return Setup(operator.name, operator.email, operator.secret)


def set_up(token: str, *, new_password: str, code: str) -> None:
    """Password and app, both at once. Raises LinkUsedUp, WeakPassword or NotThatCode; a refusal uses nothing up."""
    with across_districts.session() as across:
        operator = Operator.setting_up(across, token)
        if operator is None:
            raise LinkUsedUp
        weakness = password.weakness(new_password, name=operator.name, email=operator.email)
        if weakness:
            raise WeakPassword(weakness)
        step = operator.new_step_of(code)
        if step is None:
            raise NotThatCode
        operator.set_up(new_password, step)
        OperatorEntry.write(across, operator.id, "set up password and app")


def sign_in(*, email: str, given: str, code: str) -> str:
    """The token of a new session. Raises MustWait, or Refused saying the same whatever did not fit."""
    wait, token = timedelta(), None
    with across_districts.session() as across:
        operator = Operator.with_address(across, email)
        wait = operator.must_wait() if operator else timedelta()
        if not wait:
            token = _decided(across, operator, given, code)
    if wait:
        raise MustWait(wait)
    if token is None:
        raise Refused(NOT_THEM)
    return token


def whose(token: str) -> SignedIn | None:
    """Whoever is signed in with that token."""
    if not is_possible():
        return None
    with across_districts.session() as across:
        operator = OperatorSession.operator_of(across, token)
        return SignedIn(operator.id, operator.name, operator.email) if operator else None


def sign_out(token: str) -> None:
    """End that session."""
    with across_districts.session() as across:
        OperatorSession.end(across, token)


def _decided(across: Session, operator: Operator | None, given: str, code: str) -> str | None:
    # The password is compared even where there is no operator, so the clock tells nothing.
    right = password.matches(given, operator.password_hash if operator else None)
    if operator is None:
        return None
    step = operator.new_step_of(code) if right and operator.state == "active" else None
    if step is None:
        operator.failures, operator.failed_at = operator.failures + 1, clock.now()
        OperatorEntry.write(across, operator.id, "sign-in refused")
        return None
    operator.failures, operator.last_step, operator.last_sign_in_at = 0, step, clock.now()
    OperatorEntry.write(across, operator.id, "signed in")
    return OperatorSession.begin(across, operator)


def _known(across: Session, email: str) -> Operator:
    operator = Operator.with_address(across, email)
    if operator is None:
        raise Refused(f"There is no operator with the address {email}.")
    return operator


def _begin_again(operator: Operator) -> str:
    token = secrets.token_urlsafe(24)
    operator.begin_again(token)
    return f"{get_settings().base_url.rstrip('/')}/operator/setup/{token}"
