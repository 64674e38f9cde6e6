"""Message-IDs that others gave to the mails of a ticket, so that answers among them find it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.helpdesk.models.ticket import Ticket


class ForeignMessageId(DistrictOwned, Base):
    """One id from Message-ID, In-Reply-To or References of a mail that was filed here."""

    __tablename__ = "foreign_message_ids"
    __keeping__ = Keeping("requester", "ticket", exported=True, erased="delete")
    __audited__ = False
    __table_args__ = owned(
        points_at("ticket_id", "tickets"),
        CheckConstraint("message_id <> ''", name="not_empty"),
        # The id leads: one is looked up by it, for any ticket.
        UniqueConstraint("district_id", "message_id", "ticket_id"),
        Index(None, "district_id", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    message_id: Mapped[str] = mapped_column(info=PRIVATE)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    #: Of two new rows the ticket's is written first. Nobody reads it here.
    ticket: Mapped[Ticket] = relationship(
        "Ticket", primaryjoin="foreign(ForeignMessageId.ticket_id) == Ticket.id", lazy="raise"
    )

    @classmethod
    def known_of(cls, ids: Iterable[str]) -> set[str]:
        """Those of the ids that a mail of some ticket had or named."""
        return set(db.session.scalars(_KNOWN, {"ids": list(ids)}))


_KNOWN: Final = select(ForeignMessageId.message_id).where(
    ForeignMessageId.message_id.in_(bindparam("ids", expanding=True))
)
