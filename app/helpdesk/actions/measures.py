"""What is read of the help desk each minute, over all districts."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.directory import District
from app.core.measures import seconds_since
from app.core.queue import LEFT_ALONE
from app.core.readings import Found, Measure
from app.helpdesk.models.inbound_email import InboundEmail, MailState


def _unfiled(across: Session) -> Iterator[Found]:
    counted = select(func.count()).where(InboundEmail.state == MailState.STORED)
    yield Found(across.execute(counted).scalar_one())


def _oldest_unfiled(across: Session) -> Iterator[Found]:
    oldest = (
        select(func.max(seconds_since(InboundEmail.received_at)), District.slug, District.id)
        .join(District, District.id == InboundEmail.district_id)
        .where(InboundEmail.state == MailState.STORED, District.state.not_in(LEFT_ALONE))
        .group_by(District.slug, District.id)
    )
    return (Found(*row) for row in across.execute(oldest))


MEASURES: Final = (
    Measure("mail_unfiled", "Mail that is stored and not filed yet.", _unfiled),
    Measure(
        "mail_oldest_unfiled_seconds",
        "How long the oldest mail waits to be filed.",
        _oldest_unfiled,
        "district",
    ),
)
