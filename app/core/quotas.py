"""How much one district may use of what all share, so that none takes the others' room or their relay.

A default for each stands in the settings, an exception for one district in a row (`flask quota`). What is used is
counted as it happens, by rows that are only added: in the transaction of what is counted, so that nobody waits for
a counter and what is rolled back never counted. The watch adds them up once a minute; to know what is used is to
add the few that have come since. What an operator does on the command line is counted and never refused.

A process that found much room left does not ask before each use: it remembers the room for two seconds and uses up
to a tenth of it unseen, so that ten processes together never use what is not there.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from flask import current_app
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Select,
    Table,
    UniqueConstraint,
    bindparam,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, attributes, mapped_column

from app.core import clock
from app.core.actor import OPERATOR, current_actor
from app.core.db import Base, db, insert_many, told_rows, uuid7
from app.core.directory import District
from app.core.files import DistrictFull
from app.core.readings import Found
from app.core.records import PUBLIC, Keeping
from app.core.settings import MEGABYTE, get_settings
from app.core.tenancy import DistrictOwned, current_district_id, owned

ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Hours that are over are forgotten.
KEPT: Final = timedelta(days=2)
#: Seconds for which what was found is held to be true.
FRESH_FOR: Final = 2.0
#: This part of the room that was found may be used before it is asked for again.
PART_USED_UNSEEN: Final = 10
MOST_REMEMBERED: Final = 4096


@dataclass(frozen=True)
class Quota:
    """One thing that is counted. Its default is the setting `most_<name>`."""

    name: str
    what: str
    hourly: bool = True
    #: How much of what is counted makes one of what is allowed.
    unit: int = 1

    @property
    def setting(self) -> str:
        return "most_" + self.name.replace("-", "_")

    def period(self) -> datetime:
        """The hour that is counted now; of what is there to stay, always the same."""
        return clock.now().replace(minute=0, second=0, microsecond=0) if self.hourly else ALWAYS


STORED: Final = Quota(
    "stored-megabytes", "megabytes of files and mail that are stored", hourly=False, unit=MEGABYTE
)
MAILS_IN: Final = Quota("mails-in-an-hour", "emails taken in within an hour")
MAILS_OUT: Final = Quota("mails-out-an-hour", "emails sent within an hour")
TEXTS_OUT: Final = Quota("texts-out-an-hour", "text messages sent within an hour")
LINKS: Final = Quota("links-an-hour", "invitations and links for a new password made within an hour")

QUOTAS: Final = {quota.name: quota for quota in (STORED, MAILS_IN, MAILS_OUT, TEXTS_OUT, LINKS)}


class QuotaReached(Exception):
    """The district has had as much as it may have for now. Nothing was done; later it may be."""

    def __init__(self, quota: Quota) -> None:
        super().__init__(f"Quota reached: {quota.name}.")
        self.quota = quota


@dataclass
class Room:
    """What was left when this process asked, and what it has used of that since; in what is counted."""

    found_at: float
    left: int
    used_since: int = 0

    def is_enough_for(self, quota: Quota) -> bool:
        """True if one more need not be asked for."""
        is_fresh = time.monotonic() - self.found_at < FRESH_FOR
        return is_fresh and (self.used_since + quota.unit) * PART_USED_UNSEEN <= self.left


class DistrictQuota(DistrictOwned, Base):
    """What the operator granted one district instead of the default."""

    __tablename__ = "district_quotas"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "name"), CheckConstraint("most > 0", name="something")
    )

    name: Mapped[str] = mapped_column(info=PUBLIC)
    most: Mapped[int] = mapped_column(BigInteger(), info=PUBLIC)


class Usage(DistrictOwned, Base):
    """Something that was used, or given back; many rows that are one once they are added up."""

    __tablename__ = "usage"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __audited__ = False
    __table_args__ = owned(Index(None, "district_id", "name", "period"))

    name: Mapped[str] = mapped_column(info=PUBLIC)
    period: Mapped[datetime] = mapped_column(info=PUBLIC)
    amount: Mapped[int] = mapped_column(BigInteger(), info=PUBLIC)


class HoldsAFile:
    """Mixin of a table whose rows stand for a stored file of `size` bytes: it is counted with its row."""

    #: The columns that say how many bytes are stored for a row.
    SIZES: ClassVar[tuple[str, ...]] = ("size",)
    #: Of these each new row uses one besides.
    COUNTED_AS: ClassVar[tuple[Quota, ...]] = ()

    size: Mapped[int] = mapped_column(info=PUBLIC)


def most(quota: Quota) -> int:
    """How much this district may have, in units of the quota."""
    own = db.session.scalar(_own(quota))
    return own if own is not None else default(quota)


def default(quota: Quota) -> int:
    """How much a district may have for which nothing else was said."""
    return int(getattr(get_settings(), quota.setting))


def used(quota: Quota) -> int:
    """How much this district has used, in what is counted: bytes, mails."""
    return int(db.session.scalar(_sum(quota)) or 0)


def reached(*asked: Quota) -> Quota | None:
    """The first of these of which this district may have no more now. One question to the database, or none."""
    if current_actor() is OPERATOR:
        return None
    places = [(current_district_id(), quota.name, quota.period()) for quota in asked]
    rooms = _rooms()
    known = [rooms.get(place) for place in places]
    if all(room and room.is_enough_for(quota) for room, quota in zip(known, asked, strict=True)):
        return None
    return _ask(asked, places, rooms)


def is_reached(quota: Quota) -> bool:
    """True if this district may have no more of it now."""
    return reached(quota) is not None


def refuse_if_reached(*asked: Quota) -> None:
    """Whoever stores a file asks first, for storage knows of places, not of shares.

    Raises DistrictFull for storage, and QuotaReached for anything else.
    """
    quota = reached(*asked)
    if quota is STORED:
        raise DistrictFull
    if quota is not None:
        raise QuotaReached(quota)


def count(quota: Quota, amount: int = 1) -> None:
    """It was used; undone with the transaction."""
    db.session.execute(_USED, _row(quota, current_district_id(), amount))


def until_next_hour() -> datetime:
    """When an hourly quota begins anew."""
    return MAILS_OUT.period() + timedelta(hours=1)


def grant(name: str, most: int | None) -> None:
    """Give this district another quota than the default; None takes the exception back."""
    _rooms().clear()
    own = db.session.scalar(select(DistrictQuota).where(DistrictQuota.name == QUOTAS[name].name))
    if most is None:
        if own is not None:
            db.session.delete(own)
    elif own is None:
        db.session.add(DistrictQuota(name=name, most=most))
    else:
        own.most = most


def recount() -> int:
    """Compare what is counted as stored with the rows themselves, and mend it. How many bytes it was off by."""
    there = 0
    for model in HoldsAFile.__subclasses__():
        for column in model.SIZES:
            there += int(db.session.scalar(select(func.sum(getattr(model, column)))) or 0)
    off = there - used(STORED)
    if off:
        count(STORED, off)
    return off


def add_up(across: Session) -> None:
    """Make one row of the many that stand for the same thing, and forget hours that are long over."""
    across.execute(_ADD_UP)
    across.execute(_FORGET, {"before": clock.now() - KEPT, "always": ALWAYS})


def stored_bytes(across: Session) -> Iterator[Found]:
    """What each district stores."""
    return (Found(amount, slug, id) for slug, id, amount, _ in _of_all(across, STORED))


def stored_ratio(across: Session) -> Iterator[Found]:
    """What each district stores, of what it may."""
    return (
        Found(amount / (allowed * STORED.unit), slug, id)
        for slug, id, amount, allowed in _of_all(across, STORED)
    )


def hourly_ratio(across: Session) -> Iterator[Found]:
    """What each district used in this hour, of what it may: "maple mails-in-an-hour"."""
    for quota in QUOTAS.values():
        if quota.hourly:
            for slug, id, amount, allowed in _of_all(across, quota):
                yield Found(amount / (allowed * quota.unit), f"{slug} {quota.name}", id)


def _of_all(across: Session, quota: Quota) -> Iterator[tuple[str, Any, int, int]]:
    exceptions = across.execute(
        select(DistrictQuota.district_id, DistrictQuota.most).where(DistrictQuota.name == quota.name)
    )
    allowed = {row.district_id: row.most for row in exceptions}
    sums = (
        select(District.slug, District.id, func.sum(Usage.amount))
        .select_from(Usage)
        .join(District, District.id == Usage.district_id)
        .where(Usage.name == quota.name, Usage.period == quota.period())
        .group_by(District.slug, District.id)
    )
    for slug, id, amount in across.execute(sums):
        yield slug, id, int(amount), int(allowed.get(id, default(quota)))


_Place = tuple[UUID, str, datetime]
_ONE_AT_A_TIME: Final = Lock()


def _rooms() -> dict[_Place, Room]:
    """By district, name and period."""
    rooms: dict[_Place, Room] = current_app.extensions.setdefault("quotas", {})
    return rooms


def _ask(asked: tuple[Quota, ...], places: list[_Place], rooms: dict[_Place, Room]) -> Quota | None:
    found_at = time.monotonic()
    periods = {f"period_{nth}": period for nth, (_, _, period) in enumerate(places)}
    values = db.session.execute(_question(asked), periods).one()
    first = None
    if len(rooms) > MOST_REMEMBERED:
        rooms.clear()
    for quota, place, own, used in zip(asked, places, values[::2], values[1::2], strict=True):
        left = (default(quota) if own is None else own) * quota.unit - int(used)
        rooms[place] = Room(found_at, left)
        if left <= 0:
            first = first or quota
    return first


_USED: Final = insert(cast(Table, Usage.__table__))
_USED_MANY: Final = insert_many(Usage.__table__, "rows")


def _own(quota: Quota) -> Select[int]:
    return select(DistrictQuota.most).where(DistrictQuota.name == quota.name)


def _sum(quota: Quota, period: Any = None) -> Select[int]:
    return select(func.coalesce(func.sum(Usage.amount), 0)).where(
        Usage.name == quota.name, Usage.period == (quota.period() if period is None else period)
    )


@cache
def _question(asked: tuple[Quota, ...]) -> Select[Any]:
    """Of each what the district was granted, if anything, and what it has used; asked with each mail, built once."""
    parts: list[Any] = []
    for nth, quota in enumerate(asked):
        parts += [_own(quota).scalar_subquery(), _sum(quota, bindparam(f"period_{nth}")).scalar_subquery()]
    return select(*parts)


def _row(quota: Quota, district_id: UUID, amount: int) -> dict[str, Any]:
    period = quota.period()
    room = _rooms().get((district_id, quota.name, period))
    if room is not None:
        with _ONE_AT_A_TIME:
            room.used_since += max(0, amount)
    return {
        "id": uuid7(),
        "district_id": district_id,
        "name": quota.name,
        "period": period,
        "amount": amount,
    }


@event.listens_for(Session, "after_flush")
def _count_files(session: Session, *_: object) -> None:
    rows = []
    for sign, touched in ((1, session.new), (-1, session.deleted)):
        for one in touched:
            if isinstance(one, HoldsAFile) and isinstance(one, DistrictOwned):
                size = sum(getattr(one, column) for column in one.SIZES)
                rows.append(_row(STORED, one.district_id, sign * size))
                if sign > 0:
                    rows += [_row(quota, one.district_id, 1) for quota in one.COUNTED_AS]
    for one in session.dirty:
        if isinstance(one, HoldsAFile) and isinstance(one, DistrictOwned):
            for column in one.SIZES:
                changed = attributes.get_history(one, column)
                if changed.added and changed.deleted:
                    rows.append(_row(STORED, one.district_id, changed.added[0] - changed.deleted[0]))
    if rows:
        session.connection().execute(_USED_MANY, {"rows": told_rows(rows)})


_ADD_UP: Final = text(
    """
    with many as (
        select district_id, name, period from usage group by district_id, name, period having count(*) > 1
    ), gone as (
        delete from usage using many
        where usage.district_id = many.district_id and usage.name = many.name and usage.period = many.period
        returning usage.district_id, usage.name, usage.period, usage.amount
    )
    insert into usage (id, district_id, name, period, amount)
    select gen_random_uuid(), district_id, name, period, sum(amount) from gone group by district_id, name, period
    """
)
_FORGET: Final = text("delete from usage where period < :before and period > :always")
