"""A reply: what somebody wrote under a ticket, for all to read or for the technicians alone."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import Base
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.helpdesk.models.ticket import Ticket


class ReplyKind(StrEnum):
    """Who may read it."""

    PUBLIC = "public"
    #: A note among technicians. It never leaves the house: no mail, no page of the requester, no file of it.
    INTERNAL = "internal"


class Reply(DistrictOwned, Base):
    """Words, files and who wrote them."""

    __tablename__ = "replies"
    __keeping__ = Keeping("requester", "ticket", exported=True, erased="anonymise")
    __table_args__ = owned(
        points_at("ticket_id", "tickets"),
        points_at("author_person_id", "people"),
        points_at("author_account_id", "accounts"),
        points_at("inbound_email_id", "inbound_emails"),
        CheckConstraint("kind in ('public','internal')", name="kind"),
        CheckConstraint("channel in ('web','email')", name="channel"),
        UniqueConstraint("district_id", "author_account_id", "once"),
        Index(None, "district_id", "ticket_id", "id"),
        Index(None, "district_id", "inbound_email_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    kind: Mapped[str] = mapped_column(default=ReplyKind.PUBLIC, info=PUBLIC)
    author_person_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    author_account_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    author_name: Mapped[str] = mapped_column(info=PERSONAL)
    #: True if a technician wrote it as such, and not the person who asked.
    from_desk: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    text: Mapped[str] = mapped_column(info=PRIVATE)
    #: Sanitised at the writing; shown under a policy that loads nothing from outside.
    html: Mapped[str | None] = mapped_column(info=PRIVATE)
    channel: Mapped[str] = mapped_column(default="web", info=PUBLIC)
    #: The form's own key: a double-clicked submit is one reply.
    once: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    inbound_email_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: False if it came by a mail that nobody vouched for.
    verified: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    #: A machine wrote it: an out-of-office note, a receipt.
    automatic: Mapped[bool] = mapped_column(default=False, info=PUBLIC)
    #: The ticket's version that this made.
    version: Mapped[int] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    #: Of two new rows the ticket's is written first. Nobody reads it here.
    ticket: Mapped[Ticket] = relationship(
        "Ticket", primaryjoin="foreign(Reply.ticket_id) == Ticket.id", lazy="raise"
    )

    @property
    def is_internal(self) -> bool:
        """True for a note among technicians."""
        return self.kind == ReplyKind.INTERNAL
