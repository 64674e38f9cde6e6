"""What is measured about the whole deployment: read once a minute by the timetable, shown by /metrics.

The web's processes serve one district at a time, so what concerns all of them is read under role `across`
(jobs/watch.py), kept in the unowned table below, and only shown elsewhere. A reading is a number about a queue, a
state, a folder or a district's slug; never about a person. Rooms offer their measures on their cards.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, Uuid, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base
from app.core.records import PUBLIC, Keeping

#: Older readings are of the past: then /metrics tells their age, and none of them.
FRESH: Final = timedelta(minutes=5)
#: No measure tells of more: the largest values, where there are more districts.
MOST: Final = 1000


class Reading(Base):
    """The newest value of one measure about one thing."""

    __tablename__ = "readings"
    __keeping__ = Keeping("nobody", "until the next", exported=False, erased="keep: no personal data")

    name: Mapped[str] = mapped_column(primary_key=True, info=PUBLIC)
    #: A queue, a state, a slug; "" where the measure is about the deployment.
    about: Mapped[str] = mapped_column(primary_key=True, info=PUBLIC)
    district_id: Mapped[UUID | None] = mapped_column(
        Uuid(), ForeignKey("districts.id", ondelete="CASCADE"), info=PUBLIC
    )
    value: Mapped[float] = mapped_column(info=PUBLIC)
    at: Mapped[datetime] = mapped_column(info=PUBLIC)


class Heartbeat(Base):
    """When a kind of process was last seen at work, whichever of its kind it was."""

    __tablename__ = "heartbeats"
    __keeping__ = Keeping("nobody", "until the next", exported=False, erased="keep: no personal data")

    process: Mapped[str] = mapped_column(primary_key=True, info=PUBLIC)
    at: Mapped[datetime] = mapped_column(info=PUBLIC)


@dataclass(frozen=True)
class Found:
    """One value of a measure."""

    value: float
    about: str = ""
    district_id: UUID | None = None


@dataclass(frozen=True)
class Measure:
    """Something worth knowing all the time. `read` is given a session over all districts, and must be quick."""

    #: As Prometheus writes it, with its unit: "oldest_unsent_seconds".
    name: str
    what: str
    read: Callable[[Session], Iterable[Found]]
    #: What its values are about: "queue", "district"; "" where there is but one value.
    by: str = ""


def read_all(across: Session, measures: Iterable[Measure]) -> tuple[dict[str, list[Found]], list[str]]:
    """The values of each measure, and the names of those that could not be read: of these nothing is known."""
    known: dict[str, list[Found]] = {}
    unknown: list[str] = []
    for measure in measures:
        try:
            with across.begin_nested():
                values = list(measure.read(across))
        except Exception:  # noqa: BLE001 - one measure that fails must not blind us to the others
            unknown.append(measure.name)
        else:
            known[measure.name] = sorted(values, key=lambda found: -found.value)[:MOST]
    return known, unknown


def keep(across: Session, known: dict[str, list[Found]]) -> None:
    """Put these in the place of all former readings."""
    now = clock.now()
    across.execute(delete(Reading))
    rows = [
        {
            "name": name,
            "about": found.about,
            "district_id": found.district_id,
            "value": found.value,
            "at": now,
        }
        for name, values in known.items()
        for found in values
    ]
    if rows:
        across.execute(insert(Reading), rows)


def kept(session: Session) -> Sequence[Reading]:
    """The newest readings, by name and thing."""
    return session.scalars(select(Reading).order_by(Reading.name, Reading.about)).all()


def beat(session: Session, process: str) -> None:
    """Say that a process of this kind is at work. The caller commits."""
    now = clock.now()
    session.execute(
        upsert(Heartbeat)
        .values(process=process, at=now)
        .on_conflict_do_update(index_elements=["process"], set_={"at": now})
    )
