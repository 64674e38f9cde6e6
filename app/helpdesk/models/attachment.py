"""A file that came with a ticket or a reply."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.helpdesk.models.reply import Reply
from app.helpdesk.models.ticket import Ticket


class Attachment(HoldsAFile, DistrictOwned, Base):
    """Where the file lies, what it is by its own first bytes, and whose page shows it."""

    __tablename__ = "attachments"
    __keeping__ = Keeping("requester", "ticket", exported=True, erased="delete")
    __table_args__ = owned(
        points_at("ticket_id", "tickets"),
        points_at("reply_id", "replies"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("thumbnail_size >= 0", name="thumbnail_size"),
        CheckConstraint("name <> ''", name="named"),
        Index(None, "district_id", "ticket_id", "id"),
        Index(None, "district_id", "reply_id"),
    )
    FOUND_BY = ("id",)
    SIZES = ("size", "thumbnail_size")

    ticket_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: None if it came with the request itself.
    reply_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PERSONAL)
    content_type: Mapped[str] = mapped_column(info=PUBLIC)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    storage_key: Mapped[str] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    #: A small picture of a picture.
    thumbnail_key: Mapped[str | None] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    #: Octets; nought without a thumbnail.
    thumbnail_size: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    inline_cid: Mapped[str | None] = mapped_column(info=PUBLIC)
    width: Mapped[int | None] = mapped_column(info=PUBLIC)
    height: Mapped[int | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    ticket: Mapped[Ticket] = relationship(
        primaryjoin=lambda: foreign(Attachment.ticket_id) == Ticket.id, viewonly=True, lazy="joined"
    )
    reply: Mapped[Reply | None] = relationship(
        primaryjoin=lambda: foreign(Attachment.reply_id) == Reply.id, viewonly=True, lazy="joined"
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The file of that id in this district."""
        return db.session.get(cls, id)

    @property
    def is_internal(self) -> bool:
        """True if it came with a note among technicians."""
        return self.reply is not None and self.reply.is_internal
