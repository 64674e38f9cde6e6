"""The words of a ticket: what it is found by. PostgreSQL writes them, so that no writer can forget it."""

from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned


class TicketWords(DistrictOwned, Base):
    """A row a ticket, with the ticket's id. Triggers (migration 0014) keep it; only the search functions read it."""

    __tablename__ = "ticket_words"
    __keeping__ = Keeping(
        "requester", "ticket", exported=False, erased="keep: made anew from what is left of the ticket"
    )
    __audited__ = False
    __table_args__ = owned(
        ForeignKeyConstraint(
            ["district_id", "id"], ["tickets.district_id", "tickets.id"], ondelete="CASCADE"
        ),
        # Without a waiting list: a search would read all of it, and now and then a writer would have to clear it.
        Index(None, "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )

    number: Mapped[int] = mapped_column(info=PUBLIC)
    words: Mapped[Any] = mapped_column(TSVECTOR(), info=PRIVATE)
